//! One page: navigation, scripts, console, screenshots.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};

use super::connection::Connection;
use super::console::exception;
use super::{ColorScheme, ConsoleMessage, Device, Viewport};

/// Long, since it only ends a broken test.
const WAIT_DEADLINE: Duration = Duration::from_mins(1);
const POLL_PAUSE: Duration = Duration::from_millis(50);
/// Length of the quotation of a script in an error.
const QUOTE_CHARACTERS: usize = 200;

/// One page, in its own window. It stays open until the browser ends or it is [closed](Page::close).
#[derive(Debug)]
pub struct Page {
    connection: Arc<Connection>,
    session: String,
}

impl Page {
    pub(super) fn new(connection: Arc<Connection>, session: &str) -> Self {
        Self { connection, session: session.to_owned() }
    }

    /// Calls any method of the protocol on this page.
    ///
    /// # Errors
    /// The browser's error, or that the page or the browser is closed.
    pub async fn call(&self, method: &str, parameters: Value) -> Result<Value> {
        self.connection.call(Some(&self.session), method, parameters).await
    }

    /// Goes to a URL. Returns when loading has started: use [`Page::wait_for`].
    ///
    /// # Errors
    /// If the URL cannot be reached.
    pub async fn navigate(&self, url: &str) -> Result<()> {
        let answer = self.call("Page.navigate", json!({ "url": url })).await?;
        match answer["errorText"].as_str() {
            Some(error) => bail!("cannot open {url}: {error}"),
            None => Ok(()),
        }
    }

    /// # Errors
    /// When the page is closed already.
    pub async fn close(self) -> Result<()> {
        self.call("Page.close", json!({})).await.map(drop)
    }

    /// Runs a JavaScript expression and returns its value; a promise is awaited. `undefined` is `()` or `None`.
    ///
    /// # Errors
    /// The exception that the script throws, or a value of another type. `NaN`, infinities and big integers have no
    /// JSON form and are errors too.
    pub async fn evaluate<T: DeserializeOwned>(&self, script: &str) -> Result<T> {
        let parameters = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", parameters).await.with_context(|| quote(script))?;
        if let Some(details) = answer.get("exceptionDetails") {
            bail!("{} threw {}", quote(script), exception(details));
        }
        let result = &answer["result"];
        let value = match result["unserializableValue"].as_str() {
            Some("-0") => json!(-0.0),
            Some(value) => bail!("{} returned {value}, which has no JSON form", quote(script)),
            None => result["value"].clone(),
        };
        serde_json::from_value(value.clone()).with_context(|| format!("{} returned {value}", quote(script)))
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

    /// Messages since the page was opened: console calls, uncaught exceptions, the browser's log.
    pub fn console(&self) -> Vec<ConsoleMessage> {
        self.connection.console(&self.session)
    }

    /// # Errors
    /// When the page is closed.
    pub async fn set_viewport(&self, viewport: Viewport) -> Result<()> {
        let mobile = viewport.device == Device::Mobile;
        let metrics = json!({
            "width": viewport.width,
            "height": viewport.height,
            "deviceScaleFactor": viewport.device_scale_factor,
            "mobile": mobile,
        });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await?;
        self.call("Emulation.setTouchEmulationEnabled", json!({ "enabled": mobile })).await.map(drop)
    }

    /// Sets `prefers-color-scheme`.
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn set_color_scheme(&self, scheme: ColorScheme) -> Result<()> {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme.css() }] });
        self.call("Emulation.setEmulatedMedia", features).await.map(drop)
    }

    /// Writes a PNG file.
    ///
    /// # Errors
    /// When the page is closed or the file cannot be written.
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png" })).await?;
        let picture = STANDARD.decode(answer["data"].as_str().context("the browser sent no picture")?)?;
        std::fs::write(file, picture).with_context(|| format!("cannot write {}", file.display()))
    }

    /// The browser's own measurements of the page, such as `TaskDuration` (seconds) and `JSHeapUsedSize` (bytes).
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn metrics(&self) -> Result<HashMap<String, f64>> {
        let answer = self.call("Performance.getMetrics", json!({})).await?;
        let metrics = answer["metrics"].as_array().context("the browser sent no metrics")?.iter();
        Ok(metrics
            .filter_map(|metric| Some((metric["name"].as_str()?.to_owned(), metric["value"].as_f64()?)))
            .collect())
    }
}

fn quote(script: &str) -> String {
    let (end, more) = script.char_indices().nth(QUOTE_CHARACTERS).map_or((script.len(), ""), |(end, _)| (end, "…"));
    format!("`{}{more}`", &script[..end])
}
