//! Reports the elements on screen or close to it: an owned [IntersectionObserver].
//!
//! [IntersectionObserver]: https://developer.mozilla.org/en-US/docs/Web/API/IntersectionObserver

use js_sys::Array;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

/// Elements within this distance of the screen are close to it, so that they are drawn before they scroll in.
const MARGIN: &str = "200px";

/// The observers of panels: of those close to the screen, and of those on it.
#[derive(Debug)]
pub(super) struct Observers {
    near: VisibilityObserver,
    on_screen: VisibilityObserver,
}

impl Observers {
    /// Call the functions with an element and its visibility, once at first and at each change.
    pub(super) fn new(
        on_near: impl FnMut(&Element, bool) + 'static,
        on_screen: impl FnMut(&Element, bool) + 'static,
    ) -> Result<Self, JsValue> {
        Ok(Self {
            near: VisibilityObserver::new(MARGIN, on_near)?,
            on_screen: VisibilityObserver::new("0px", on_screen)?,
        })
    }

    pub(super) fn observe(&self, element: &Element) {
        self.near.observer.observe(element);
        self.on_screen.observer.observe(element);
    }

    pub(super) fn unobserve(&self, element: &Element) {
        self.near.observer.unobserve(element);
        self.on_screen.observer.unobserve(element);
    }
}

type Callback = Closure<dyn FnMut(Array)>;

/// Observes elements until it is dropped.
#[derive(Debug)]
struct VisibilityObserver {
    observer: IntersectionObserver,
    _callback: Callback,
}

impl VisibilityObserver {
    fn new(margin: &str, mut on_change: impl FnMut(&Element, bool) + 'static) -> Result<Self, JsValue> {
        let callback: Callback = Closure::new(move |entries: Array| {
            for entry in entries.iter() {
                let entry: IntersectionObserverEntry = entry.unchecked_into();
                on_change(&entry.target(), entry.is_intersecting());
            }
        });
        let options = IntersectionObserverInit::new();
        options.set_root_margin(margin);
        let observer = IntersectionObserver::new_with_options(callback.as_ref().unchecked_ref(), &options)?;
        Ok(Self { observer, _callback: callback })
    }
}

impl Drop for VisibilityObserver {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
