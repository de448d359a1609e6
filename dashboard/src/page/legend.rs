//! The legend of a panel: colour, name and value of each series.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use protocol::Timestamp;
use wasm_bindgen::JsValue;
use web_sys::{Event, HtmlElement};

use super::dom::{self, Text};
use super::legend_entry::LegendEntry;
use super::legend_order::{LegendOrder, Ordering};
use super::listener::Listener;
use super::value_format::ValueFormat;
use crate::store::Group;

/// Entries of a closed legend: the number that fits on the widest screen. Clipped text and scrolling lists cost more
/// than all charts.
const MAX_CLOSED_ENTRIES: usize = 12;

const MAX_OPEN_ENTRIES: usize = 500;

/// Entries that fit on the narrowest screen: up to this number, the button to open the legend is hidden.
const ALWAYS_VISIBLE_ENTRIES: usize = 8;

#[derive(Debug)]
pub(super) struct Legend {
    list: HtmlElement,
    order: LegendOrder,
    /// In the order of the list: another order is written into the same elements.
    entries: Vec<LegendEntry>,
    /// The number of series without an entry in an open list, as its last element.
    rest: Option<HtmlElement>,
    opener: HtmlElement,
    opener_text: Text,
    is_open: Rc<Cell<bool>>,
    _opening: Listener,
}

impl Legend {
    pub(super) fn new() -> Result<Self, JsValue> {
        let list: HtmlElement = dom::element("ul", "legend")?;
        let opener: HtmlElement = dom::element("button", "legend-opener")?;
        opener.set_attribute("type", "button")?;
        opener.set_attribute("aria-expanded", "false")?;
        let is_open = Rc::new(Cell::new(false));
        let (open, toggled, button) = (Rc::clone(&is_open), list.clone(), opener.clone());
        let opening = Listener::new(opener.clone(), "click", move |_: Event| {
            open.set(!open.get());
            let (state, name) = (if open.get() { "true" } else { "false" }, "is-open");
            // Cannot fail: the names are well formed.
            let _done = toggled
                .class_list()
                .toggle_with_force(name, open.get())
                .map(|_| button.set_attribute("aria-expanded", state));
        })?;
        let (order, opener_text) = (LegendOrder::default(), Text::new(opener.clone()));
        let (entries, rest) = (Vec::new(), None);
        Ok(Self { list, order, entries, rest, opener, opener_text, is_open, _opening: opening })
    }

    /// The button that opens and closes the list.
    pub(super) const fn opener(&self) -> &HtmlElement {
        &self.opener
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.list
    }

    fn max_entries(&self) -> usize {
        if self.is_open.get() { MAX_OPEN_ENTRIES } else { MAX_CLOSED_ENTRIES }
    }

    /// Follows a change of the catalog.
    pub(super) fn describe(&mut self, group: &Group) -> Result<(), JsValue> {
        if self.order.is_empty() {
            self.order.begin(group, self.max_entries());
        }
        self.show(group)
    }

    /// Makes the next call of [`describe`](Self::describe) list the series of another group.
    pub(super) fn forget(&mut self) {
        self.order = LegendOrder::default();
    }

    /// Shows the values at a time, or the newest values for `None`. The times `shown` are on screen.
    pub(super) fn update(
        &mut self,
        group: &Group,
        format: &ValueFormat,
        shown: &Range<Timestamp>,
        at: Option<Timestamp>,
    ) -> Result<(), JsValue> {
        let ordering = if at.is_none() { Ordering::Follow } else { Ordering::Keep };
        if self.order.update(group, self.max_entries(), shown, ordering) {
            self.show(group)?;
        }
        for (place, entry) in self.order.places(group).into_iter().zip(&mut self.entries) {
            let value = at.map_or_else(|| group.latest(place), |at| group.value_at(place, at)).unwrap_or(f64::NAN);
            entry.set_value(&format.text(value), group.has_ended(place))?;
        }
        Ok(())
    }

    /// Writes names and colours of the listed series, with as many entries.
    fn show(&mut self, group: &Group) -> Result<(), JsValue> {
        let places = self.order.places(group);
        for entry in self.entries.drain(places.len().min(self.entries.len())..) {
            entry.element().remove();
        }
        if let Some(rest) = self.rest.take() {
            rest.remove();
        }
        while self.entries.len() < places.len() {
            let entry = LegendEntry::new()?;
            self.list.append_child(entry.element())?;
            self.entries.push(entry);
        }
        for (&place, entry) in places.iter().zip(&mut self.entries) {
            entry.describe(&group.series()[place]);
        }
        let count = self.order.in_window();
        self.opener.set_hidden(count <= ALWAYS_VISIBLE_ENTRIES);
        self.opener_text.set(&format!("{count} series"));
        let more = count.saturating_sub(self.entries.len());
        if self.is_open.get() && more > 0 {
            let rest: HtmlElement = dom::element("li", "legend-entry legend-rest")?;
            rest.set_text_content(Some(&format!("{more} more series are not listed")));
            self.list.append_child(&rest)?;
            self.rest = Some(rest);
        }
        Ok(())
    }
}
