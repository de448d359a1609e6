//! The dialog with a table.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use protocol::Timestamp;
use series::decimal;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, HtmlDialogElement, HtmlElement, HtmlInputElement, HtmlOptionElement, HtmlSelectElement};

use crate::page::dom;
use crate::page::export::clipboard;
use crate::page::foreign_text::isolated;
use crate::page::listener::Listener;

/// A table, as texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::page) struct Table {
    pub(in crate::page) title: String,
    /// Says what the values are from.
    pub(in crate::page) note: &'static str,
    pub(in crate::page) heads: Vec<&'static str>,
    /// The head of each row, and its values.
    pub(in crate::page) rows: Vec<(String, Vec<String>)>,
    /// The same with plain numbers, as a spreadsheet reads them.
    pub(in crate::page) text: String,
}

/// The kind of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::page) enum TableKind {
    Statistics,
    Columns,
}

/// What the table is of.
#[derive(Clone, Debug)]
pub(in crate::page) struct Subject {
    pub(in crate::page) kind: TableKind,
    pub(in crate::page) span: Range<Timestamp>,
    /// The span as text.
    pub(in crate::page) span_text: String,
    /// An element of the panel.
    pub(in crate::page) panel: HtmlElement,
}

#[derive(Debug)]
pub(in crate::page) struct TableDialog {
    dialog: HtmlDialogElement,
    series: HtmlSelectElement,
    level: HtmlInputElement,
    subject: Option<Subject>,
    is_changed: Rc<Cell<bool>>,
    /// The text to copy.
    text: Rc<RefCell<String>>,
    _listeners: [Listener; 3],
}

impl TableDialog {
    pub(in crate::page) fn new() -> Result<Self, JsValue> {
        let dialog: HtmlDialogElement = dom::by_id("table")?;
        let (is_changed, text): (Rc<Cell<bool>>, Rc<RefCell<String>>) = Default::default();
        let copied: HtmlElement = dom::by_id("table-copied")?;
        let (copying, within) = (Rc::clone(&text), dialog.clone());
        let copy = Listener::new(dom::by_id::<HtmlElement>("table-copy")?, "click", move |_: Event| {
            let is_done = clipboard::copy(&copying.borrow(), &within).unwrap_or(false);
            copied.set_text_content(Some(if is_done { "Copied" } else { "The browser refused to copy" }));
        })?;
        let changed = |element: &HtmlElement| {
            let is_changed = Rc::clone(&is_changed);
            Listener::new(element.clone(), "change", move |_: Event| is_changed.set(true))
        };
        let (series, level): (HtmlSelectElement, HtmlInputElement) =
            (dom::by_id("table-series")?, dom::by_id("table-level")?);
        let listeners = [copy, changed(&series)?, changed(&level)?];
        Ok(Self { dialog, series, level, subject: None, is_changed, text, _listeners: listeners })
    }

    /// Begins a table of something else. The series to choose from have names; `chosen` is the place of the first to show.
    pub(in crate::page) fn begin(&mut self, subject: Subject, names: &[String], chosen: usize) -> Result<(), JsValue> {
        self.series.set_text_content(None);
        for (place, name) in names.iter().enumerate() {
            let option: HtmlOptionElement = dom::element("option", "")?;
            option.set_text(&isolated(name));
            option.set_selected(place == chosen);
            self.series.append_child(&option)?;
        }
        let show = |element: &HtmlElement, kind| {
            element.parent_element().map(|label| label.toggle_attribute_with_force("hidden", subject.kind != kind))
        };
        show(&self.series, TableKind::Columns).transpose()?;
        show(&self.level, TableKind::Statistics).transpose()?;
        self.subject = Some(subject);
        Ok(())
    }

    /// What the table is of, if a control has changed since the last call.
    pub(in crate::page) fn take_changed(&self) -> Option<Subject> {
        self.is_changed.take().then(|| self.subject.clone())?
    }

    /// The place of the chosen series.
    pub(in crate::page) fn series(&self) -> usize {
        usize::try_from(self.series.selected_index()).unwrap_or(0)
    }

    /// The value above which time is counted.
    pub(in crate::page) fn level(&self) -> Option<f64> {
        decimal::parse(self.level.value().trim()).filter(|level| level.is_finite())
    }

    pub(in crate::page) fn show(&self, table: &Table) -> Result<(), JsValue> {
        let set = |id, text: &str| dom::by_id::<HtmlElement>(id).map(|element| element.set_text_content(Some(text)));
        set("table-title", &table.title)?;
        set("table-span", self.subject.as_ref().map_or("", |subject| &subject.span_text))?;
        set("table-note", table.note)?;
        set("table-copied", "")?;
        let body: HtmlElement = dom::by_id("table-values")?;
        body.set_text_content(None);
        row(&body, "th", table.heads[0], table.heads[1..].iter().copied())?;
        for (head, values) in &table.rows {
            row(&body, "td", head, values.iter().map(String::as_str))?;
        }
        self.text.replace(table.text.clone());
        if self.dialog.open() { Ok(()) } else { self.dialog.show_modal() }
    }
}

fn row<'a>(table: &HtmlElement, cell: &str, head: &str, values: impl Iterator<Item = &'a str>) -> Result<(), JsValue> {
    let row: HtmlElement = dom::element("tr", "")?;
    let name: HtmlElement = dom::element("th", "table-name")?;
    name.set_attribute("scope", if cell == "th" { "col" } else { "row" })?;
    name.set_text_content(Some(&isolated(head)));
    row.append_child(&name)?;
    for value in values {
        let element: HtmlElement = dom::element(cell, "table-value")?;
        if cell == "th" {
            element.set_attribute("scope", "col")?;
        }
        element.set_text_content(Some(value));
        row.append_child(element.unchecked_ref())?;
    }
    table.append_child(&row)?;
    Ok(())
}
