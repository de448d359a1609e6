//! Handles the results of the finder, and the filter of the page.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};

use super::App;
use crate::page::address;
use crate::page::finder::Finding;
use crate::page::label_filter::LabelFilter;

impl App {
    /// Handles the result that was chosen in the finder.
    pub(super) fn take_found(&mut self) -> Result<(), JsValue> {
        let Some(found) = self.finder.take(self.feed.store())? else { return Ok(()) };
        match found {
            Finding::Command(command) => self.command(command),
            Finding::Span(span) => self.navigation.set_span(span),
            Finding::Panel { group } => self.reveal(&group, None)?,
            Finding::Series { group, number } => self.reveal(&group, Some(number))?,
            Finding::Filter(text) => self.set_filter(LabelFilter::parse(&text).ok())?,
        }
        Ok(())
    }

    /// Scrolls to a panel, whose plot gets the focus.
    fn reveal(&mut self, group: &str, series: Option<usize>) -> Result<(), JsValue> {
        let Some(panel) = self.panels.reveal(self.feed.store_mut(), group, series)? else {
            self.notice.show(&format!("The group {group:?} has ended"));
            return Ok(());
        };
        let options = ScrollIntoViewOptions::new();
        options.set_block(ScrollLogicalPosition::Center);
        panel.scroll_into_view_with_scroll_into_view_options(&options);
        match panel.query_selector(".plot")? {
            Some(plot) => plot.unchecked_into::<HtmlElement>().focus(),
            None => Ok(()),
        }
    }

    /// Shows only series with some labels, or all.
    pub(super) fn set_filter(&mut self, filter: Option<LabelFilter>) -> Result<(), JsValue> {
        address::set("filter", filter.as_ref().map(LabelFilter::text))?;
        self.filter.show(filter.as_ref());
        self.panels.set_filter(filter, self.feed.store());
        Ok(())
    }
}
