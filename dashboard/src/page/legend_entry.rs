//! An entry of a legend: colour, name and value of a series. Each is written only when it changes.

use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::dom::{self, Text};
use super::foreign_text::foreign;
use super::theme::SERIES_COLORS;
use crate::store::Series;
use crate::surface::Dash;

#[derive(Debug)]
pub(super) struct LegendEntry {
    item: HtmlElement,
    swatch: HtmlElement,
    label: HtmlElement,
    value: Text,
    name: String,
    /// Of the series.
    number: Option<usize>,
    has_ended: bool,
}

impl LegendEntry {
    pub(super) fn new() -> Result<Self, JsValue> {
        let item: HtmlElement = dom::element("li", "legend-entry")?;
        let swatch: HtmlElement = dom::element("span", "legend-swatch")?;
        let label: HtmlElement = dom::element("span", "legend-name")?;
        let value: HtmlElement = dom::element("span", "legend-value")?;
        item.append_with_node_3(&swatch, &label, &value)?;
        let value = Text::new(value);
        Ok(Self { item, swatch, label, value, name: String::new(), number: None, has_ended: false })
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.item
    }

    /// Shows the name, the colour and the dashes of a series.
    pub(super) fn describe(&mut self, series: &Series) {
        if self.number != Some(series.number) {
            self.number = Some(series.number);
            let dash = match Dash::of(series.number, SERIES_COLORS) {
                Dash::Solid => "",
                Dash::Dashed => "is-dashed ",
                Dash::Dotted => "is-dotted ",
                Dash::DashDot => "is-dash-dot ",
            };
            let color = series.number % SERIES_COLORS + 1;
            self.swatch.set_class_name(&format!("legend-swatch {dash}series-{color}"));
        }
        if self.name != series.name {
            series.name.clone_into(&mut self.name);
            let name = foreign(&series.name);
            self.label.set_text_content(Some(&name));
            self.label.set_title(&name);
        }
    }

    pub(super) fn set_value(&mut self, value: &str, has_ended: bool) -> Result<(), JsValue> {
        self.value.set(value);
        if self.has_ended != has_ended {
            self.has_ended = has_ended;
            self.item.class_list().toggle_with_force("is-ended", has_ended)?;
        }
        Ok(())
    }
}
