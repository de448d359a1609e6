//! The pace of a scan: it rests after each slice, so that thousands of processes are no burst.

use std::thread;
use std::time::{Duration, Instant};

use crate::ingest::host::reader::Moment;

/// The processes that are read without a rest. They take a third of a millisecond.
pub(super) const SLICE: usize = 64;
/// About twice the time that a slice takes.
const REST: Duration = Duration::from_millis(1);
/// A bound on the rests of a scan together: it must end before the next one is due.
const RESTS: Duration = Duration::from_millis(100);

/// The clock of scans. Tests have one of their own.
pub(super) trait Pace: Send {
    /// Begins a scan. Returns its time.
    fn begin(&mut self) -> Moment;

    /// Rests between two slices of `slices`. Returns the time after it.
    fn rest(&mut self, slices: usize) -> Instant;
}

/// Sleeps between slices.
pub(super) struct Slices;

impl Pace for Slices {
    fn begin(&mut self) -> Moment {
        Moment::now()
    }

    fn rest(&mut self, slices: usize) -> Instant {
        thread::sleep(REST.min(RESTS / u32::try_from(slices).unwrap_or(u32::MAX).max(1)));
        Instant::now()
    }
}
