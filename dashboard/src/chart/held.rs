//! Columns of series with less than one sample a column: each value holds until the next.

use super::columns::Columns;
use series::Summary;

/// Columns of which an empty one shows the last value before it, up to a number of columns.
///
/// For painters of shapes that fill a column. A column then depends on `hold` columns to its left.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a, C> {
    columns: &'a C,
    hold: u32,
}

impl<'a, C: Columns> Held<'a, C> {
    /// Columns whose values hold for `hold` more columns: the longest time between two samples without a hole.
    pub const fn new(columns: &'a C, hold: u32) -> Self {
        Self { columns, hold }
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
