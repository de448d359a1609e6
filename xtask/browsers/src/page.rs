//! One page: navigation, scripts, console, screenshots.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use crate::{ColorScheme, ConsoleMessage, Engine, Viewport, chromium, firefox};

/// Long, since it only ends a broken test.
const WAIT_DEADLINE: Duration = Duration::from_mins(1);
const POLL_PAUSE: Duration = Duration::from_millis(50);
/// Length of the quotation of a script in an error.
const QUOTE_CHARACTERS: usize = 200;

/// One page, in its own window. It stays open until the browser ends or it is [closed](Page::close).
#[derive(Debug)]
pub struct Page(pub(crate) Tab);

#[derive(Debug)]
pub(crate) enum Tab {
    Chromium(chromium::Tab),
    Firefox(firefox::Tab),
}

/// Calls the method of either tab.
macro_rules! tab {
    ($page:expr, $method:ident($($argument:expr),*)) => {
        match &$page.0 {
            $crate::page::Tab::Chromium(tab) => tab.$method($($argument),*).await,
            $crate::page::Tab::Firefox(tab) => tab.$method($($argument),*).await,
        }
    };
}
pub(crate) use tab;

/// What a script ended with.
#[derive(Debug)]
pub(crate) enum Outcome {
    Value(Value),
    Threw(String),
    /// A value without a JSON form, as text.
    NotJson(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowState {
    Normal,
    /// Its page is hidden.
    Minimized,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Cookie {
    pub name: String,
    #[serde(rename = "secure")]
    pub is_secure: bool,
    #[serde(rename = "httpOnly")]
    pub is_http_only: bool,
}

impl Page {
    pub fn engine(&self) -> Engine {
        match &self.0 {
            Tab::Chromium(_) => Engine::Chromium,
            Tab::Firefox(_) => Engine::Firefox,
        }
    }

    /// The methods that only Chromium has.
    ///
    /// # Errors
    /// When the browser is Firefox.
    pub fn chromium(&self) -> Result<&chromium::Tab> {
        match &self.0 {
            Tab::Chromium(tab) => Ok(tab),
            Tab::Firefox(_) => bail!("Chrome's debugging protocol was used on a page of Firefox"),
        }
    }

    /// Goes to a URL. Returns when loading has started: use [`Page::wait_for`].
    ///
    /// # Errors
    /// If the URL cannot be reached.
    pub async fn navigate(&self, url: &str) -> Result<()> {
        tab!(self, navigate(url)).with_context(|| format!("cannot open {url}"))
    }

    /// # Errors
    /// When the page is closed already.
    pub async fn close(self) -> Result<()> {
        tab!(self, close())
    }

    /// Runs a script in each document that the page opens from now on, before the document's own scripts.
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn run_in_new_documents(&self, script: &str) -> Result<()> {
        tab!(self, run_in_new_documents(script))
    }

    /// Runs a JavaScript expression and returns its value; a promise is awaited. `undefined` is `()` or `None`.
    ///
    /// # Errors
    /// The exception that the script throws, or a value of another type. `NaN`, infinities and big integers have no
    /// JSON form and are errors too.
    pub async fn evaluate<T: DeserializeOwned>(&self, script: &str) -> Result<T> {
        match tab!(self, evaluate(script)).with_context(|| quote(script))? {
            Outcome::Value(value) => {
                T::deserialize(&value).with_context(|| format!("{} returned {value}", quote(script)))
            }
            Outcome::Threw(exception) => bail!("{} threw {exception}", quote(script)),
            Outcome::NotJson(value) => bail!("{} returned {value}, which has no JSON form", quote(script)),
        }
    }

    /// Waits until a JavaScript expression is truthy; a promise is awaited, and an exception counts as false.
    /// `description` is for the error.
    ///
    /// # Errors
    /// If the expression is not truthy within a minute; the error has the last value.
    pub async fn wait_for(&self, condition: &str, description: &str) -> Result<()> {
        let deadline = Instant::now() + WAIT_DEADLINE;
        let script =
            format!("(async () => {{ const value = await ({condition}\n); return [!!value, String(value)] }})()");
        let mut last = "still busy".to_owned();
        while Instant::now() < deadline {
            match timeout_at(deadline, self.evaluate::<(bool, String)>(&script)).await {
                Ok(Ok((true, _))) => return Ok(()),
                Ok(Ok((false, value))) => last = value,
                Ok(Err(error)) => last = format!("{error:#}"),
                Err(_) => break,
            }
            sleep(POLL_PAUSE).await;
        }
        bail!("{description} did not happen within {WAIT_DEADLINE:?}: {} was {last}", quote(condition))
    }

    /// Messages since the page was opened: console calls, uncaught exceptions, requests that failed, and other messages of
    /// the browser.
    pub fn console(&self) -> Vec<ConsoleMessage> {
        match &self.0 {
            Tab::Chromium(tab) => tab.console(),
            Tab::Firefox(tab) => tab.console(),
        }
    }

    /// # Errors
    /// When the page is closed, or a mobile device is set in Firefox.
    pub async fn set_viewport(&self, viewport: Viewport) -> Result<()> {
        tab!(self, set_viewport(viewport))
    }

    /// Sets `prefers-color-scheme`.
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn set_color_scheme(&self, scheme: ColorScheme) -> Result<()> {
        tab!(self, set_color_scheme(scheme))
    }

    /// # Errors
    /// When the page is closed.
    pub async fn set_window_state(&self, state: WindowState) -> Result<()> {
        tab!(self, set_window_state(state))
    }

    /// The cookies that the page sends, those that scripts cannot read included.
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn cookies(&self) -> Result<Vec<Cookie>> {
        let answer = tab!(self, cookies())?;
        Ok(Vec::deserialize(&answer["cookies"])?)
    }

    /// Writes a PNG file.
    ///
    /// # Errors
    /// When the page is closed or the file cannot be written.
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let answer = tab!(self, screenshot())?;
        let picture = STANDARD.decode(answer["data"].as_str().context("the browser sent no picture")?)?;
        std::fs::write(file, picture).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Prints the page on A4 paper, as the browser does by default, without backgrounds. Returns the PDF.
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn print(&self) -> Result<Vec<u8>> {
        let answer = tab!(self, print())?;
        Ok(STANDARD.decode(answer["data"].as_str().context("the browser sent no PDF")?)?)
    }
}

fn quote(script: &str) -> String {
    let (end, more) = script.char_indices().nth(QUOTE_CHARACTERS).map_or((script.len(), ""), |(end, _)| (end, "…"));
    format!("`{}{more}`", &script[..end])
}
