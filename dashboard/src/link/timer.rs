//! A timer that is cleared when dropped.

use js_sys::Function;
use protocol::Interval;
use wasm_bindgen::prelude::*;

use super::callback::Callback;

/// The longest delay of `setTimeout`, 24 days; with a longer one browsers fire immediately.
const MAX_MILLIS: u64 = i32::MAX as u64;

#[wasm_bindgen]
extern "C" {
    // Global functions and not methods of `window`, so that a worker can use them too.
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(function: &Function, millis: i32) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(id: &JsValue);
}

/// Calls a function once, later: [`setTimeout`](https://developer.mozilla.org/docs/Web/API/Window/setTimeout).
/// A dropped timer does not call. It may be dropped from inside the call.
pub struct Timer {
    id: JsValue,
    _callback: Callback<JsValue>,
}

impl Timer {
    /// Calls `f` after `delay`, at most 24 days; later in a hidden page.
    pub fn after(delay: Interval, mut f: impl FnMut() + 'static) -> Self {
        let callback = Callback::new(move |_undefined: JsValue| f());
        let millis = delay.micros().div_ceil(1_000).min(MAX_MILLIS);
        Self { id: set_timeout(callback.function(), millis as i32), _callback: callback }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.id);
    }
}
