//! The methods of a page.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::events::exception;
use crate::connection::Connection;
use crate::page::Outcome;
use crate::{Certificates, ColorScheme, ConsoleMessage, Device, Viewport, WindowState};

/// A page of Chromium: methods that Firefox does not have.
#[derive(Debug)]
pub struct Tab {
    connection: Arc<Connection>,
    session: String,
}

impl Tab {
    pub(crate) async fn open(connection: Arc<Connection>, certificates: Certificates) -> Result<Self> {
        let of_browser = async |method: &str, parameters: Value| {
            connection.call(None, json!({ "method": method, "params": parameters })).await
        };
        let target = of_browser("Target.createTarget", json!({ "url": "about:blank", "newWindow": true })).await?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = of_browser("Target.attachToTarget", attach).await?;
        let session = attached["sessionId"].as_str().context("the browser's answer has no session")?.to_owned();
        let tab = Self { connection, session };
        for domain in ["Page", "Runtime", "Log", "Performance", "Inspector"] {
            tab.call(&format!("{domain}.enable"), json!({})).await?;
        }
        if certificates == Certificates::Any {
            tab.call("Security.setIgnoreCertificateErrors", json!({ "ignore": true })).await?;
        }
        Ok(tab)
    }

    /// Calls any method of the protocol on this page.
    ///
    /// # Errors
    /// The browser's error, or that the page or the browser is closed.
    pub async fn call(&self, method: &str, parameters: Value) -> Result<Value> {
        let message = json!({ "method": method, "params": parameters, "sessionId": self.session });
        self.connection.call(Some(&self.session), message).await
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

    pub(crate) async fn navigate(&self, url: &str) -> Result<()> {
        let answer = self.call("Page.navigate", json!({ "url": url })).await?;
        match answer["errorText"].as_str() {
            Some(error) => bail!("{error}"),
            None => Ok(()),
        }
    }

    pub(crate) async fn close(&self) -> Result<()> {
        self.call("Page.close", json!({})).await.map(drop)
    }

    pub(crate) async fn run_in_new_documents(&self, script: &str) -> Result<()> {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await.map(drop)
    }

    pub(crate) async fn evaluate(&self, script: &str) -> Result<Outcome> {
        let parameters = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", parameters).await?;
        if let Some(details) = answer.get("exceptionDetails") {
            return Ok(Outcome::Threw(exception(details)));
        }
        let result = &mut answer["result"];
        Ok(match result["unserializableValue"].as_str() {
            Some("-0") => Outcome::Value(json!(-0.0)),
            Some(value) => Outcome::NotJson(value.to_owned()),
            None => Outcome::Value(result["value"].take()),
        })
    }

    pub(crate) fn console(&self) -> Vec<ConsoleMessage> {
        self.connection.console(&self.session)
    }

    pub(crate) async fn set_viewport(&self, viewport: Viewport) -> Result<()> {
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

    pub(crate) async fn set_color_scheme(&self, scheme: ColorScheme) -> Result<()> {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme.css() }] });
        self.call("Emulation.setEmulatedMedia", features).await.map(drop)
    }

    pub(crate) async fn set_window_state(&self, state: WindowState) -> Result<()> {
        let window = self.call("Browser.getWindowForTarget", json!({})).await?;
        let state = match state {
            WindowState::Normal => "normal",
            WindowState::Minimized => "minimized",
        };
        let bounds = json!({ "windowId": window["windowId"], "bounds": { "windowState": state } });
        self.call("Browser.setWindowBounds", bounds).await.map(drop)
    }

    pub(crate) async fn cookies(&self) -> Result<Value> {
        self.call("Network.getCookies", json!({})).await
    }

    pub(crate) async fn screenshot(&self) -> Result<Value> {
        self.call("Page.captureScreenshot", json!({ "format": "png" })).await
    }

    /// The default paper is US Letter; its sides are in inches.
    pub(crate) async fn print(&self) -> Result<Value> {
        self.call("Page.printToPDF", json!({ "paperWidth": 8.27, "paperHeight": 11.69 })).await
    }
}
