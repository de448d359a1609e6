//! How late frames arrive.

use protocol::{Interval, Timestamp};

/// Frames looked back on: 17 s of them at 60 a second.
pub const MAX_FRAMES: usize = 1_024;

/// Older frames say nothing about the link as it is now.
pub const WINDOW: Interval = Interval::from_secs(10);

/// The lag of the newest frames: at most [`MAX_FRAMES`], and none older than [`WINDOW`].
///
/// ```
/// use dashboard::link::Lag;
/// use protocol::{Interval, Timestamp};
///
/// let mut lag = Lag::default();
/// lag.record(Timestamp::from_micros(1_000), Timestamp::from_micros(4_000));
/// let recent = lag.recent(Timestamp::from_micros(5_000)).ok_or("no frame")?;
/// assert_eq!(recent.p99, Interval::from_millis(3));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lag {
    /// A ring once it is full: the oldest record is the next to be replaced.
    records: Vec<Record>,
    next: usize,
    scratch: Vec<Interval>,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    arrived: Timestamp,
    lag: Interval,
}

/// How lag is distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LagQuantiles {
    /// Half of the frames took at most so long.
    pub p50: Interval,
    /// 99 of 100 frames took at most so long.
    pub p99: Interval,
    /// How many frames that says something about.
    pub frames: usize,
}

impl Default for Lag {
    fn default() -> Self {
        Self { records: Vec::with_capacity(MAX_FRAMES), next: 0, scratch: Vec::with_capacity(MAX_FRAMES) }
    }
}

impl Lag {
    /// Records that a frame sent at `sent` arrived at `arrived`, both by the server's clock. A frame from the future
    /// has no lag: it shows the error of the clock's estimate.
    ///
    /// Hot: once per frame. Allocates nothing.
    pub fn record(&mut self, sent: Timestamp, arrived: Timestamp) {
        let lag = Interval::from_micros(arrived.micros_since(sent).max(0).unsigned_abs());
        let record = Record { arrived, lag };
        match self.records.get_mut(self.next) {
            Some(oldest) => *oldest = record,
            None => self.records.push(record),
        }
        self.next = (self.next + 1) % MAX_FRAMES;
    }

    /// The distribution as of `now`, by the server's clock; exact, by the nearest rank. None when no frame arrived
    /// within the window.
    pub fn recent(&mut self, now: Timestamp) -> Option<LagQuantiles> {
        let since = now - WINDOW;
        self.scratch.clear();
        self.scratch.extend(self.records.iter().filter(|record| record.arrived > since).map(|record| record.lag));
        self.scratch.sort_unstable();
        Some(LagQuantiles {
            p50: nearest_rank(&self.scratch, 50)?,
            p99: nearest_rank(&self.scratch, 99)?,
            frames: self.scratch.len(),
        })
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.records.clear();
        self.next = 0;
    }
}

/// The smallest value that `percent` of all values do not exceed.
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
    fn the_quantiles_of_a_hundred_frames() {
        let mut lag = Lag::default();
        for n in 1..=100 {
            lag.record(at(0), at(n));
        }
        let recent = lag.recent(at(100));
        let micros = Interval::from_micros;
        assert_eq!(recent, Some(LagQuantiles { p50: micros(50), p99: micros(99), frames: 100 }));
    }

    #[test]
    fn old_frames_are_left_out() {
        let mut lag = Lag::default();
        lag.record(at(0), at(9_000_000));
        lag.record(at(9_999_000), at(10_000_000));
        assert_eq!(lag.recent(at(10_000_000)).map(|recent| recent.p99), Some(Interval::from_secs(9)));
        assert_eq!(lag.recent(at(19_500_000)).map(|recent| recent.p99), Some(Interval::from_millis(1)));
        assert_eq!(lag.recent(at(20_000_000)), None);
        lag.clear();
        assert_eq!(lag.recent(at(10_000_000)), None);
    }

    #[test]
    fn a_frame_from_the_future_has_no_lag() {
        let mut lag = Lag::default();
        lag.record(at(500), at(100));
        assert_eq!(lag.recent(at(100)).map(|recent| recent.p50), Some(Interval::ZERO));
    }

    proptest! {
        #[test]
        fn it_speaks_of_the_newest_and_never_grows(lags in prop::collection::vec(0_i64..1_000_000, 1..3_000)) {
            let mut lag = Lag::default();
            let capacity = (lag.records.capacity(), lag.scratch.capacity());
            for micros in &lags {
                lag.record(at(-micros), at(0));
            }
            let mut newest: Vec<_> = lags.iter().rev().take(MAX_FRAMES).copied().collect();
            newest.sort_unstable();
            let recent = lag.recent(at(0)).ok_or_else(|| TestCaseError::fail("frames were recorded"))?;
            prop_assert_eq!(recent.frames, newest.len());
            let below = |value: Interval| newest.iter().filter(|lag| lag.unsigned_abs() <= value.micros()).count();
            prop_assert!(below(recent.p50) * 100 >= newest.len() * 50);
            prop_assert!(below(recent.p99) * 100 >= newest.len() * 99);
            prop_assert!(newest.contains(&(recent.p99.micros() as i64)));
            prop_assert_eq!((lag.records.capacity(), lag.scratch.capacity()), capacity);
        }
    }
}
