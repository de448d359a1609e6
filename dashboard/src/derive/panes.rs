//! Sliding windows, cut into panes: what lies in a window is told from what lies in each of its panes, so that nothing is
//! ever taken out of a sum and nothing drifts.

use std::collections::VecDeque;

use protocol::{Interval, Timestamp};

/// Something that rows are gathered in, and that can be joined with another of its kind.
pub trait Gather: Clone {
    /// Adds what the other holds.
    fn join(&mut self, other: &Self);
}

/// A window of time, as panes of which the newest is being filled. The window always reaches back between its length less
/// one pane, and its length.
#[derive(Clone, Debug)]
pub struct Panes<T> {
    empty: T,
    pane_us: i64,
    count: i64,
    /// Numbers of panes since the Unix epoch, and what they hold.
    held: VecDeque<(i64, T)>,
    /// Everything in the window.
    all: T,
}

impl<T: Gather> Panes<T> {
    /// A window of `count` panes, each as `empty` to begin with.
    pub fn new(window: Interval, count: u32, empty: T) -> Self {
        let pane_us = i64::try_from(window.micros() / u64::from(count.max(1))).unwrap_or(i64::MAX).max(1);
        Self { all: empty.clone(), empty, pane_us, count: i64::from(count.max(1)), held: VecDeque::new() }
    }

    /// Moves the window on to `time`, and lets `add` put something into the newest pane and into the whole.
    ///
    /// Hot: once a row; within it, now and then once a pane.
    pub fn add(&mut self, time: Timestamp, mut add: impl FnMut(&mut T)) {
        let number = time.micros().div_euclid(self.pane_us);
        if self.held.back().is_none_or(|&(newest, _)| newest != number) {
            self.move_to(number);
        }
        if let Some((_, pane)) = self.held.back_mut() {
            add(pane);
            add(&mut self.all);
        }
    }

    /// Everything in the window.
    pub const fn all(&self) -> &T {
        &self.all
    }

    fn move_to(&mut self, number: i64) {
        // A clock that went back begins anew: panes that lie ahead belong to another time.
        self.held.retain(|&(pane, _)| pane < number && pane > number.saturating_sub(self.count));
        self.all = self.empty.clone();
        for (_, pane) in &self.held {
            self.all.join(pane);
        }
        self.held.push_back((number, self.empty.clone()));
    }
}
