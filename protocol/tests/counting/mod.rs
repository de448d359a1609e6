//! An allocator that counts what is asked of it.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::AddAssign;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    // By thread, since tests run side by side. Neither lazy nor dropped: counting must not allocate.
    static ASKED: Cell<Asked> = const { Cell::new(Asked::NOTHING) };
}

/// What was asked of the allocator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) times: usize,
    pub(crate) bytes: usize,
}

impl Asked {
    pub(crate) const NOTHING: Self = Self { times: 0, bytes: 0 };
}

impl AddAssign for Asked {
    fn add_assign(&mut self, more: Self) {
        self.times += more.times;
        self.bytes += more.bytes;
    }
}

/// What `work` asks of the allocator, on this thread.
pub(crate) fn asked_by(work: impl FnOnce()) -> Asked {
    ASKED.set(Asked::NOTHING);
    work();
    ASKED.get()
}

struct Counting;

impl Counting {
    fn count(bytes: usize) {
        let mut asked = ASKED.get();
        asked += Asked { times: 1, bytes };
        ASKED.set(asked);
    }
}

// SAFETY: every call is passed on to the system's allocator as it came; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        Self::count(new_size);
        // SAFETY: the caller keeps the contract of `realloc`, and `place` came from the system's allocator.
        unsafe { System.realloc(place, layout, new_size) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and `place` came from the system's allocator.
        unsafe { System.dealloc(place, layout) }
    }
}
