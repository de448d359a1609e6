//! The header: state of the link, lag, rates.

use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::dom::{self, Text};

/// What the header shows.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    /// The link's state, in the one word that scripts read.
    pub(super) link: &'static str,
    /// The link's state, for a person.
    pub(super) link_text: String,
    /// Whether what is shown is not what is measured now.
    pub(super) is_behind: bool,
    /// Times that something was lost and asked for.
    pub(super) repairs: u64,
    /// Median lag.
    pub(super) lag_ms: Option<f64>,
    /// Messages a second.
    pub(super) messages: f64,
    /// Samples a second.
    pub(super) samples: f64,
    /// Frames drawn a second.
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

    pub(super) fn set_host(&mut self, host: &str) {
        self.host.set(host);
    }

    pub(super) fn show(&mut self, figures: &Figures) -> Result<(), JsValue> {
        self.root.dataset().set("link", figures.link)?;
        self.root.dataset().set("standing", if figures.is_behind { "behind" } else { "abreast" })?;
        self.link.set(&figures.link_text);
        // Hardly ever: the place is not kept for it.
        self.repairs_figure.set_hidden(figures.repairs == 0);
        self.repairs.set(&figures.repairs.to_string());
        self.lag.set(&figures.lag_ms.map_or_else(|| "–".to_owned(), lag));
        self.messages.set(&format!("{:.0}/s", figures.messages));
        self.samples.set(&short(figures.samples));
        self.fps.set(&format!("{:.0}", figures.fps));
        Ok(())
    }
}

/// A lag in few characters: `8.9 ms`, `7.4 s`.
fn lag(ms: f64) -> String {
    if ms < 999.95 { format!("{ms:.1} ms") } else { format!("{:.1} s", ms / 1e3) }
}

/// A rate in few characters: `960/s`, `96.0k/s`, `5.2M/s`.
fn short(rate: f64) -> String {
    if rate >= 999_950.0 {
        format!("{:.1}M/s", rate / 1e6)
    } else if rate >= 9_999.5 {
        format!("{:.1}k/s", rate / 1e3)
    } else {
        format!("{rate:.0}/s")
    }
}
