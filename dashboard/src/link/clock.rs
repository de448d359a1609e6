//! The clock of the page.

use std::fmt;

use protocol::Timestamp;
use wasm_bindgen::prelude::*;

/// A monotonic clock. It is passed to the code that needs the time: tests and recordings have their own.
pub trait Clock: fmt::Debug {
    /// The current time of this clock.
    fn now(&self) -> Timestamp;
}

#[wasm_bindgen]
extern "C" {
    // Not through `window`: a worker has no window.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn millis_since_start() -> f64;
    #[wasm_bindgen(thread_local_v2, js_namespace = performance, js_name = timeOrigin)]
    static TIME_ORIGIN_MILLIS: f64;
}

/// The browser's monotonic clock: the machine's time when the page was loaded, plus the time since then.
///
/// Unlike the machine's clock it does not jump when the clock is set, and it may stop while the machine sleeps
/// (see [`performance.timeOrigin`](https://developer.mozilla.org/docs/Web/API/Performance/timeOrigin) on MDN).
#[derive(Clone, Copy, Debug, Default)]
pub struct PageClock;

impl Clock for PageClock {
    fn now(&self) -> Timestamp {
        let millis = TIME_ORIGIN_MILLIS.with(|origin| *origin) + millis_since_start();
        Timestamp::from_micros((millis * 1_000.0) as i64)
    }
}
