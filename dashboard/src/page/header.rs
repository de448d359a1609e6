//! The header: state of the link, lag, rates.

use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::dom::{self, Text};
use super::foreign_text::foreign;

#[derive(Clone, Debug)]
pub(super) struct Figures {
    /// The state of the link as one word, for scripts and the style sheet.
    pub(super) link: &'static str,
    /// The state of the link as a text for the user.
    pub(super) link_text: String,
    /// The charts show current samples.
    pub(super) is_current: bool,
    /// Losses that were requested again.
    pub(super) repairs: u64,
    /// The median of the recent lags.
    pub(super) lag_ms: Option<f64>,
    pub(super) messages_per_second: f64,
    pub(super) samples_per_second: f64,
    /// Display frames per second.
    pub(super) fps: f64,
}

#[derive(Debug)]
pub(super) struct Header {
    root: HtmlElement,
    host: Text,
    link: Text,
    repairs: Text,
    repairs_figure: HtmlElement,
    lag: Text,
    messages: Text,
    samples: Text,
    fps: Text,
}

impl Header {
    pub(super) fn new() -> Result<Self, JsValue> {
        let root = dom::document()?.document_element().ok_or_else(|| JsValue::from_str("no document element"))?;
        let text = |id| dom::by_id(id).map(Text::new);
        Ok(Self {
            root: wasm_bindgen::JsCast::unchecked_into(root),
            host: text("host")?,
            link: text("link-text")?,
            repairs: text("repairs")?,
            repairs_figure: dom::by_id("repairs-figure")?,
            lag: text("lag")?,
            messages: text("messages")?,
            samples: text("samples")?,
            fps: text("fps")?,
        })
    }

    pub(super) fn show(&mut self, host: &str, figures: &Figures) -> Result<(), JsValue> {
        self.host.set(&foreign(host));
        self.root.dataset().set("link", figures.link)?;
        self.root.dataset().set("sync", if figures.is_current { "up-to-date" } else { "behind" })?;
        self.link.set(&figures.link_text);
        // Rare, so no space is reserved for it.
        self.repairs_figure.set_hidden(figures.repairs == 0);
        self.repairs.set(&figures.repairs.to_string());
        self.lag.set(&figures.lag_ms.map_or_else(|| "–".to_owned(), lag));
        self.messages.set(&format!("{:.0}/s", figures.messages_per_second));
        self.samples.set(&short(figures.samples_per_second));
        self.fps.set(&format!("{:.0}", figures.fps));
        Ok(())
    }
}

/// Short text: `8.9 ms`, `7.4 s`.
fn lag(ms: f64) -> String {
    if ms < 999.95 { format!("{ms:.1} ms") } else { format!("{:.1} s", ms / 1e3) }
}

/// Short text: `960/s`, `96.0k/s`, `5.2M/s`.
fn short(rate: f64) -> String {
    if rate >= 999_950.0 {
        format!("{:.1}M/s", rate / 1e6)
    } else if rate >= 9_999.5 {
        format!("{:.1}k/s", rate / 1e3)
    } else {
        format!("{rate:.0}/s")
    }
}
