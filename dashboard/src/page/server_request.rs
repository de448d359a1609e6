//! A request to the server that served the page. A browser sends the page's origin with a POST.

use wasm_bindgen::JsValue;
use web_sys::{Event, XmlHttpRequest};

use super::listener::Listener;

/// A request under way. Dropping it cancels it, and does not call its owner.
#[derive(Debug)]
pub(super) struct ServerRequest {
    request: XmlHttpRequest,
    listener: Option<Listener>,
}

impl ServerRequest {
    /// Sends a POST without a body to `url`, which is relative to the page. `on_end` is called with the answer, or with the
    /// status 0 without one.
    pub(super) fn post(
        url: &str,
        header: Option<(&str, &str)>,
        timeout_ms: u32,
        on_end: impl FnMut(&XmlHttpRequest) + 'static,
    ) -> Result<Self, JsValue> {
        Self::send("POST", url, header, timeout_ms, on_end)
    }

    /// The same with GET.
    pub(super) fn get(
        url: &str,
        header: Option<(&str, &str)>,
        timeout_ms: u32,
        on_end: impl FnMut(&XmlHttpRequest) + 'static,
    ) -> Result<Self, JsValue> {
        Self::send("GET", url, header, timeout_ms, on_end)
    }

    fn send(
        method: &str,
        url: &str,
        header: Option<(&str, &str)>,
        timeout_ms: u32,
        mut on_end: impl FnMut(&XmlHttpRequest) + 'static,
    ) -> Result<Self, JsValue> {
        let request = XmlHttpRequest::new()?;
        request.open(method, url)?;
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

impl Drop for ServerRequest {
    fn drop(&mut self) {
        // Before the request ends: `abort` calls the listener.
        self.listener = None;
        // Fails only for a request that was not sent.
        let _not_sent = self.request.abort();
    }
}
