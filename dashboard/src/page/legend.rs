//! A panel's legend: swatch, name, current value of each series.

use std::cell::Cell;
use std::rc::Rc;

use protocol::Timestamp;
use wasm_bindgen::JsValue;
use web_sys::{Event, HtmlElement};

use super::dom::{self, Text};
use super::listener::Listener;
use super::look::Writing;
use super::theme::SERIES_COLORS;
use crate::store::Group;

/// Entries of a closed legend: as many as fit on the widest screen. Text that nobody sees, and lists that scroll, cost
/// more than all charts.
const ENTRIES: usize = 12;

/// Entries of an open legend.
const MOST_ENTRIES: usize = 500;

/// So many fit on the narrowest screen: with fewer there is nothing to open.
const ENTRIES_THAT_FIT: usize = 8;

#[derive(Debug)]
pub(super) struct Legend {
    list: HtmlElement,
    entries: Vec<Entry>,
    /// How many series there are, with an entry or without.
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
            // Neither can fail: the names are well formed.
            let _done = toggled
                .class_list()
                .toggle_with_force(name, open.get())
                .map(|_| button.set_attribute("aria-expanded", state));
        })?;
        Ok(Self { list, entries: Vec::new(), series: 0, opener, is_open, _opening: opening })
    }

    /// The button that opens and closes the list; for the panel's head.
    pub(super) const fn opener(&self) -> &HtmlElement {
        &self.opener
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.list
    }

    /// How many entries there may be.
    fn room(&self) -> usize {
        if self.is_open.get() { MOST_ENTRIES } else { ENTRIES }
    }

    /// Makes an entry for each series, where they are not those that are there.
    pub(super) fn rebuild(&mut self, group: &Group) -> Result<(), JsValue> {
        let room = self.room();
        let names = || group.series().iter().take(room).map(|series| series.name.as_str());
        let count = group.series().len();
        let is_complete = self.entries.len() == room.min(count);
        if is_complete && self.series == count && self.entries.iter().map(|entry| entry.name.as_str()).eq(names()) {
            return Ok(());
        }
        self.series = count;
        self.list.set_text_content(None);
        self.entries.clear();
        for (number, name) in names().enumerate() {
            let entry: HtmlElement = dom::element("li", "legend-entry")?;
            let swatch: HtmlElement =
                dom::element("span", &format!("legend-swatch series-{}", number % SERIES_COLORS + 1))?;
            let label: HtmlElement = dom::element("span", "legend-name")?;
            label.set_text_content(Some(name));
            label.set_title(name);
            let value: HtmlElement = dom::element("span", "legend-value")?;
            entry.append_with_node_3(&swatch, &label, &value)?;
            self.list.append_child(&entry)?;
            let value = Text::new(value);
            self.entries.push(Entry { name: name.to_owned(), item: entry, value, has_ended: false });
        }
        self.opener.set_hidden(count <= ENTRIES_THAT_FIT);
        self.opener.set_text_content(Some(&format!("{count} series")));
        if self.is_open.get() && count > room {
            let rest: HtmlElement = dom::element("li", "legend-entry legend-rest")?;
            rest.set_text_content(Some(&format!("and {} more", count - room)));
            self.list.append_child(&rest)?;
        }
        Ok(())
    }

    /// Shows each series' value at a time; its newest where that is none.
    pub(super) fn update(&mut self, group: &Group, writing: &Writing, at: Option<Timestamp>) -> Result<(), JsValue> {
        if self.entries.len() != self.room().min(group.series().len()) {
            self.rebuild(group)?;
        }
        for (series, entry) in self.entries.iter_mut().enumerate() {
            let value = at.map_or_else(|| group.latest(series), |at| group.value_at(series, at)).unwrap_or(f64::NAN);
            entry.value.set(&writing.short(&writing.unit.format(value).to_string()));
            // What has ended is still in the picture for a while: it goes to the end of the list.
            let has_ended = group.has_ended(series);
            if entry.has_ended != has_ended {
                entry.has_ended = has_ended;
                entry.item.class_list().toggle_with_force("is-ended", has_ended)?;
            }
        }
        Ok(())
    }
}
