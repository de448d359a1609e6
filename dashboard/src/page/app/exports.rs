//! Tables and files of values, and links to the times on screen.

use std::ops::Range;

use protocol::Timestamp;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;

use super::App;
use crate::page::address;
use crate::page::dom;
use crate::page::export::requests::Collected;
use crate::page::export::values::Values;
use crate::page::export::{clipboard, download, picture};
use crate::page::menu::PanelAction;
use crate::page::tables::dialog::{Subject, TableKind};
use crate::view::{self, rfc3339};
use crate::viewport::Motion;

const CSV: &str = "text/csv;charset=utf-8";

impl App {
    /// Handles the actions of menus and the controls of the table, and saves a file when its values have arrived.
    pub(super) fn take_acts(&mut self) -> Result<(), JsValue> {
        if let Some(subject) = self.table.take_changed() {
            self.show_table(&subject)?;
        }
        if let Some((act, panel)) = self.panels.take_action() {
            let element = panel.element().clone();
            match act {
                PanelAction::SavePicture => self.save_picture(&element)?,
                PanelAction::SaveValues => self.save_values(&element, self.navigation.viewport().shown())?,
                PanelAction::ShowTable => self.begin_columns(element)?,
            }
        }
        let now = self.clock.now();
        self.feed.ask_for_export(now);
        if let Some(part) = self.feed.export().progress() {
            self.status.say(&format!("Receiving values: {:.0} %", part * 100.0), now);
            // The next query is due after a pause, and no message from the server requests a display frame for it.
            self.frames.request();
        }
        if let Some(done) = self.feed.export().take_done() {
            self.status.say(&format!("Saved {}", done.name), now);
            download::save_text(&done.name, CSV, &done.csv())?;
        }
        if let Some(failure) = self.feed.export().take_failure() {
            self.notice.show(failure);
        }
        Ok(())
    }

    /// Shows the statistics of the selected span, of the panel on which it was selected.
    pub(super) fn show_statistics(&mut self) -> Result<(), JsValue> {
        self.navigation.take_gestures()?;
        let Some((span, panel)) = self.navigation.selection() else { return Ok(()) };
        let subject = Subject { kind: TableKind::Statistics, span_text: self.span_text(&span), span, panel };
        self.table.begin(subject.clone(), &[], 0)?;
        self.show_table(&subject)
    }

    fn begin_columns(&mut self, panel: HtmlElement) -> Result<(), JsValue> {
        let span = self.navigation.viewport().shown();
        let shown = self.panels.around(&panel).and_then(|panel| panel.shown_series(self.feed.store()));
        let Some((group, places)) = shown else { return Ok(()) };
        let names: Vec<String> = places.iter().map(|&place| group.series()[place].name.clone()).collect();
        let subject = Subject { kind: TableKind::Columns, span_text: self.span_text(&span), span, panel };
        self.table.begin(subject.clone(), &names, 0)?;
        self.show_table(&subject)
    }

    fn show_table(&self, subject: &Subject) -> Result<(), JsValue> {
        let Some(panel) = self.panels.around(&subject.panel) else { return Ok(()) };
        let (store, span) = (self.feed.store(), &subject.span);
        let table = match subject.kind {
            TableKind::Statistics => panel.statistics(store, span, self.table.level()).map(|of| of.table()),
            TableKind::Columns => {
                let labels = self.display.time_labels(Motion::Fixed);
                let label = |time| view::time_label(labels, time, span.end, span.end.since(span.start));
                panel.columns_of(store, span, self.table.series()).map(|of| of.table(&label))
            }
        };
        table.map_or(Ok(()), |table| self.table.show(&table))
    }

    fn span_text(&self, span: &Range<Timestamp>) -> String {
        let labels = self.display.time_labels(Motion::Fixed);
        let length = span.end.since(span.start);
        let [from, to] = [span.start, span.end].map(|time| view::time_label(labels, time, span.end, length));
        format!("{from} \u{2013} {to}")
    }

    /// Saves the values of the selected span, of the panel on which it was selected.
    pub(super) fn save_selection(&mut self) -> Result<(), JsValue> {
        self.navigation.take_gestures()?;
        match self.navigation.selection() {
            Some((span, panel)) => self.save_values(&panel, span),
            None => Ok(()),
        }
    }

    /// Saves the values of a panel over a span. Those that the page does not hold are requested.
    fn save_values(&mut self, element: &HtmlElement, span: Range<Timestamp>) -> Result<(), JsValue> {
        let store = self.feed.store();
        let Some(panel) = self.panels.around(element) else { return Ok(()) };
        let Some((group, places)) = panel.shown_series(store) else { return Ok(()) };
        let name = download::file_name(&[self.feed.host(), panel.title(), &rfc3339::format(span.end)], "csv");
        let limits = self.feed.query_limits();
        let held = Values::held(group, &places, &span);
        let is_asked_for = held.is_none() && panel.is_measured() && limits.at_once > 0;
        if !is_asked_for {
            let values = held.unwrap_or_else(|| Values::known(group, &places, &span));
            self.status.say(&format!("Saved {name}: {} rows", values.len()), self.clock.now());
            return download::save_text(&name, CSV, &values.csv());
        }
        match Collected::new(name, group, &places, span, limits) {
            Ok(collected) => self.feed.export().begin(collected),
            Err(error) => self.notice.show(&error.to_string()),
        }
        Ok(())
    }

    fn save_picture(&mut self, element: &HtmlElement) -> Result<(), JsValue> {
        let Some(panel) = self.panels.around(element) else { return Ok(()) };
        let span = self.navigation.viewport().shown();
        let [from, to] = [span.start, span.end].map(rfc3339::format);
        let footer = format!("{} \u{b7} {from} \u{2013} {to}", self.feed.host());
        let name = download::file_name(&[self.feed.host(), panel.title(), &to], "png");
        download::save_url(&name, &picture::of_panel(element, &footer)?)?;
        self.status.say(&format!("Saved {name}"), self.clock.now());
        Ok(())
    }

    /// Copies a link that shows the same times, also from a live view.
    pub(super) fn copy_link(&mut self) -> Result<(), JsValue> {
        let viewport = self.navigation.viewport();
        let (span, at) = (viewport.span().as_secs_f64().to_string(), rfc3339::format(viewport.right()));
        let link = address::with(&[("window", &span), ("at", &at)])?;
        let body: HtmlElement = dom::document()?.body().ok_or_else(|| JsValue::from_str("no body"))?.unchecked_into();
        let is_done = clipboard::copy(&link, &body)?;
        let text = if is_done { "Link copied: it shows these times" } else { "The browser refused to copy" };
        self.status.say(text, self.clock.now());
        Ok(())
    }
}
