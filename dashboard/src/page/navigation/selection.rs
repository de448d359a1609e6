//! The selected span of time, and the bar of what can be done with it.

use std::ops::Range;

use protocol::{Bounds, Interval, Timestamp};
use series::Unit;
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use crate::page::dom::{self, Text};
use crate::viewport::{View, Viewport};

/// The bar stays this far from the edges of the window, in CSS pixels.
const EDGE_PX: f64 = 8.0;

#[derive(Debug)]
pub(super) struct Selection {
    range: Option<Range<Timestamp>>,
    /// The view that was held for the selection, while it was live.
    held: Option<View>,
    bar: HtmlElement,
    text: Text,
}

impl Selection {
    pub(super) fn new() -> Result<Self, JsValue> {
        let text = Text::new(dom::by_id("selection-text")?);
        Ok(Self { range: None, held: None, bar: dom::by_id("selection")?, text })
    }

    pub(super) const fn range(&self) -> Option<&Range<Timestamp>> {
        self.range.as_ref()
    }

    /// Selects the times between two places in the width. A live view is held, so that the times stay under the pointer.
    pub(super) fn select(&mut self, viewport: &mut Viewport, from: f64, to: f64) {
        if !viewport.is_fixed() {
            viewport.hold();
            self.held = Some(viewport.view());
        }
        let (from, to) = (viewport.time_at(from.min(to)), viewport.time_at(from.max(to)));
        self.range = Some(from..to);
        self.bar.set_hidden(true);
    }

    /// Shows the bar beside a place in the window, in CSS pixels.
    pub(super) fn show_bar(&mut self, (x, y): (f64, f64)) -> Result<(), JsValue> {
        let Some(range) = &self.range else { return Ok(()) };
        self.text.set(&span_text(range.end.since(range.start)));
        self.bar.set_hidden(false);
        let window = dom::window()?;
        let room = |inner: Result<JsValue, JsValue>| inner.map(|size| size.as_f64().unwrap_or_default());
        let (width, height) = (room(window.inner_width())?, room(window.inner_height())?);
        let own = (f64::from(self.bar.offset_width()), f64::from(self.bar.offset_height()));
        let place = |at: f64, own: f64, room: f64| at.min(room - own - EDGE_PX).max(EDGE_PX);
        let style = self.bar.style();
        style.set_property("left", &format!("{}px", place(x, own.0, width)))?;
        style.set_property("top", &format!("{}px", place(y + EDGE_PX, own.1, height)))
    }

    /// Returns to the live view if it was held for the selection only.
    pub(super) fn drop_it(&mut self, viewport: &mut Viewport) {
        let is_of_selection = self.held == Some(viewport.view());
        self.clear();
        if is_of_selection {
            viewport.go_live();
        }
    }

    /// Shows the selected span.
    pub(super) fn zoom(&mut self, viewport: &mut Viewport) {
        if let Some(range) = self.range.clone() {
            self.clear();
            viewport.show(range);
        }
    }

    /// Drops a selection that has left the view: its bar would lie over other times.
    pub(super) fn follow(&mut self, viewport: &Viewport) {
        let shown = viewport.shown();
        if self.range.as_ref().is_some_and(|range| range.end <= shown.start || range.start >= shown.end) {
            self.clear();
        }
    }

    fn clear(&mut self) {
        (self.range, self.held) = (None, None);
        self.bar.set_hidden(true);
    }
}

/// A span with three digits, such as `12.4 s`.
pub(in crate::page) fn span_text(span: Interval) -> String {
    Unit::parse("s", &Bounds::Auto).format(span.as_secs_f64()).to_string()
}
