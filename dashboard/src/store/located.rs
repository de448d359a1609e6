//! A sample that comes without its group, at its place in the store.

use protocol::Timestamp;

/// A sample, and the places of its group and series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Located {
    pub(super) group: usize,
    pub(super) time: Timestamp,
    pub(super) series: usize,
    pub(super) value: f64,
}
