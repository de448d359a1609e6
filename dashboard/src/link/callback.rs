//! A Rust function that JavaScript may call for as long as its owner lives.

use std::cell::Cell;

use js_sys::Function;
use wasm_bindgen::convert::FromWasmAbi;
use wasm_bindgen::{JsCast, closure::Closure};

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
}

/// How many functions that this module handed to the browser are still held. When every client, socket and timer has
/// been dropped it is back where it was; the browser tests prove it.
pub fn live_closures() -> usize {
    LIVE.get()
}

/// A function that JavaScript may call with one argument. Once it is dropped it cannot be called any more, so its
/// owner takes it back from the browser first.
///
/// It may be dropped while it runs: what it captured then lives until it returns, because the glue code counts a
/// running call as an owner.
pub(super) struct Callback<E: 'static>(Closure<dyn FnMut(E)>);

impl<E: FromWasmAbi + 'static> Callback<E> {
    /// Wraps `f`.
    pub(super) fn new(mut f: impl FnMut(E) + 'static) -> Self {
        // The mark lies among what the function captured, so it goes when they go and not a moment before.
        let mark = Mark::new();
        Self(Closure::own_aborting(move |argument| {
            let _captured = &mark;
            f(argument);
        }))
    }

    /// The function, as a property or an argument in JavaScript.
    pub(super) fn function(&self) -> &Function {
        self.0.as_js_value().unchecked_ref()
    }
}

/// One function that counts.
struct Mark;

impl Mark {
    fn new() -> Self {
        LIVE.set(LIVE.get() + 1);
        Self
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        LIVE.set(LIVE.get() - 1);
    }
}
