//! A row of panels: its title, which opens and closes it, and the grid of its panels.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::JsValue;
use web_sys::{Element, Event, HtmlElement};

use super::dom;
use super::listener::Listener;
use crate::layout::{PlacedRow, RowState};

/// With fewer panels than this, they fill the width.
const FEW: usize = 4;

#[derive(Debug)]
pub(super) struct PanelRow {
    title: String,
    root: HtmlElement,
    body: HtmlElement,
    opener: Option<HtmlElement>,
    is_open: Rc<Cell<bool>>,
    _opening: Option<Listener>,
}

impl PanelRow {
    pub(super) fn new(row: &PlacedRow) -> Result<Self, JsValue> {
        let root: HtmlElement = dom::element("section", "row")?;
        let body: HtmlElement = dom::element("div", "row-panels")?;
        let is_open = Rc::new(Cell::new(row.state == RowState::Open));
        let (mut opening, mut shown_opener) = (None, None);
        if !row.title.is_empty() {
            let heading: HtmlElement = dom::element("h2", "row-title")?;
            let opener: HtmlElement = dom::element("button", "row-opener")?;
            opener.set_attribute("type", "button")?;
            opener.set_text_content(Some(&row.title));
            heading.append_child(&opener)?;
            root.append_child(&heading)?;
            root.set_attribute("aria-label", &row.title)?;
            show(&opener, &body, is_open.get())?;
            let (open, toggled, button) = (Rc::clone(&is_open), body.clone(), opener.clone());
            shown_opener = Some(opener.clone());
            opening = Some(Listener::new(opener, "click", move |_: Event| {
                open.set(!open.get());
                // Cannot fail: the name of the attribute is well formed.
                let _done = show(&button, &toggled, open.get());
            })?);
        }
        root.append_child(&body)?;
        Ok(Self { title: row.title.clone(), root, body, opener: shown_opener, is_open, _opening: opening })
    }

    /// Returns true if it was made for this row, perhaps with other panels.
    pub(super) fn is_of(&self, row: &PlacedRow) -> bool {
        self.title == row.title
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.root
    }

    pub(super) const fn body(&self) -> &HtmlElement {
        &self.body
    }

    /// Arranges so many panels.
    pub(super) fn set_count(&self, count: usize) -> Result<(), JsValue> {
        self.body.class_list().toggle_with_force("is-few", count < FEW).map(drop)
    }

    pub(super) fn open(&self) -> Result<(), JsValue> {
        self.is_open.set(true);
        self.opener.as_ref().map_or(Ok(()), |opener| show(opener, &self.body, true))
    }

    /// Opens it for paper, also if the user has closed it.
    pub(super) fn set_printed(&self, is_printed: bool) {
        self.body.set_hidden(!is_printed && !self.is_open.get());
    }
}

fn show(opener: &HtmlElement, body: &HtmlElement, is_open: bool) -> Result<(), JsValue> {
    body.set_hidden(!is_open);
    opener.set_attribute("aria-expanded", if is_open { "true" } else { "false" })
}

/// Puts elements in order at the beginning of their parent.
pub(super) fn order<'e>(parent: &Element, elements: impl Iterator<Item = &'e HtmlElement>) -> Result<(), JsValue> {
    let mut next = parent.first_element_child();
    for element in elements {
        if next.as_ref().is_some_and(|next| next.is_same_node(Some(element))) {
            next = element.next_element_sibling();
        } else {
            parent.insert_before(element, next.as_deref())?;
        }
    }
    Ok(())
}
