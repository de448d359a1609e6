//! Reports the elements on screen or close to it: an owned [IntersectionObserver].
//!
//! [IntersectionObserver]: https://developer.mozilla.org/en-US/docs/Web/API/IntersectionObserver

use js_sys::Array;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

/// Elements within this distance of the screen count as visible, so that they are drawn before they scroll in.
const MARGIN: &str = "200px";

type Callback = Closure<dyn FnMut(Array)>;

/// Observes elements until it is dropped.
#[derive(Debug)]
pub(super) struct VisibilityObserver {
    observer: IntersectionObserver,
    _callback: Callback,
}

impl VisibilityObserver {
    /// Calls `on_change` with an element and its visibility, once at first and at each change.
    pub(super) fn new(mut on_change: impl FnMut(&Element, bool) + 'static) -> Result<Self, JsValue> {
        let callback: Callback = Closure::new(move |entries: Array| {
            for entry in entries.iter() {
                let entry: IntersectionObserverEntry = entry.unchecked_into();
                on_change(&entry.target(), entry.is_intersecting());
            }
        });
        let options = IntersectionObserverInit::new();
        options.set_root_margin(MARGIN);
        let observer = IntersectionObserver::new_with_options(callback.as_ref().unchecked_ref(), &options)?;
        Ok(Self { observer, _callback: callback })
    }

    pub(super) fn observe(&self, element: &Element) {
        self.observer.observe(element);
    }

    pub(super) fn unobserve(&self, element: &Element) {
        self.observer.unobserve(element);
    }
}

impl Drop for VisibilityObserver {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
