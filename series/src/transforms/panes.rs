//! Sliding windows, cut into panes. The content of a window is merged from its panes and nothing is ever subtracted, so
//! that rounding errors do not accumulate.

use std::collections::VecDeque;

use protocol::{Interval, Timestamp};

/// An aggregate that another of its kind can be merged into.
pub trait Merge: Clone {
    /// Adds the content of `other`.
    fn merge(&mut self, other: &Self);
}

/// A window of time as a list of panes, the newest of which is being filled. It covers between its length minus one
/// pane, and its length.
#[derive(Clone, Debug)]
pub struct Panes<T> {
    empty: T,
    pane_us: i64,
    count: i64,
    /// Pane numbers, counted from the Unix epoch, and the panes' contents.
    filled: VecDeque<(i64, T)>,
    window: T,
}

impl<T: Merge> Panes<T> {
    /// A window of `count` panes, each of which starts as `empty`.
    pub fn new(window: Interval, count: u32, empty: T) -> Self {
        let pane_us = i64::try_from(window.micros() / u64::from(count.max(1))).unwrap_or(i64::MAX).max(1);
        Self { window: empty.clone(), empty, pane_us, count: i64::from(count.max(1)), filled: VecDeque::new() }
    }

    /// Moves the window's end to `time` and applies `add` to the newest pane and to the complete window.
    ///
    /// Hot: once a row. The merge inside runs once a pane.
    pub fn add(&mut self, time: Timestamp, mut add: impl FnMut(&mut T)) {
        let number = time.micros().div_euclid(self.pane_us);
        if self.filled.back().is_none_or(|&(newest, _)| newest != number) {
            self.start_pane(number);
        }
        if let Some((_, pane)) = self.filled.back_mut() {
            add(pane);
            add(&mut self.window);
        }
    }

    /// The content of the complete window.
    pub const fn window(&self) -> &T {
        &self.window
    }

    fn start_pane(&mut self, number: i64) {
        // Panes ahead of the time were filled before the clock was set back: they are dropped.
        self.filled.retain(|&(pane, _)| pane < number && pane > number.saturating_sub(self.count));
        self.window = self.empty.clone();
        for (_, pane) in &self.filled {
            self.window.merge(pane);
        }
        self.filled.push_back((number, self.empty.clone()));
    }
}
