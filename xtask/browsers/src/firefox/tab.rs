//! The methods of a page.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::remote_value::to_json;
use crate::connection::Connection;
use crate::page::Outcome;
use crate::{ColorScheme, ConsoleMessage, Device, Viewport, WindowState};

/// A page of Firefox.
#[derive(Debug)]
pub(crate) struct Tab {
    connection: Arc<Connection>,
    context: String,
    /// Of the page alone.
    window: String,
}

impl Tab {
    pub(crate) async fn open(connection: Arc<Connection>) -> Result<Self> {
        let of_browser = async |method: &str, parameters: Value| {
            connection.call(None, json!({ "method": method, "params": parameters })).await
        };
        let created = of_browser("browsingContext.create", json!({ "type": "window" })).await?;
        let context = created["context"].as_str().context("the browser's answer has no context")?.to_owned();
        let tree = of_browser("browsingContext.getTree", json!({ "root": context, "maxDepth": 0 })).await?;
        let window = tree["contexts"][0]["clientWindow"].as_str().context("the page has no window")?.to_owned();
        Ok(Self { connection, context, window })
    }

    /// Calls a method that takes a page.
    pub(super) async fn call(&self, method: &str, mut parameters: Value) -> Result<Value> {
        parameters["context"] = self.context.as_str().into();
        self.connection.call(Some(&self.context), json!({ "method": method, "params": parameters })).await
    }

    async fn call_browser(&self, method: &str, parameters: Value) -> Result<Value> {
        self.connection.call(Some(&self.context), json!({ "method": method, "params": parameters })).await
    }

    pub(crate) async fn navigate(&self, url: &str) -> Result<()> {
        self.call("browsingContext.navigate", json!({ "url": url, "wait": "none" })).await.map(drop)
    }

    pub(crate) async fn close(&self) -> Result<()> {
        self.call("browsingContext.close", json!({})).await.map(drop)
    }

    pub(crate) async fn run_in_new_documents(&self, script: &str) -> Result<()> {
        let parameters =
            json!({ "functionDeclaration": format!("() => {{ {script}\n }}"), "contexts": [self.context] });
        self.call_browser("script.addPreloadScript", parameters).await.map(drop)
    }

    pub(crate) async fn evaluate(&self, script: &str) -> Result<Outcome> {
        self.evaluate_in(&self.context, script).await
    }

    /// Runs a script in the page, or in the window around it.
    async fn evaluate_in(&self, context: &str, script: &str) -> Result<Outcome> {
        let parameters = json!({
            "expression": script,
            "target": { "context": context },
            "awaitPromise": true,
            "resultOwnership": "none",
        });
        let answer = self.call_browser("script.evaluate", parameters).await?;
        if let Some(details) = answer.get("exceptionDetails") {
            return Ok(Outcome::Threw(details["text"].as_str().unwrap_or_default().to_owned()));
        }
        Ok(match to_json(&answer["result"]) {
            Ok(value) => Outcome::Value(value),
            Err(part) => Outcome::NotJson(part),
        })
    }

    pub(crate) fn console(&self) -> Vec<ConsoleMessage> {
        self.connection.console(&self.context)
    }

    pub(crate) async fn set_viewport(&self, viewport: Viewport) -> Result<()> {
        let Viewport { width, height, device_scale_factor, device } = viewport;
        if device == Device::Mobile {
            bail!("WebDriver BiDi cannot emulate a mobile device: set Device::Desktop, or use Chromium");
        }
        let parameters =
            json!({ "viewport": { "width": width, "height": height }, "devicePixelRatio": device_scale_factor });
        self.call("browsingContext.setViewport", parameters).await.map(drop)
    }

    pub(crate) async fn set_color_scheme(&self, scheme: ColorScheme) -> Result<()> {
        let windows = json!({ "moz:scope": "chrome", "maxDepth": 0 });
        let windows = self.call_browser("browsingContext.getTree", windows).await?;
        let mut windows = windows["contexts"].as_array().context("the browser named no windows")?.iter();
        let own = windows.find(|window| window["clientWindow"] == self.window.as_str());
        let own = own.and_then(|window| window["context"].as_str()).context("the page has no window")?;
        let script =
            format!("gBrowser.selectedBrowser.browsingContext.prefersColorSchemeOverride = '{}'", scheme.css());
        match self.evaluate_in(own, &script).await? {
            Outcome::Threw(exception) => bail!("cannot set the colour scheme: {exception}"),
            Outcome::Value(_) | Outcome::NotJson(_) => Ok(()),
        }
    }

    pub(crate) async fn set_window_state(&self, state: WindowState) -> Result<()> {
        let state = match state {
            WindowState::Normal => "normal",
            WindowState::Minimized => "minimized",
        };
        let parameters = json!({ "clientWindow": self.window, "state": state });
        self.call_browser("browser.setClientWindowState", parameters).await.map(drop)
    }

    pub(crate) async fn cookies(&self) -> Result<Value> {
        let Outcome::Value(host) = self.evaluate("location.hostname").await? else { bail!("the page has no host") };
        let partition = json!({ "type": "context", "context": self.context });
        self.call_browser("storage.getCookies", json!({ "filter": { "domain": host }, "partition": partition })).await
    }

    pub(crate) async fn screenshot(&self) -> Result<Value> {
        self.call("browsingContext.captureScreenshot", json!({})).await
    }

    /// The default paper is US Letter; its sides are in centimetres.
    pub(crate) async fn print(&self) -> Result<Value> {
        self.call("browsingContext.print", json!({ "page": { "width": 21.0, "height": 29.7 } })).await
    }
}
