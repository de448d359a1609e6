//! An allocator that counts allocations.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::AddAssign;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    // Per thread, since tests run in parallel. Const and without Drop: counting must not allocate.
    static ALLOCATIONS: Cell<Allocations> = const { Cell::new(Allocations::NONE) };
}

/// Number and total size of allocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allocations {
    pub(crate) count: usize,
    pub(crate) bytes: usize,
}

impl Allocations {
    pub(crate) const NONE: Self = Self { count: 0, bytes: 0 };
}

impl AddAssign for Allocations {
    fn add_assign(&mut self, more: Self) {
        self.count += more.count;
        self.bytes += more.bytes;
    }
}

/// Counts the allocations of `work` on this thread.
pub(crate) fn allocations_of(work: impl FnOnce()) -> Allocations {
    ALLOCATIONS.set(Allocations::NONE);
    work();
    ALLOCATIONS.get()
}

struct Counting;

impl Counting {
    fn count(bytes: usize) {
        let mut allocations = ALLOCATIONS.get();
        allocations += Allocations { count: 1, bytes };
        ALLOCATIONS.set(allocations);
    }
}

// SAFETY: every call is forwarded unchanged to the system's allocator; counting neither allocates nor unwinds.
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
