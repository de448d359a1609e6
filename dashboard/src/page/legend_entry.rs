//! An entry of a legend: colour, name and value of a series. Each is written only when it changes.

use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::dom::{self, Text};
use super::foreign_text::foreign;
use super::theme::SERIES_COLORS;
use crate::store::Series;
use crate::surface::Dash;
use crate::view;

/// The attribute with the number of the series, on the button.
pub(super) const NUMBER: &str = "data-number";

#[derive(Debug)]
pub(super) struct LegendEntry {
    item: HtmlElement,
    /// Hides and shows the series.
    button: HtmlElement,
    swatch: HtmlElement,
    /// The part of the name that is cut if it has no room.
    beginning: Text,
    end: Text,
    value: Text,
    name: String,
    /// Of the series.
    number: Option<usize>,
    state: EntryState,
}

/// What the style of an entry shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct EntryState {
    pub(super) has_ended: bool,
    pub(super) is_hidden: bool,
    /// It is the series that is read in the chart.
    pub(super) is_read: bool,
}

impl LegendEntry {
    pub(super) fn new() -> Result<Self, JsValue> {
        let item: HtmlElement = dom::element("li", "legend-entry")?;
        let button: HtmlElement = dom::element("button", "legend-toggle")?;
        let swatch: HtmlElement = dom::element("span", "legend-swatch")?;
        let name: HtmlElement = dom::element("span", "legend-name")?;
        let beginning: HtmlElement = dom::element("span", "name-beginning")?;
        let end: HtmlElement = dom::element("span", "name-end")?;
        let value: HtmlElement = dom::element("span", "legend-value")?;
        button.set_attribute("type", "button")?;
        button.set_attribute("aria-pressed", "true")?;
        name.append_with_node_2(&beginning, &end)?;
        button.append_with_node_2(&swatch, &name)?;
        item.append_with_node_2(&button, &value)?;
        let (beginning, end, value) = (Text::new(beginning), Text::new(end), Text::new(value));
        let (name, state) = (String::new(), EntryState::default());
        Ok(Self { item, button, swatch, beginning, end, value, name, number: None, state })
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.item
    }

    /// Shows the name, the colour and the dashes of a series. All names of the legend begin with so many equal bytes.
    pub(super) fn describe(&mut self, series: &Series, common: usize) -> Result<(), JsValue> {
        if self.number != Some(series.number) {
            self.number = Some(series.number);
            self.button.set_attribute(NUMBER, &series.number.to_string())?;
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
            self.button.set_title(&foreign(&series.name));
        }
        let name = foreign(&self.name);
        let (beginning, end) = view::name_parts(&name, common);
        self.beginning.set(beginning);
        self.end.set(end);
        Ok(())
    }

    pub(super) fn set_value(&mut self, value: &str, state: EntryState) -> Result<(), JsValue> {
        self.value.set(value);
        let before = std::mem::replace(&mut self.state, state);
        if before == state {
            return Ok(());
        }
        let classes = self.item.class_list();
        classes.toggle_with_force("is-ended", state.has_ended)?;
        classes.toggle_with_force("is-hidden", state.is_hidden)?;
        classes.toggle_with_force("is-read", state.is_read)?;
        self.button.set_attribute("aria-pressed", if state.is_hidden { "false" } else { "true" })
    }
}
