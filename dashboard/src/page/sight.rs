//! Which elements are on screen, or nearly so: an owned [IntersectionObserver].
//!
//! [IntersectionObserver]: https://developer.mozilla.org/en-US/docs/Web/API/IntersectionObserver

use js_sys::Array;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

/// So far beyond the screen's edge counts as on it: what scrolls in has been drawn by then.
const MARGIN: &str = "200px";

type Callback = Closure<dyn FnMut(Array)>;

/// Watches elements until it is dropped.
#[derive(Debug)]
pub(super) struct Sight {
    observer: IntersectionObserver,
    _callback: Callback,
}

impl Sight {
    /// Calls `seen` with an element and whether it is on screen, when that is first known and whenever it changes.
    pub(super) fn new(mut seen: impl FnMut(&Element, bool) + 'static) -> Result<Self, JsValue> {
        let callback: Callback = Closure::new(move |entries: Array| {
            for entry in entries.iter() {
                let entry: IntersectionObserverEntry = entry.unchecked_into();
                seen(&entry.target(), entry.is_intersecting());
            }
        });
        let options = IntersectionObserverInit::new();
        options.set_root_margin(MARGIN);
        let observer = IntersectionObserver::new_with_options(callback.as_ref().unchecked_ref(), &options)?;
        Ok(Self { observer, _callback: callback })
    }

    pub(super) fn watch(&self, element: &Element) {
        self.observer.observe(element);
    }

    pub(super) fn forget(&self, element: &Element) {
        self.observer.unobserve(element);
    }
}

impl Drop for Sight {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
