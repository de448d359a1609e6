//! The notice at the bottom of the page, for errors and limits.

use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::dom;

#[derive(Debug)]
pub(super) struct Notice {
    element: HtmlElement,
    /// The reason for which the server refuses the stream.
    refusal: Option<String>,
}

impl Notice {
    pub(super) fn new() -> Result<Self, JsValue> {
        Ok(Self { element: dom::by_id("notice")?, refusal: None })
    }

    pub(super) fn show(&self, text: &str) {
        self.element.set_text_content(Some(text));
        self.element.set_hidden(false);
    }

    /// Shows the reason for which the server refuses the stream. `None` hides that reason, unless another notice has replaced it.
    pub(super) fn show_refusal(&mut self, reason: Option<String>) {
        match &reason {
            Some(reason) => self.show(reason),
            None if self.element.text_content() == self.refusal => self.element.set_hidden(true),
            None => {}
        }
        self.refusal = reason;
    }

    /// Shows the error of a browser call, and writes it to the console with its stack.
    pub(super) fn show_error(&self, error: &JsValue) {
        web_sys::console::error_1(error);
        self.show(&format!("A browser call failed: {error:?}"));
    }
}
