//! The legend of a panel: colour, name and value of each series.

use std::cell::Cell;
use std::rc::Rc;

use protocol::Timestamp;
use wasm_bindgen::JsValue;
use web_sys::{Event, HtmlElement};

use super::dom::{self, Text};
use super::foreign_text::foreign;
use super::listener::Listener;
use super::theme::SERIES_COLORS;
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
    entries: Vec<Entry>,
    /// All series, with or without an entry.
    series: usize,
    opener: HtmlElement,
    is_open: Rc<Cell<bool>>,
    _opening: Listener,
}

#[derive(Debug)]
struct Entry {
    name: String,
    item: HtmlElement,
    value: Text,
    has_ended: bool,
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
        Ok(Self { list, entries: Vec::new(), series: 0, opener, is_open, _opening: opening })
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

    /// Replaces the entries if the series have changed.
    pub(super) fn rebuild(&mut self, group: &Group) -> Result<(), JsValue> {
        let max_entries = self.max_entries();
        let names = || group.series().iter().take(max_entries).map(|series| series.name.as_str());
        let count = group.series().len();
        let is_complete = self.entries.len() == max_entries.min(count);
        if is_complete && self.series == count && self.entries.iter().map(|entry| entry.name.as_str()).eq(names()) {
            return Ok(());
        }
        self.series = count;
        self.list.set_text_content(None);
        self.entries.clear();
        for series in group.series().iter().take(max_entries) {
            let name = series.name.as_str();
            let entry: HtmlElement = dom::element("li", "legend-entry")?;
            let swatch: HtmlElement =
                dom::element("span", &format!("legend-swatch series-{}", series.number % SERIES_COLORS + 1))?;
            let label: HtmlElement = dom::element("span", "legend-name")?;
            label.set_text_content(Some(&foreign(name)));
            label.set_title(&foreign(name));
            let value: HtmlElement = dom::element("span", "legend-value")?;
            entry.append_with_node_3(&swatch, &label, &value)?;
            self.list.append_child(&entry)?;
            let value = Text::new(value);
            self.entries.push(Entry { name: name.to_owned(), item: entry, value, has_ended: false });
        }
        self.opener.set_hidden(count <= ALWAYS_VISIBLE_ENTRIES);
        self.opener.set_text_content(Some(&format!("{count} series")));
        if self.is_open.get() && count > max_entries {
            let rest: HtmlElement = dom::element("li", "legend-entry legend-rest")?;
            rest.set_text_content(Some(&format!("{} more series are not listed", count - max_entries)));
            self.list.append_child(&rest)?;
        }
        Ok(())
    }

    /// Shows the values at a time, or the newest values for `None`.
    pub(super) fn update(&mut self, group: &Group, format: &ValueFormat, at: Option<Timestamp>) -> Result<(), JsValue> {
        if self.entries.len() != self.max_entries().min(group.series().len()) {
            self.rebuild(group)?;
        }
        for (series, entry) in self.entries.iter_mut().enumerate() {
            let value = at.map_or_else(|| group.latest(series), |at| group.value_at(series, at)).unwrap_or(f64::NAN);
            entry.value.set(&format.short(&format.unit.format(value).to_string()));
            // An ended series stays on screen for a while, at the end of the list.
            let has_ended = group.has_ended(series);
            if entry.has_ended != has_ended {
                entry.has_ended = has_ended;
                entry.item.class_list().toggle_with_force("is-ended", has_ended)?;
            }
        }
        Ok(())
    }
}
