//! The help of a panel: a text that a button shows.

use wasm_bindgen::JsValue;
use web_sys::{Event, HtmlElement};

use super::dom;
use super::listener::Listener;

#[derive(Debug)]
pub(super) struct PanelHelp {
    opener: HtmlElement,
    text: HtmlElement,
    _opening: Listener,
}

impl PanelHelp {
    pub(super) fn new(text: &str) -> Result<Self, JsValue> {
        let (opener, shown): (HtmlElement, HtmlElement) =
            (dom::element("button", "panel-help-opener")?, dom::element("p", "panel-help")?);
        opener.set_attribute("type", "button")?;
        opener.set_attribute("aria-label", "What this panel shows")?;
        opener.set_attribute("aria-expanded", "false")?;
        opener.set_title("What this panel shows");
        opener.set_text_content(Some("?"));
        shown.set_text_content(Some(text));
        shown.set_hidden(true);
        let (button, toggled) = (opener.clone(), shown.clone());
        let opening = Listener::new(opener.clone(), "click", move |_: Event| {
            let is_shown = toggled.hidden();
            toggled.set_hidden(!is_shown);
            // Cannot fail: the name of the attribute is well formed.
            let _done = button.set_attribute("aria-expanded", if is_shown { "true" } else { "false" });
        })?;
        Ok(Self { opener, text: shown, _opening: opening })
    }

    pub(super) const fn opener(&self) -> &HtmlElement {
        &self.opener
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.text
    }
}
