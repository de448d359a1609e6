//! Names the labels of the series that the page shows, with a button that shows all again.

use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::dom::{self, Text};
use super::foreign_text::isolated;
use super::label_filter::LabelFilter;

#[derive(Debug)]
pub(super) struct FilterChip {
    button: HtmlElement,
    text: Text,
}

impl FilterChip {
    pub(super) fn new(filter: Option<&LabelFilter>) -> Result<Self, JsValue> {
        let mut chip = Self { button: dom::by_id("filter-drop")?, text: Text::new(dom::by_id("filter-text")?) };
        chip.show(filter);
        Ok(chip)
    }

    pub(super) fn show(&mut self, filter: Option<&LabelFilter>) {
        self.button.set_hidden(filter.is_none());
        self.text.set(&filter.map_or_else(String::new, |filter| isolated(filter.text())));
    }
}
