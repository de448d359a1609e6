//! Drives Chromium over [Chrome's debugging protocol](https://chromedevtools.github.io/devtools-protocol/).
//!
//! Tests and benches need a dozen methods of the protocol, so this is a small client without a dependency. [`Page::call`]
//! calls any other method.
//!
//! ```no_run
//! # async fn look() -> anyhow::Result<()> {
//! use chromium::{Browser, LaunchOptions};
//!
//! let browser = Browser::launch(&LaunchOptions::new("/usr/bin/chromium")).await?;
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
//! | `options` | [`LaunchOptions`], [`Viewport`], [`ColorScheme`] |
//! | `process` | the browser's processes and its profile, from start to removal |
//! | `connection` | sends commands and matches answers to them |
//! | `console` | messages of pages: [`ConsoleMessage`] |
//! | `page` | [`Page`]: navigate, evaluate, wait, take screenshots |
//! | `input` | [`Page`]: keys and mouse |

mod connection;
mod console;
mod input;
mod options;
mod page;
mod process;

use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::json;

use connection::Connection;
pub use console::{ConsoleMessage, Level};
pub use options::{ColorScheme, Device, LaunchOptions, Viewport};
pub use page::Page;
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
        let (process, address) = Process::start(options).await?;
        let connection = Connection::open(&address).await.context("cannot connect to the browser")?;
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
        // Blank at first, so that no message of the page is lost.
        let blank = json!({ "url": "about:blank", "newWindow": true });
        let target = self.connection.call(None, "Target.createTarget", blank).await?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.connection.call(None, "Target.attachToTarget", attach).await?;
        let session = attached["sessionId"].as_str().context("the browser's answer has no session")?;
        let page = Page::new(Arc::clone(&self.connection), session);
        for domain in ["Page", "Runtime", "Log", "Performance", "Inspector"] {
            page.call(&format!("{domain}.enable"), json!({})).await?;
        }
        page.set_viewport(self.options.viewport).await?;
        page.set_color_scheme(self.options.color_scheme).await?;
        if url != "about:blank" {
            page.navigate(url).await?;
        }
        Ok(page)
    }
}
