//! An allocator that counts what is asked of it.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    // Neither lazy nor dropped: counting must not allocate.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// Does `work`.
///
/// # Panics
/// When it asks for memory on this thread.
pub fn none<T>(work: impl FnOnce() -> T) -> T {
    let before = COUNT.get();
    let done = work();
    assert_eq!(COUNT.get() - before, 0, "decoding asked for memory");
    done
}

struct Counting;

// SAFETY: every call is passed on to the system's allocator as it came; counting neither allocates nor unwinds. What is
// not here (`alloc_zeroed`, `realloc`) is made of these by default.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and `place` came from the system's allocator.
        unsafe { System.dealloc(place, layout) }
    }
}
