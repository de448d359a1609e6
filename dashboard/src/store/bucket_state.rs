//! The state of a group that is held as buckets, besides its rings.

use protocol::{Interval, SummaryFields, Timestamp};

#[derive(Debug)]
pub(super) struct BucketState {
    /// The length of the buckets.
    pub(super) step: Interval,
    /// The time of the newest row, as updates state it.
    pub(super) newest: Timestamp,
    /// The newest bucket is open.
    pub(super) is_open: bool,
    /// A bucket was begun since the last restart of the stream.
    pub(super) has_begun: bool,
    /// The places of the series of the bucket that was begun last, in the order of its updates; `None` for an unknown one.
    pub(super) begun: Vec<Option<usize>>,
    /// The summaries of these series, from which the next update differs.
    pub(super) summaries: Vec<SummaryFields>,
    /// Incremented with each change of an open bucket.
    pub(super) changes: u64,
    /// A hole was declared after the newest bucket.
    pub(super) is_broken: bool,
}

/// The open bucket of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenBucket {
    pub row: u64,
    /// A number that differs after each change.
    pub changes: u64,
}

impl BucketState {
    pub(super) const fn new(step: Interval) -> Self {
        Self {
            step,
            newest: Timestamp::MIN,
            is_open: false,
            has_begun: false,
            begun: Vec::new(),
            summaries: Vec::new(),
            changes: 0,
            is_broken: false,
        }
    }
}
