//! Columns of series that are measured less than once a column: each value holds until the next.

use super::columns::Columns;
use series::Summary;

/// Columns in which an empty one shows the last value before it, for as long as a value holds.
///
/// Painters of shapes that fill a column want these where samples are sparser than columns. What a column shows then
/// depends on [`hold`](Self::hold) columns to its left: a chart that redraws a part adds that to the painter's reach.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a, C> {
    columns: &'a C,
    hold: u32,
}

impl<'a, C: Columns> Held<'a, C> {
    /// Columns whose values hold for `hold` more columns: the longest usual time between two samples, in columns.
    pub const fn new(columns: &'a C, hold: u32) -> Self {
        Self { columns, hold }
    }

    /// For how many columns a value holds.
    pub const fn hold(&self) -> u32 {
        self.hold
    }
}

impl<C: Columns> Columns for Held<'_, C> {
    fn series(&self) -> usize {
        self.columns.series()
    }

    fn width(&self) -> u32 {
        self.columns.width()
    }

    fn summary(&self, series: usize, x: u32) -> Summary {
        let own = self.columns.summary(series, x);
        if !own.is_empty() || x >= self.columns.width() {
            return own;
        }
        let mut earlier = (x.saturating_sub(self.hold)..x).rev().map(|x| self.columns.summary(series, x));
        let held = earlier.find(|summary| !summary.is_empty()).map(|summary| summary.last);
        held.map_or(Summary::EMPTY, |last| Summary { first: last, last, min: last, max: last, sum: last, count: 1 })
    }
}
