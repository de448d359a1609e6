//! Asks the server for the layout that its configuration names.

use wasm_bindgen::JsValue;

use super::server_request::ServerRequest;

/// Relative to the page's address, as the stream.
const PATH: &str = "layout";

const TIMEOUT_MS: u32 = 10_000;

/// Asks with the page's half of the session. `on_layout` is called with the lines of a layout, and not at all without one.
pub(super) fn ask(key: Option<&str>, mut on_layout: impl FnMut(&str) + 'static) -> Result<ServerRequest, JsValue> {
    let header = key.map(|key| ("X-Kymograph-Key", key));
    ServerRequest::get(PATH, header, TIMEOUT_MS, move |request| {
        // A server without a layout answers 204, an older one 404.
        if let (Ok(200), Ok(Some(lines))) = (request.status(), request.response_text()) {
            on_layout(&lines);
        }
    })
}
