//! The header: state of the link, lag, rates.

use series::number;
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::dom::{self, Text};
use super::foreign_text::foreign;

/// A screen reader that speaks more often cannot be used. Its text has no age, which changes each second.
const SAID_EVERY_S: f64 = 5.0;

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
    /// Rows a second of the followed group with the shortest interval, by their times.
    pub(super) measured_hz: Option<f64>,
    /// Holes in the stream since the page was loaded, including those that were filled later.
    pub(super) holes: u64,
    pub(super) messages_per_second: f64,
    pub(super) bytes_per_second: f64,
    pub(super) samples_per_second: f64,
    /// Display frames per second.
    pub(super) fps: f64,
}

#[derive(Debug)]
pub(super) struct Header {
    root: HtmlElement,
    host: Text,
    link: Text,
    /// The state of the link for screen readers.
    said: Text,
    said_at: f64,
    repairs: Text,
    repairs_figure: HtmlElement,
    lag: Text,
    rate: Text,
    received: Text,
    rate_figure: HtmlElement,
    details: String,
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
            said: text("link-said")?,
            said_at: f64::NEG_INFINITY,
            repairs: text("repairs")?,
            repairs_figure: dom::by_id("repairs-figure")?,
            lag: text("lag")?,
            rate: text("rate")?,
            received: text("received")?,
            rate_figure: dom::by_id("rate-figure")?,
            details: String::new(),
            samples: text("samples")?,
            fps: text("fps")?,
        })
    }

    /// Shows the figures at `seconds` of any clock.
    pub(super) fn show(&mut self, host: &str, figures: &Figures, seconds: f64) -> Result<(), JsValue> {
        self.host.set(&foreign(host));
        self.root.dataset().set("link", figures.link)?;
        self.root.dataset().set("sync", if figures.is_current { "up-to-date" } else { "behind" })?;
        self.link.set(&figures.link_text);
        if self.said.text() != figures.link && seconds - self.said_at >= SAID_EVERY_S {
            self.said.set(figures.link);
            self.said_at = seconds;
        }
        // Rare, so no space is reserved for it.
        self.repairs_figure.set_hidden(figures.repairs == 0);
        self.repairs.set(&figures.repairs.to_string());
        self.lag.set(&figures.lag_ms.map_or_else(|| "–".to_owned(), lag));
        self.rate.set(&rate(figures.measured_hz, figures.holes));
        self.received.set(&bytes_per_second(figures.bytes_per_second));
        self.samples.set(&short(figures.samples_per_second));
        self.fps.set(&format!("{:.0}", figures.fps));
        self.show_details(figures);
        Ok(())
    }

    /// Narrow screens hide other figures: the tooltip of the rate has them.
    fn show_details(&mut self, figures: &Figures) {
        let details = format!(
            "Measured rows a second of the group with the shortest interval, and holes in the stream since the page was loaded.\nReceived: {} in {:.0} \
             messages a second\nSamples: {}\nDisplay frames: {:.0} a second",
            self.received.text(),
            figures.messages_per_second,
            self.samples.text(),
            figures.fps
        );
        if self.details != details {
            self.rate_figure.set_title(&details);
            self.details = details;
        }
    }
}

/// Short text: `8.9 ms`, `7.4 s`.
fn lag(ms: f64) -> String {
    if ms < 999.95 { format!("{ms:.1} ms") } else { format!("{:.1} s", ms / 1e3) }
}

/// Text such as `10 Hz, 0 holes`.
fn rate(measured_hz: Option<f64>, holes: u64) -> String {
    let hz = measured_hz.map_or_else(|| "–".to_owned(), |hz| format!("{} Hz", number::plain(hz)));
    let noun = if holes == 1 { "hole" } else { "holes" };
    format!("{hz}, {holes} {noun}")
}

/// Short text: `640 B/s`, `32.4 KB/s`, `1.2 MB/s`.
fn bytes_per_second(rate: f64) -> String {
    if rate >= 999_950.0 {
        format!("{:.1} MB/s", rate / 1e6)
    } else if rate >= 999.5 {
        format!("{:.1} KB/s", rate / 1e3)
    } else {
        format!("{rate:.0} B/s")
    }
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
