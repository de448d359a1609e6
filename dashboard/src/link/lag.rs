//! Lag of the received frames.

use std::collections::BinaryHeap;

use protocol::{Interval, Timestamp};

/// Frames in the statistics: 17 s at 60 frames a second.
pub const MAX_FRAMES: usize = 1_024;

/// Older frames do not describe the present state of the link.
pub const WINDOW: Interval = Interval::from_secs(10);

/// Lag of the newest frames: at most [`MAX_FRAMES`], none older than [`WINDOW`].
///
/// ```
/// use dashboard::link::Lag;
/// use protocol::{Interval, Timestamp};
///
/// let mut lag = Lag::default();
/// lag.record(Timestamp::from_micros(4_000), Interval::from_millis(3));
/// let recent = lag.recent(Timestamp::from_micros(5_000)).ok_or("no frame")?;
/// assert_eq!(recent.p99, Interval::from_millis(3));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lag {
    /// A ring once it is full: the oldest record is replaced next.
    records: Vec<Record>,
    next: usize,
    scratch: Vec<Interval>,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    arrived: Timestamp,
    lag: Interval,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LagQuantiles {
    pub p50: Interval,
    pub p99: Interval,
    /// Number of frames in the statistics.
    pub frames: usize,
}

impl Default for Lag {
    fn default() -> Self {
        Self { records: Vec::with_capacity(MAX_FRAMES), next: 0, scratch: Vec::with_capacity(MAX_FRAMES) }
    }
}

impl Lag {
    /// Records the lag of a frame that arrived at `arrived` by the page's clock. The estimate of the server's clock may jump.
    ///
    /// Hot: once per frame. Does not allocate.
    pub fn record(&mut self, arrived: Timestamp, lag: Interval) {
        let record = Record { arrived, lag };
        match self.records.get_mut(self.next) {
            Some(oldest) => *oldest = record,
            None => self.records.push(record),
        }
        self.next = (self.next + 1) % MAX_FRAMES;
    }

    /// The lag of the newest frame, if it arrived within [`WINDOW`] before `now`.
    pub fn latest(&self, now: Timestamp) -> Option<Interval> {
        let newest = self.next.checked_sub(1).unwrap_or(MAX_FRAMES - 1);
        let record = self.records.get(newest)?;
        (record.arrived > now - WINDOW).then_some(record.lag)
    }

    /// Exact quantiles (nearest rank) of the frames within [`WINDOW`] before `now`; `None` without a frame.
    pub fn recent(&mut self, now: Timestamp) -> Option<LagQuantiles> {
        let since = now - WINDOW;
        self.scratch.clear();
        self.scratch.extend(self.records.iter().filter(|record| record.arrived > since).map(|record| record.lag));
        // A heap sort in the same memory, with a tenth of the code of `sort_unstable`.
        self.scratch = BinaryHeap::from(std::mem::take(&mut self.scratch)).into_sorted_vec();
        Some(LagQuantiles {
            p50: nearest_rank(&self.scratch, 50)?,
            p99: nearest_rank(&self.scratch, 99)?,
            frames: self.scratch.len(),
        })
    }
}

/// The smallest value that at least `percent` of all values do not exceed.
fn nearest_rank(sorted: &[Interval], percent: usize) -> Option<Interval> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn quantiles_of_a_hundred_frames_are_exact() {
        let mut lag = Lag::default();
        let micros = Interval::from_micros;
        for n in 1..=100 {
            lag.record(at(0), micros(n));
        }
        assert_eq!(lag.recent(at(100)), Some(LagQuantiles { p50: micros(50), p99: micros(99), frames: 100 }));
        assert_eq!(lag.latest(at(100)), Some(micros(100)));
    }

    #[test]
    fn frames_older_than_the_window_are_excluded() {
        let mut lag = Lag::default();
        lag.record(at(9_000_000), Interval::from_secs(9));
        lag.record(at(10_000_000), Interval::from_millis(1));
        assert_eq!(lag.recent(at(10_000_000)).map(|recent| recent.p99), Some(Interval::from_secs(9)));
        assert_eq!(lag.recent(at(19_500_000)).map(|recent| recent.p99), Some(Interval::from_millis(1)));
        assert_eq!((lag.recent(at(20_000_000)), lag.latest(at(20_000_000))), (None, None));
    }

    proptest! {
        #[test]
        fn statistics_cover_the_newest_frames_without_growing(lags in prop::collection::vec(0_u64..1_000_000, 1..3_000)) {
            let mut lag = Lag::default();
            let capacity = (lag.records.capacity(), lag.scratch.capacity());
            for micros in &lags {
                lag.record(at(0), Interval::from_micros(*micros));
            }
            prop_assert_eq!(lag.latest(at(0)).map(Interval::micros), lags.last().copied());
            let mut newest: Vec<_> = lags.iter().rev().take(MAX_FRAMES).copied().collect();
            newest.sort_unstable();
            let recent = lag.recent(at(0)).ok_or_else(|| TestCaseError::fail("frames were recorded"))?;
            prop_assert_eq!(recent.frames, newest.len());
            let below = |value: Interval| newest.iter().filter(|&&lag| lag <= value.micros()).count();
            prop_assert!(below(recent.p50) * 100 >= newest.len() * 50);
            prop_assert!(below(recent.p99) * 100 >= newest.len() * 99);
            prop_assert!(newest.contains(&recent.p99.micros()));
            prop_assert_eq!((lag.records.capacity(), lag.scratch.capacity()), capacity);
        }
    }
}
