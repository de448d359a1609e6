//! The interface of a reader of the host source.

use std::time::{Duration, Instant};

use protocol::Timestamp;

use crate::clock;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::source::SourceError;

/// Reads one subject. The constructors of readers also return the cadence to read it at.
pub(super) trait Reader {
    /// Reads at `now`, and sends a row for each group. The first reading registers groups and series; rates begin with the second.
    ///
    /// All readers share one thread. What may block is read by a
    /// [`DeadlineReader`](crate::ingest::deadline_reader::DeadlineReader).
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError>;

    /// The time after which to call `read` again in this turn, because an answer is awaited.
    fn awaits(&self) -> Option<Duration> {
        None
    }
}

/// The time of a reading by both clocks: rows carry the first, rates divide by the second, which never steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) time: Timestamp,
    pub(super) instant: Instant,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self { time: clock::now(), instant: Instant::now() }
    }
}
