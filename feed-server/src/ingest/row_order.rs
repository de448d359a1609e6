//! Rows that a source sent out of the order of time, by what became of them.

use std::ops::AddAssign;

/// Counts of rows out of the order of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutOfOrder {
    /// Put in their place: they came within the merge window.
    pub merged: u64,
    /// Dropped: all of their values were already there.
    pub repeated: u64,
    /// Dropped: they came after the merge window.
    pub too_late: u64,
    /// Dropped: their time lies too far ahead of the clock.
    pub ahead: u64,
}

impl OutOfOrder {
    pub const fn dropped(&self) -> u64 {
        self.repeated + self.too_late + self.ahead
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Each count, and its name in metrics.
    pub const fn named(&self) -> [(&'static str, u64); 4] {
        [("merged", self.merged), ("repeated", self.repeated), ("too_late", self.too_late), ("ahead", self.ahead)]
    }
}

impl AddAssign for OutOfOrder {
    fn add_assign(&mut self, more: Self) {
        self.merged += more.merged;
        self.repeated += more.repeated;
        self.too_late += more.too_late;
        self.ahead += more.ahead;
    }
}
