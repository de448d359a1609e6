//! Where the samples of a series go.

use protocol::SeriesId;

/// A series, and the number of its group within the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub group: usize,
    pub series: SeriesId,
}
