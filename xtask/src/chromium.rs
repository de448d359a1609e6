//! A real browser, driven over the Chrome DevTools Protocol.
//!
//! Ten methods of the protocol are all that tests and benches need, so this is a small client of its own; see
//! `docs/decisions/0003-browser-tests.md`. Protocol: <https://chromedevtools.github.io/devtools-protocol/>.

mod connection;

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use connection::Connection;
pub use connection::ConsoleMessage;

/// A browser that has not said where it listens by then never will.
const START_DEADLINE: Duration = Duration::from_mins(1);
/// A condition that has not come true by then never will. Generous: it bounds a broken test, it measures nothing.
const WAIT_DEADLINE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(50);

const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-port=0",
];

/// A browser process of its own, with a profile of its own. Dropping it ends it.
#[derive(Debug)]
pub struct Browser {
    connection: Arc<Connection>,
    _process: Child,
    _profile: TempDir,
}

/// One tab.
#[derive(Debug)]
pub struct Page {
    connection: Arc<Connection>,
    session: String,
}

/// What a tab sees of a screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// CSS pixels.
    pub width: u32,
    /// CSS pixels.
    pub height: u32,
    /// Device pixels a CSS pixel.
    pub scale: f64,
}

impl Browser {
    /// Starts the browser at `path`.
    ///
    /// # Errors
    /// When it does not start; says what it printed.
    pub async fn launch(path: &Path) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let mut process = Command::new(path)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", path.display()))?;
        let stderr = process.stderr.take().context("the browser's stderr is piped")?;
        let mut lines = BufReader::new(stderr).lines();
        let mut said = String::new();
        let address = timeout(START_DEADLINE, async {
            while let Some(line) = lines.next_line().await? {
                if let Some(address) = line.strip_prefix("DevTools listening on ") {
                    return Ok(address.to_owned());
                }
                said.push_str(&line);
                said.push('\n');
            }
            bail!("the browser ended at once")
        });
        let address = match address.await {
            Ok(Ok(address)) => address,
            Ok(Err(error)) => return Err(error.context(said)),
            Err(_) => bail!("the browser did not say where it listens; it said:\n{said}"),
        };
        // Read on, or the browser would block on a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let connection = Arc::new(Connection::open(&address).await?);
        Ok(Self { connection, _process: process, _profile: profile })
    }

    /// Opens a tab.
    ///
    /// # Errors
    /// When the browser refuses or is gone.
    pub async fn page(&self, url: &str) -> Result<Page> {
        let target = self.connection.call(None, "Target.createTarget", json!({ "url": "about:blank" })).await?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.connection.call(None, "Target.attachToTarget", attach).await?;
        let session = attached["sessionId"].as_str().context("a session")?.to_owned();
        let page = Page { connection: Arc::clone(&self.connection), session };
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Performance.enable"] {
            page.call(domain, json!({})).await?;
        }
        if url != "about:blank" {
            page.navigate(url).await?;
        }
        Ok(page)
    }
}

impl Page {
    /// Calls any method of the protocol on this tab.
    ///
    /// # Errors
    /// What the browser says, or that it is gone.
    pub async fn call(&self, method: &str, parameters: Value) -> Result<Value> {
        self.connection.call(Some(&self.session), method, parameters).await
    }

    /// Goes to a page; returns when it has begun to load.
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

    /// Runs JavaScript and returns its value; a promise is awaited.
    ///
    /// # Errors
    /// What it throws, or that its value is of another type.
    pub async fn evaluate<T: DeserializeOwned>(&self, script: &str) -> Result<T> {
        let parameters = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", parameters).await?;
        if let Some(exception) = answer.get("exceptionDetails") {
            let text = exception["exception"]["description"].as_str().or_else(|| exception["text"].as_str());
            bail!("{script}: {}", text.unwrap_or("threw"));
        }
        let value = answer["result"].get("value").cloned().unwrap_or(Value::Null);
        serde_json::from_value(value.clone()).with_context(|| format!("{script} gave {value}"))
    }

    /// Waits until JavaScript is true; while it throws, it is not.
    ///
    /// # Errors
    /// When it never is; says what it was last.
    pub async fn wait_for(&self, condition: &str) -> Result<()> {
        let deadline = Instant::now() + WAIT_DEADLINE;
        loop {
            let last = self.evaluate::<Value>(condition).await;
            match &last {
                Ok(Value::Bool(true)) => return Ok(()),
                _ if Instant::now() >= deadline => bail!("waited in vain for {condition}; it was {last:?}"),
                _ => sleep(POLL).await,
            }
        }
    }

    /// What the tab wrote to its console since it was opened, uncaught exceptions and the browser's own entries included.
    pub fn console(&self) -> Vec<ConsoleMessage> {
        self.connection.console(&self.session)
    }

    /// Sets what the tab sees of a screen.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn set_viewport(&self, viewport: Viewport) -> Result<()> {
        let Viewport { width, height, scale } = viewport;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await.map(drop)
    }

    /// Sets `prefers-color-scheme`: `dark` or `light`.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn set_color_scheme(&self, scheme: &str) -> Result<()> {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", features).await.map(drop)
    }

    /// Presses and releases a key, such as `p` or `Escape`.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn press(&self, key: &str) -> Result<()> {
        let text = if key.chars().count() == 1 { key } else { "" };
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyDown", "key": key, "text": text })).await?;
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key })).await.map(drop)
    }

    /// Moves the mouse to a place in CSS pixels.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn move_mouse(&self, x: f64, y: f64) -> Result<()> {
        self.call("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": x, "y": y })).await.map(drop)
    }

    /// Writes a picture of the tab as PNG.
    ///
    /// # Errors
    /// When the browser is gone or the file cannot be written.
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png" })).await?;
        let data = answer["data"].as_str().context("a picture")?;
        let png = base64::engine::general_purpose::STANDARD.decode(data)?;
        std::fs::write(file, png).with_context(|| format!("cannot write {}", file.display()))
    }

    /// The browser's own measurements of the tab, such as `TaskDuration` (seconds) and `JSHeapUsedSize` (bytes).
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn metrics(&self) -> Result<HashMap<String, f64>> {
        let answer = self.call("Performance.getMetrics", json!({})).await?;
        let metrics = answer["metrics"].as_array().context("metrics")?.iter();
        Ok(metrics.filter_map(|entry| Some((entry["name"].as_str()?.to_owned(), entry["value"].as_f64()?))).collect())
    }
}
