//! The `requestAnimationFrame` loop of the page; dropping it stops it.
//!
//! The browser does not call it while the page is hidden.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::dom;

#[derive(Debug)]
pub(super) struct FrameLoop {
    inner: Rc<Inner>,
}

type Callback = Closure<dyn FnMut(f64)>;

#[derive(Debug, Default)]
struct Inner {
    closure: RefCell<Option<Callback>>,
    request: Cell<Option<i32>>,
}

impl FrameLoop {
    /// Calls `draw` once a display frame with its time in milliseconds since the page was opened.
    pub(super) fn start(mut draw: impl FnMut(f64) + 'static) -> Self {
        let inner = Rc::new(Inner::default());
        let weak = Rc::downgrade(&inner);
        let closure = Closure::new(move |time: f64| {
            draw(time);
            if let Some(inner) = weak.upgrade() {
                inner.request();
            }
        });
        *inner.closure.borrow_mut() = Some(closure);
        inner.request();
        Self { inner }
    }
}

impl Inner {
    fn request(&self) {
        let closure = self.closure.borrow();
        let (Some(closure), Ok(window)) = (closure.as_ref(), dom::window()) else { return };
        self.request.set(window.request_animation_frame(closure.as_ref().unchecked_ref()).ok());
    }
}

impl Drop for FrameLoop {
    fn drop(&mut self) {
        if let (Some(request), Ok(window)) = (self.inner.request.take(), dom::window()) {
            // Fails only if the window is closing.
            let _closing = window.cancel_animation_frame(request);
        }
    }
}
