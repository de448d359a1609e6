//! What every kind of chart draws from: one summary for each series and column of the surface.

use series::Summary;

/// Columns of a group's series, from the left edge of the surface.
pub trait Columns {
    /// How many series there are.
    fn series(&self) -> usize;

    /// How many columns there are.
    fn width(&self) -> u32;

    /// What a series came to within a column; empty where it has no value, and outside.
    fn summary(&self, series: usize, x: u32) -> Summary;
}
