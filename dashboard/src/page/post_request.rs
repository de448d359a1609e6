//! A POST to the server that served the page. A browser sends the page's origin with it.

use wasm_bindgen::JsValue;
use web_sys::{Event, XmlHttpRequest};

use super::listener::Listener;

/// A request under way. Dropping it cancels it, and does not call its owner.
#[derive(Debug)]
pub(super) struct PostRequest {
    request: XmlHttpRequest,
    listener: Option<Listener>,
}

impl PostRequest {
    /// Sends a request without a body to `url`, which is relative to the page. `on_end` is called with the answer, or with the
    /// status 0 without one.
    pub(super) fn send(
        url: &str,
        header: Option<(&str, &str)>,
        timeout_ms: u32,
        mut on_end: impl FnMut(&XmlHttpRequest) + 'static,
    ) -> Result<Self, JsValue> {
        let request = XmlHttpRequest::new()?;
        request.open("POST", url)?;
        request.set_timeout(timeout_ms);
        if let Some((name, value)) = header {
            request.set_request_header(name, value)?;
        }
        let sent = request.clone();
        let listener = Listener::new(request.clone(), "loadend", move |_: Event| on_end(&sent))?;
        request.send()?;
        Ok(Self { request, listener: Some(listener) })
    }
}

impl Drop for PostRequest {
    fn drop(&mut self) {
        // Before the request ends: `abort` calls the listener.
        self.listener = None;
        // Fails only for a request that was not sent.
        let _not_sent = self.request.abort();
    }
}
