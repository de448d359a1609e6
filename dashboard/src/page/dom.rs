//! Functions to find, create and change elements. Strings of the stream are set as text, never as markup.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, HtmlElement, Window};

pub(super) fn window() -> Result<Window, JsValue> {
    web_sys::window().ok_or_else(|| JsValue::from_str("no window"))
}

pub(super) fn document() -> Result<Document, JsValue> {
    window()?.document().ok_or_else(|| JsValue::from_str("no document"))
}

/// The element of that id in `index.html`.
pub(super) fn by_id<T: JsCast>(id: &str) -> Result<T, JsValue> {
    let element = document()?
        .get_element_by_id(id)
        .ok_or_else(|| JsValue::from_str(&format!("index.html must have an element with id {id}, found none")))?;
    element.dyn_into().map_err(|_| JsValue::from_str(&format!("the element with id {id} has an unexpected type")))
}

pub(super) fn element<T: JsCast>(tag: &str, classes: &str) -> Result<T, JsValue> {
    let element = document()?.create_element(tag)?;
    element.set_class_name(classes);
    element.dyn_into().map_err(|_| JsValue::from_str(&format!("{tag} creates an element of an unexpected type")))
}

/// Takes the focus from whatever has it.
pub(super) fn blur() {
    let focused = document().ok().and_then(|document| document.active_element());
    if let Some(element) = focused.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // Fails only if the element has left the page.
        let _gone = element.blur();
    }
}

/// An element whose text is written only if it changed: a write to the DOM costs layout.
#[derive(Debug)]
pub(super) struct Text {
    element: HtmlElement,
    shown: String,
}

impl Text {
    pub(super) const fn new(element: HtmlElement) -> Self {
        Self { element, shown: String::new() }
    }

    pub(super) fn text(&self) -> &str {
        &self.shown
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.element
    }

    pub(super) fn set(&mut self, text: &str) {
        if self.shown != text {
            text.clone_into(&mut self.shown);
            self.element.set_text_content(Some(text));
        }
    }

    /// Sets a text that may be cut off by the style sheet. The whole text is shown when the pointer rests on it.
    pub(super) fn set_with_title(&mut self, text: &str) {
        if self.shown != text {
            self.element.set_title(text);
        }
        self.set(text);
    }
}
