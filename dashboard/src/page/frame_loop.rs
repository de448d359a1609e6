//! Calls the page once for each display frame that is requested; dropping it stops it.
//!
//! Nothing is drawn while the page is hidden.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::dom;
use crate::link::Timer;
use protocol::Interval;

#[derive(Clone, Default)]
pub(super) struct FrameLoop {
    inner: Rc<Inner>,
}

type Callback = Closure<dyn FnMut(f64)>;

#[derive(Default)]
struct Inner {
    closure: RefCell<Option<Callback>>,
    request: Cell<Option<i32>>,
    pause: RefCell<Option<Timer>>,
}

impl FrameLoop {
    /// Calls `draw` for each display frame with its time in milliseconds since the page was opened, and requests the first one.
    /// It returns the pause before the next one, unless that is requested earlier.
    pub(super) fn start(&self, mut draw: impl FnMut(f64) -> Interval + 'static) {
        let weak = Rc::downgrade(&self.inner);
        let closure = Closure::new(move |time: f64| {
            if let Some(inner) = weak.upgrade() {
                inner.request.set(None);
                // Firefox calls a few times more. When the page is shown again, its event requests a frame.
                if !dom::document().is_ok_and(|document| document.hidden()) {
                    let pause = draw(time);
                    inner.pause(pause);
                }
            }
        });
        *self.inner.closure.borrow_mut() = Some(closure);
        self.request();
    }

    /// Requests a display frame, unless one is requested already.
    pub(super) fn request(&self) {
        self.inner.request();
    }

    /// Requests a display frame after a pause, in place of an earlier pause.
    pub(super) fn request_after(&self, pause: Interval) {
        self.inner.pause(pause);
    }
}

impl Inner {
    fn request(&self) {
        if self.request.get().is_some() {
            return;
        }
        drop(self.pause.take());
        let closure = self.closure.borrow();
        let (Some(closure), Ok(window)) = (closure.as_ref(), dom::window()) else { return };
        self.request.set(window.request_animation_frame(closure.as_ref().unchecked_ref()).ok());
    }

    fn pause(self: &Rc<Self>, pause: Interval) {
        if pause == Interval::ZERO {
            return self.request();
        }
        if self.request.get().is_some() {
            return;
        }
        let weak = Rc::downgrade(self);
        let timer = Timer::after(pause, move || {
            if let Some(inner) = weak.upgrade() {
                inner.request();
            }
        });
        *self.pause.borrow_mut() = Some(timer);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let (Some(request), Ok(window)) = (self.request.take(), dom::window()) {
            // Fails only if the window is closing.
            let _closing = window.cancel_animation_frame(request);
        }
    }
}
