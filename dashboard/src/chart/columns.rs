//! The input of every painter: one summary for each series and column of the surface.

use series::Summary;

/// Columns of a group's series, from the left edge of the surface.
pub trait Columns {
    fn series(&self) -> usize;

    fn width(&self) -> u32;

    /// The summary of a series in a column; empty if it has no value there, and outside the columns.
    fn summary(&self, series: usize, x: u32) -> Summary;
}
