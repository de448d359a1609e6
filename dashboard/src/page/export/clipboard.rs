//! Copies a text. `execCommand` also works where a page has no `navigator.clipboard`: without TLS on a network.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlDocument, HtmlElement, HtmlTextAreaElement};

use crate::page::dom;

/// Copies a text. Returns false if the browser refuses. `within` is the open dialog, outside of which nothing can be selected, or the body.
pub(in crate::page) fn copy(text: &str, within: &HtmlElement) -> Result<bool, JsValue> {
    let document = dom::document()?;
    let focused = document.active_element().and_then(|element| element.dyn_into::<HtmlElement>().ok());
    let area: HtmlTextAreaElement = dom::element("textarea", "copied-text")?;
    area.set_value(text);
    area.set_read_only(true);
    within.append_child(&area)?;
    area.select();
    let is_done = document.unchecked_into::<HtmlDocument>().exec_command("copy");
    area.remove();
    if let Some(focused) = focused {
        focused.focus()?;
    }
    is_done
}
