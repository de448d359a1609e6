//! A Rust function that JavaScript may call while its owner lives.

use std::cell::Cell;

use js_sys::Function;
use wasm_bindgen::convert::FromWasmAbi;
use wasm_bindgen::{JsCast, closure::Closure};

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
}

/// The number of functions of this module that the browser can still call. Zero after every client, socket and
/// timer was dropped; a browser test checks it.
pub fn live_closures() -> usize {
    LIVE.get()
}

/// A function that JavaScript may call with one argument. A dropped function cannot be called, so its owner detaches it
/// from the browser first.
///
/// It may be dropped while it runs: its captures then live until it returns, because the glue code counts a
/// running call as an owner.
pub(super) struct Callback<E: 'static>(Closure<dyn FnMut(E)>);

impl<E: FromWasmAbi + 'static> Callback<E> {
    pub(super) fn new(mut f: impl FnMut(E) + 'static) -> Self {
        // The mark is one of the captures, so it is dropped with them and not before.
        let mark = Mark::new();
        Self(Closure::own_aborting(move |argument| {
            let _captured = &mark;
            f(argument);
        }))
    }

    pub(super) fn function(&self) -> &Function {
        self.0.as_js_value().unchecked_ref()
    }
}

/// Counts one live function.
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
