//! An owned event listener: dropping it removes it from its target.

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AddEventListenerOptions, Event, EventTarget};

#[derive(Debug)]
pub(super) struct Listener {
    target: EventTarget,
    kind: &'static str,
    closure: Closure<dyn FnMut(Event)>,
}

impl Listener {
    pub(super) fn new(
        target: impl Into<EventTarget>,
        kind: &'static str,
        handler: impl FnMut(Event) + 'static,
    ) -> Result<Self, JsValue> {
        let target = target.into();
        let closure = Closure::new(handler);
        target.add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref())?;
        Ok(Self { target, kind, closure })
    }
}

impl Listener {
    /// A listener that may prevent what the browser does by default. The browser waits for it before it scrolls.
    pub(super) fn active(
        target: impl Into<EventTarget>,
        kind: &'static str,
        handler: impl FnMut(Event) + 'static,
    ) -> Result<Self, JsValue> {
        let target = target.into();
        let closure = Closure::new(handler);
        let options = AddEventListenerOptions::new();
        options.set_passive(false);
        let callback = closure.as_ref().unchecked_ref();
        target.add_event_listener_with_callback_and_add_event_listener_options(kind, callback, &options)?;
        Ok(Self { target, kind, closure })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let callback = self.closure.as_ref().unchecked_ref();
        // Fails only if the target was destroyed.
        let _gone = self.target.remove_event_listener_with_callback(self.kind, callback);
    }
}
