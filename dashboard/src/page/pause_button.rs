//! The button that pauses the display and resumes it.

use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::dom;
use crate::viewport::Motion;

#[derive(Debug)]
pub(super) struct PauseButton {
    element: HtmlElement,
}

impl PauseButton {
    pub(super) fn new() -> Result<Self, JsValue> {
        Ok(Self { element: dom::by_id("pause")? })
    }

    pub(super) fn show(&self, motion: Motion) -> Result<(), JsValue> {
        let (pressed, text) = match motion {
            Motion::Live => ("false", "Pause"),
            Motion::Paused => ("true", "Resume"),
        };
        self.element.set_text_content(Some(text));
        self.element.set_attribute("aria-pressed", pressed)
    }
}
