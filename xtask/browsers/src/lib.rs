//! Drives headless browsers: Chromium over [Chrome's debugging protocol][CDP], Firefox over [WebDriver BiDi][BiDi].
//!
//! Tests and benches need a dozen methods of each protocol, so this is a small client without a dependency. It speaks to
//! the browser itself: no driver program is needed. A test that is written once runs in both browsers.
//! [`Page::chromium`] is the way to what only Chromium has.
//!
//! ```no_run
//! # async fn look() -> anyhow::Result<()> {
//! use browsers::{Browser, Engine, LaunchOptions};
//!
//! let browser = Browser::launch(&LaunchOptions::new(Engine::Firefox, "/usr/bin/firefox-esr")).await?;
//! let page = browser.page("http://127.0.0.1:8080/").await?;
//! page.wait_for("document.querySelector('canvas')", "a chart").await?;
//! page.press("p").await?;
//! let title: String = page.evaluate("document.title").await?;
//! # Ok(()) }
//! ```
//!
//! # Layout
//! | module | subject |
//! | --- | --- |
//! | `options` | [`LaunchOptions`], [`Engine`], [`Viewport`], [`ColorScheme`], [`Certificates`] |
//! | `process` | the browser's processes and its profile, from start to removal |
//! | `connection` | sends commands and matches answers to them |
//! | `console` | messages of pages: [`ConsoleMessage`] |
//! | `page` | [`Page`]: navigate, evaluate, wait, take screenshots |
//! | `input` | [`Page`]: keys and mouse |
//! | `each_browser` | [`test_in_each_browser!`]: two tests of one function |
//! | [`chromium`] | Chromium's flags, methods and events |
//! | `firefox` | Firefox's preferences, methods and events |
//!
//! [CDP]: https://chromedevtools.github.io/devtools-protocol/
//! [BiDi]: https://w3c.github.io/webdriver-bidi/

pub mod chromium;
mod connection;
mod console;
mod each_browser;
mod firefox;
mod input;
mod options;
mod page;
mod process;

use std::sync::Arc;

use anyhow::Result;

use connection::Connection;
pub use console::{ConsoleMessage, Level};
pub use input::{Modifier, Position};
pub use options::{Certificates, ColorScheme, Device, Engine, LaunchOptions, Viewport};
use page::Tab;
pub use page::{Cookie, Page, WindowState};
use process::Process;

/// A browser with a new profile. Dropping it ends all its processes and removes the profile.
#[derive(Debug)]
pub struct Browser {
    connection: Arc<Connection>,
    options: LaunchOptions,
    process: Process,
}

impl Browser {
    /// Starts a headless browser.
    ///
    /// # Errors
    /// If the browser does not start; the error has its output.
    pub async fn launch(options: &LaunchOptions) -> Result<Self> {
        let (process, connection) = match options.engine {
            Engine::Chromium => chromium::launch(options).await?,
            Engine::Firefox => firefox::launch(options).await?,
        };
        Ok(Self { connection: Arc::new(connection), options: options.clone(), process })
    }

    /// The browser's first process: all its others are descendants.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Opens a page in its own window, so that it stays visible while others are open.
    ///
    /// # Errors
    /// When the URL cannot be reached, or the browser has ended.
    pub async fn page(&self, url: &str) -> Result<Page> {
        let connection = Arc::clone(&self.connection);
        // Blank at first, so that no message of the page is lost.
        let page = Page(match self.options.engine {
            Engine::Chromium => Tab::Chromium(chromium::Tab::open(connection, self.options.certificates).await?),
            Engine::Firefox => Tab::Firefox(firefox::Tab::open(connection).await?),
        });
        page.set_viewport(self.options.viewport).await?;
        page.set_color_scheme(self.options.color_scheme).await?;
        if url != "about:blank" {
            page.navigate(url).await?;
        }
        Ok(page)
    }
}
