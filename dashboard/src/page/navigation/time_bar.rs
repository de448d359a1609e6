//! The bar of the time: whether the view is live, its span, and buttons.

use std::cell::Cell;
use std::rc::Rc;

use protocol::Interval;
use wasm_bindgen::JsValue;
use web_sys::{Event, HtmlElement, HtmlOptionElement, HtmlSelectElement};

use super::selection::span_text;
use crate::page::dom::{self, Text};
use crate::page::listener::Listener;
use crate::view::{self, TimeLabels};
use crate::viewport::{View, Viewport, spans};

#[derive(Debug)]
pub(super) struct TimeBar {
    hold: HtmlElement,
    state: Text,
    range: Text,
    span: Text,
    chosen: Rc<Cell<Option<Interval>>>,
    shown: Option<View>,
    _listener: Listener,
}

impl TimeBar {
    pub(super) fn new() -> Result<Self, JsValue> {
        let select: HtmlSelectElement = dom::by_id("span")?;
        // The first option shows the span of the view, which may be any.
        let shown: HtmlOptionElement = dom::element("option", "")?;
        select.append_child(&shown)?;
        for span in spans::offered() {
            let option: HtmlOptionElement = dom::element("option", "")?;
            option.set_value(&span.micros().to_string());
            option.set_text(&span_text(span));
            select.append_child(&option)?;
        }
        let chosen: Rc<Cell<Option<Interval>>> = Rc::default();
        let (taken, element) = (Rc::clone(&chosen), select.clone());
        let listener = Listener::new(select, "change", move |_: Event| {
            taken.set(element.value().parse().ok().map(Interval::from_micros));
            element.set_selected_index(0);
        })?;
        Ok(Self {
            hold: dom::by_id("hold")?,
            state: Text::new(dom::by_id("hold-text")?),
            range: Text::new(dom::by_id("range")?),
            span: Text::new(wasm_bindgen::JsCast::unchecked_into(shown)),
            chosen,
            shown: None,
            _listener: listener,
        })
    }

    /// The span that was chosen since the last call.
    pub(super) fn take_span(&self) -> Option<Interval> {
        self.chosen.take()
    }

    /// Shows a view that has changed, with times in `labels`.
    pub(super) fn show(&mut self, viewport: &Viewport, labels: TimeLabels) -> Result<(), JsValue> {
        if self.shown == Some(viewport.view()) {
            return Ok(());
        }
        self.shown = Some(viewport.view());
        self.span.set(&span_text(viewport.span()));
        self.hold.set_attribute("aria-pressed", if viewport.is_fixed() { "true" } else { "false" })?;
        let range = viewport.is_fixed().then(|| {
            let shown = viewport.shown();
            let [from, to] =
                [shown.start, shown.end].map(|time| view::time_label(labels, time, shown.end, viewport.span()));
            let day = view::other_day(labels, shown.start, viewport.now()).map(|day| format!("{day}, "));
            format!("{}{from} \u{2013} {to}", day.unwrap_or_default())
        });
        self.range.set(&range.unwrap_or_default());
        self.show_age(viewport);
        Ok(())
    }

    /// Shows how far a held view is behind. Once a second is enough.
    pub(super) fn show_age(&mut self, viewport: &Viewport) {
        let state = match viewport.view() {
            View::Live { .. } => "Live view".to_owned(),
            View::Fixed { .. } => {
                let seconds = Interval::from_secs(viewport.behind().micros() / 1_000_000);
                format!("Held \u{b7} {} behind", span_text(seconds))
            }
        };
        self.state.set(&state);
    }

    /// Makes the next call of [`show`](Self::show) write everything.
    pub(super) const fn forget(&mut self) {
        self.shown = None;
    }
}
