//! The page's own clock.

use protocol::Timestamp;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    // Not through `window`, so that a worker has it too.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn millis_since_start() -> f64;
    #[wasm_bindgen(thread_local_v2, js_namespace = performance, js_name = timeOrigin)]
    static TIME_ORIGIN_MILLIS: f64;
}

/// What the page's clock shows: when the page was loaded, by the machine's clock, plus the time since then.
///
/// Unlike the machine's clock it never goes back, and it does not jump when somebody sets the clock; unlike the
/// machine's clock it may stand still while the machine sleeps.
/// ([`performance.timeOrigin`](https://developer.mozilla.org/docs/Web/API/Performance/timeOrigin))
pub fn page_now() -> Timestamp {
    let millis = TIME_ORIGIN_MILLIS.with(|origin| *origin) + millis_since_start();
    Timestamp::from_micros((millis * 1_000.0) as i64)
}
