//! A panel's legend: swatch, name, current value of each series.

use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::dom::{self, Text};
use super::theme::SERIES_COLORS;
use crate::store::Group;
use crate::view::Unit;

/// Entries that a legend shows.
const MAX_ENTRIES: usize = 100;

#[derive(Debug)]
pub(super) struct Legend {
    list: HtmlElement,
    entries: Vec<Entry>,
    /// How many series there are, with an entry or without.
    series: usize,
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
        Ok(Self { list: dom::element("ul", "legend")?, entries: Vec::new(), series: 0 })
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.list
    }

    /// Makes an entry for each series, where they are not those that are there.
    pub(super) fn rebuild(&mut self, group: &Group) -> Result<(), JsValue> {
        let names = || group.series().iter().take(MAX_ENTRIES).map(|series| series.name.as_str());
        let count = group.series().len();
        if self.series == count && self.entries.iter().map(|entry| entry.name.as_str()).eq(names()) {
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
        let more = count.saturating_sub(MAX_ENTRIES);
        if more > 0 {
            let rest: HtmlElement = dom::element("li", "legend-rest")?;
            rest.set_text_content(Some(&format!("and {more} more")));
            self.list.append_child(&rest)?;
        }
        Ok(())
    }

    /// Shows each series' newest value.
    pub(super) fn update(&mut self, group: &Group, unit: &Unit, has_long_unit: bool) -> Result<(), JsValue> {
        for (series, entry) in self.entries.iter_mut().enumerate() {
            let value = group.latest(series).unwrap_or(f64::NAN);
            entry.value.set(&short(&unit.format(value).to_string(), has_long_unit));
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

/// A number with its multiple, without a unit that stands elsewhere: `60k packets/s` becomes `60k`.
pub(super) fn short(label: &str, has_long_unit: bool) -> String {
    let number = label.split_once(' ').filter(|_| has_long_unit).map_or(label, |(number, _)| number);
    number.to_owned()
}
