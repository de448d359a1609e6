//! The table of statistics of a selected span: one row for each series of a panel.

use std::fmt::Write as _;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, HtmlDialogElement, HtmlDocument, HtmlElement, HtmlTextAreaElement};

use super::dom;
use super::foreign_text::{foreign, isolated};
use super::listener::Listener;
use super::value_format::ValueFormat;
use crate::store::{Exactness, SpanStatistics};

/// Columns of values.
const HEADS: [&str; 9] = ["min", "mean", "max", "p50", "p90", "p99", "last", "change/s", "values"];

/// The statistics of one panel.
#[derive(Clone, Debug)]
pub(super) struct PanelStatistics {
    pub(super) title: String,
    pub(super) exactness: Exactness,
    pub(super) format: ValueFormat,
    /// By name of the series.
    pub(super) series: Vec<(String, SpanStatistics)>,
}

#[derive(Debug)]
pub(super) struct StatisticsTable {
    dialog: HtmlDialogElement,
    _copy: Listener,
}

impl StatisticsTable {
    pub(super) fn new() -> Result<Self, JsValue> {
        let copied: HtmlElement = dom::by_id("statistics-copied")?;
        let copy = Listener::new(dom::by_id::<HtmlElement>("statistics-copy")?, "click", move |_: Event| {
            let is_done = copy_text("statistics-text").unwrap_or(false);
            copied.set_text_content(Some(if is_done { "Copied" } else { "The browser refused to copy" }));
        })?;
        Ok(Self { dialog: dom::by_id("statistics")?, _copy: copy })
    }

    /// Shows the statistics of a span, which `span` describes.
    pub(super) fn show(&self, of: &PanelStatistics, span: &str) -> Result<(), JsValue> {
        let set = |id, text: &str| dom::by_id::<HtmlElement>(id).map(|element| element.set_text_content(Some(text)));
        set("statistics-title", &of.title)?;
        set("statistics-span", span)?;
        set("statistics-note", note(of.exactness))?;
        set("statistics-copied", "")?;
        let table: HtmlElement = dom::by_id("statistics-table")?;
        table.set_text_content(None);
        row(&table, "th", "series", HEADS.map(str::to_owned))?;
        for (name, statistics) in &of.series {
            row(&table, "td", &foreign(name), texts(&of.format, statistics))?;
        }
        let text: HtmlTextAreaElement = dom::by_id("statistics-text")?;
        text.set_value(&tab_separated(of));
        if self.dialog.open() { Ok(()) } else { self.dialog.show_modal() }
    }
}

const fn note(exactness: Exactness) -> &'static str {
    match exactness {
        Exactness::Rows => "From every value in the span.",
        Exactness::Buckets => "From summaries: quantiles are not known. Zoom in for every value.",
        Exactness::Part => "The page has a part of this span only.",
    }
}

fn texts(format: &ValueFormat, of: &SpanStatistics) -> [String; 9] {
    let [p50, p90, p99] = of.quantiles.unwrap_or([f64::NAN; 3]);
    let values = [of.min, of.mean, of.max, p50, p90, p99, of.last, of.slope].map(|value| format.text(value));
    let [min, mean, max, p50, p90, p99, last, slope] = values;
    [min, mean, max, p50, p90, p99, last, slope, of.count.to_string()]
}

/// Plain numbers, as a spreadsheet reads them. Unknown values are empty.
fn tab_separated(of: &PanelStatistics) -> String {
    let mut text = format!("series\t{}\n", HEADS.join("\t"));
    for (name, of) in &of.series {
        let [p50, p90, p99] = of.quantiles.unwrap_or([f64::NAN; 3]);
        // A name is no formula and no further column.
        let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let name = if name.starts_with(['=', '+', '-', '@']) { format!("'{name}") } else { name };
        let number = |value: f64| if value.is_finite() { value.to_string() } else { String::new() };
        let values = [of.min, of.mean, of.max, p50, p90, p99, of.last, of.slope].map(number).join("\t");
        // Cannot fail: it writes to memory.
        let _done = writeln!(text, "{name}\t{values}\t{}", of.count);
    }
    text
}

fn row(table: &HtmlElement, cell: &str, head: &str, values: [String; 9]) -> Result<(), JsValue> {
    let row: HtmlElement = dom::element("tr", "")?;
    let name: HtmlElement = dom::element("th", "statistics-name")?;
    name.set_attribute("scope", if cell == "th" { "col" } else { "row" })?;
    name.set_text_content(Some(&isolated(head)));
    row.append_child(&name)?;
    for value in values {
        let element: HtmlElement = dom::element(cell, "statistics-value")?;
        element.set_text_content(Some(&value));
        row.append_child(&element)?;
    }
    table.append_child(&row)?;
    Ok(())
}

/// Copies the text of an element. `execCommand` also works where a page has no `navigator.clipboard`: without TLS on a network.
fn copy_text(id: &str) -> Result<bool, JsValue> {
    let text: HtmlTextAreaElement = dom::by_id(id)?;
    text.select();
    dom::document()?.unchecked_into::<HtmlDocument>().exec_command("copy")
}

#[cfg(test)]
mod tests {
    use protocol::Bounds;

    use super::*;

    #[test]
    fn a_table_is_copied_as_plain_numbers_and_names_are_no_formulas() {
        let of = SpanStatistics {
            count: 3,
            min: -1.5,
            mean: 0.1,
            max: 1e9,
            last: 2.0,
            slope: f64::NAN,
            quantiles: Some([1.0, 2.0, 2.0]),
        };
        let unknown = SpanStatistics { quantiles: None, ..of };
        let panel = PanelStatistics {
            title: "CPU".to_owned(),
            exactness: Exactness::Rows,
            format: ValueFormat::new("1", &Bounds::Auto),
            series: vec![("=a\tb".to_owned(), of), ("c".to_owned(), unknown)],
        };
        let lines = [
            "series\tmin\tmean\tmax\tp50\tp90\tp99\tlast\tchange/s\tvalues",
            "'=a b\t-1.5\t0.1\t1000000000\t1\t2\t2\t2\t\t3",
            "c\t-1.5\t0.1\t1000000000\t\t\t\t2\t\t3",
        ];
        assert_eq!(tab_separated(&panel).lines().collect::<Vec<_>>(), lines);
    }
}
