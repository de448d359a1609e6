//! Making and changing elements. Names and labels from the feed go in as text, never as markup.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, HtmlElement, Performance, Window};

/// The window.
pub(super) fn window() -> Result<Window, JsValue> {
    web_sys::window().ok_or_else(|| JsValue::from_str("no window"))
}

/// The document.
pub(super) fn document() -> Result<Document, JsValue> {
    window()?.document().ok_or_else(|| JsValue::from_str("no document"))
}

/// The clock that runs evenly.
pub(super) fn performance() -> Result<Performance, JsValue> {
    window()?.performance().ok_or_else(|| JsValue::from_str("no performance"))
}

/// The element of that id, which `index.html` has.
pub(super) fn by_id<T: JsCast>(id: &str) -> Result<T, JsValue> {
    let element = document()?.get_element_by_id(id).ok_or_else(|| JsValue::from_str(&format!("no #{id}")))?;
    element.dyn_into().map_err(|_| JsValue::from_str(&format!("#{id} is another kind of element")))
}

/// A new element with these classes.
pub(super) fn element<T: JsCast>(tag: &str, classes: &str) -> Result<T, JsValue> {
    let element = document()?.create_element(tag)?;
    element.set_class_name(classes);
    element.dyn_into().map_err(|_| JsValue::from_str(&format!("{tag} is another kind of element")))
}

/// An element whose text is set only when it changes: a write to the DOM costs layout, a comparison nothing.
#[derive(Debug)]
pub(super) struct Text {
    element: HtmlElement,
    shown: String,
}

impl Text {
    pub(super) const fn new(element: HtmlElement) -> Self {
        Self { element, shown: String::new() }
    }

    pub(super) fn set(&mut self, text: &str) {
        if self.shown != text {
            text.clone_into(&mut self.shown);
            self.element.set_text_content(Some(text));
        }
    }
}
