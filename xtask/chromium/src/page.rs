//! One page: where it is, what it says, what it looks like.

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

/// A condition that has not come true by then never will. Generous: it bounds a broken test, it measures nothing.
const WAIT_DEADLINE: Duration = Duration::from_mins(1);
const POLL_PAUSE: Duration = Duration::from_millis(50);
/// How much of a script an error repeats.
const QUOTE_CHARACTERS: usize = 200;

/// One page, in a window of its own. It stays open until the browser ends or it is [closed](Page::close).
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
    /// What the browser says, or that the page or the browser is gone.
    pub async fn call(&self, method: &str, parameters: Value) -> Result<Value> {
        self.connection.call(Some(&self.session), method, parameters).await
    }

    /// Goes to a URL. Returns when it has begun to load: [`Page::wait_for`] what you need.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn navigate(&self, url: &str) -> Result<()> {
        let answer = self.call("Page.navigate", json!({ "url": url })).await?;
        match answer["errorText"].as_str() {
            Some(error) => bail!("cannot open {url}: {error}"),
            None => Ok(()),
        }
    }

    /// Closes the page, as its reader might.
    ///
    /// # Errors
    /// When it is gone already.
    pub async fn close(self) -> Result<()> {
        self.call("Page.close", json!({})).await.map(drop)
    }

    /// Runs a JavaScript expression and returns its value; a promise is awaited. `undefined` is `()` or `None`.
    ///
    /// # Errors
    /// What it throws, or that its value is of another type. `NaN`, infinities and big integers have no JSON, so no
    /// value arrives.
    pub async fn evaluate<T: DeserializeOwned>(&self, script: &str) -> Result<T> {
        let parameters = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", parameters).await.with_context(|| quote(script))?;
        if let Some(details) = answer.get("exceptionDetails") {
            bail!("{} threw {}", quote(script), exception(details));
        }
        let result = &answer["result"];
        let value = match result["unserializableValue"].as_str() {
            Some("-0") => json!(-0.0),
            Some(value) => bail!("{} gave {value}, which JSON cannot hold", quote(script)),
            None => result["value"].clone(),
        };
        serde_json::from_value(value.clone()).with_context(|| format!("{} gave {value}", quote(script)))
    }

    /// Waits until a JavaScript expression is truthy; a promise is awaited, and while it throws it is not. `description`
    /// names what is awaited, for whoever reads the error.
    ///
    /// # Errors
    /// When that is not so within a minute; says what the value was last.
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
        bail!("waited {WAIT_DEADLINE:?} in vain for {description}: {}; it was {last}", quote(condition))
    }

    /// What the page said since it was opened: to its console, by uncaught exceptions, through the browser's log.
    pub fn console(&self) -> Vec<ConsoleMessage> {
        self.connection.console(&self.session)
    }

    /// Sets what the page sees of a screen.
    ///
    /// # Errors
    /// When the page is gone.
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

    /// Sets what the page is told that its reader prefers.
    ///
    /// # Errors
    /// When the page is gone.
    pub async fn set_color_scheme(&self, scheme: ColorScheme) -> Result<()> {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme.css() }] });
        self.call("Emulation.setEmulatedMedia", features).await.map(drop)
    }

    /// Writes a picture of what the page shows, as PNG.
    ///
    /// # Errors
    /// When the page is gone or the file cannot be written.
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png" })).await?;
        let picture = STANDARD.decode(answer["data"].as_str().context("the browser sent no picture")?)?;
        std::fs::write(file, picture).with_context(|| format!("cannot write {}", file.display()))
    }

    /// The browser's own measurements of the page, such as `TaskDuration` (seconds) and `JSHeapUsedSize` (bytes).
    ///
    /// # Errors
    /// When the page is gone.
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
