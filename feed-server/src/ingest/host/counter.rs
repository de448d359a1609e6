//! The rate of a counter of the kernel.

use std::time::Instant;

use protocol::column::{MISSING, is_missing};

/// The times of a reading and of the one before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) before: Option<Instant>,
    pub(super) at: Instant,
}

impl Span {
    /// Seconds, unless this is the first reading.
    pub(super) fn seconds(self) -> Option<f64> {
        let elapsed = self.at.saturating_duration_since(self.before?);
        Some(elapsed.as_secs_f64()).filter(|seconds| *seconds > 0.0)
    }
}

/// The meaning of a total that is smaller than the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fall {
    /// The counter began again: the increase is not known.
    Reset,
    /// The kernel corrected an estimate: nothing was added.
    Correction,
}

/// One counter, and its rate in the last reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counter {
    is_read: bool,
    has_moved: bool,
    total: u64,
    per_second: f64,
    /// The last total before a fall.
    fell_from: Option<(Instant, u64)>,
}

impl Default for Counter {
    fn default() -> Self {
        Self { is_read: false, has_moved: false, total: 0, per_second: MISSING, fell_from: None }
    }
}

impl Counter {
    /// Takes the total of a reading. Hot: once per counter and reading.
    ///
    /// If a total falls and then returns to its old level, it was only misread, and the rate is taken from the last good
    /// reading: the whole total is not a spike.
    pub(super) fn read(&mut self, total: u64, span: Span, fall: Fall) {
        let last = self.total;
        if !self.is_read {
            (self.is_read, self.total) = (true, total);
            return;
        }
        let Some(seconds) = span.seconds() else { return };
        if total < last {
            match fall {
                Fall::Correction => self.per_second = 0.0,
                Fall::Reset => {
                    self.fell_from = span.before.map(|before| (before, last));
                    self.total = total;
                    self.has_moved = true;
                    self.per_second = f64::NAN;
                }
            }
            return;
        }
        self.total = total;
        self.has_moved |= total > last;
        self.per_second = match self.fell_from.take() {
            Some((before, high)) if high <= total => {
                (total - high) as f64 / span.at.saturating_duration_since(before).as_secs_f64()
            }
            _ => (total - last) as f64 / seconds,
        };
    }

    /// Takes the total of a reading. Without a total, the counter begins again: `span` is not the time since its next total.
    pub(super) fn take(&mut self, total: Option<u64>, span: Span) {
        match total {
            Some(total) => self.read(total, span, Fall::Reset),
            None => *self = Self::default(),
        }
    }

    /// [`MISSING`] after the first reading, NaN after a reset.
    pub(super) const fn per_second(&self) -> f64 {
        self.per_second
    }

    /// The rate in another unit. A missing rate stays missing: arithmetic would change the bits that say so.
    pub(super) fn times(&self, factor: f64) -> f64 {
        if is_missing(self.per_second) { MISSING } else { self.per_second * factor }
    }

    /// The rate as a share of `full` a second, at most 1: the kernel's counters and clocks are a little apart.
    pub(super) fn share_of(&self, full: f64) -> f64 {
        match self.per_second {
            rate if rate > full => 1.0,
            rate if is_missing(rate) => MISSING,
            rate => rate / full,
        }
    }

    /// `None` after the first reading, NaN after a reset.
    pub(super) fn known(&self) -> Option<f64> {
        Some(self.per_second).filter(|&value| !is_missing(value))
    }

    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// True if the counter has changed since the first reading.
    pub(super) const fn has_moved(&self) -> bool {
        self.has_moved
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rates_of(totals: &[u64], fall: Fall) -> Vec<Option<f64>> {
        let start = Instant::now();
        let mut counter = Counter::default();
        let mut before = None;
        let read = |(half, &total): (u32, &u64)| {
            let at = start + Duration::from_millis(500) * half;
            counter.read(total, Span { before, at }, fall);
            before = Some(at);
            counter.known()
        };
        (0..).zip(totals).map(read).collect()
    }

    #[test]
    fn a_rate_needs_two_readings() {
        let rates = rates_of(&[1_000, 1_010, 1_010], Fall::Reset);
        assert_eq!(rates, [None, Some(20.0), Some(0.0)]);
    }

    #[test]
    fn a_reset_and_a_wrap_are_a_hole_and_no_spike() {
        let rates = rates_of(&[500, 600, 7, 17, u64::from(u32::MAX), 3, 5], Fall::Reset);
        assert!(rates[2].is_some_and(f64::is_nan) && rates[5].is_some_and(f64::is_nan), "{rates:?}");
        assert_eq!((rates[3], rates[6]), (Some(20.0), Some(4.0)));
    }

    #[test]
    fn a_total_misread_once_gives_no_spike() {
        let rates = rates_of(&[1_000_000, 0, 1_000_010, 1_000_020], Fall::Reset);
        assert!(rates[1].is_some_and(f64::is_nan), "{rates:?}");
        assert_eq!(rates[2..], [Some(10.0), Some(20.0)]);
    }

    #[test]
    fn a_correction_adds_nothing_until_the_old_total_is_passed() {
        assert_eq!(rates_of(&[100, 110, 108, 109, 112], Fall::Correction)[1..], [20.0, 0.0, 0.0, 4.0].map(Some));
    }

    #[test]
    fn a_missing_rate_is_missing_in_every_unit_and_a_share_is_at_most_one() {
        let (start, mut counter) = (Instant::now(), Counter::default());
        counter.take(Some(0), Span { before: None, at: start });
        assert!(is_missing(counter.times(2.0)) && is_missing(counter.share_of(100.0)));
        counter.take(Some(80), Span { before: Some(start), at: start + Duration::from_secs(1) });
        assert_eq!(
            [counter.times(0.5), counter.share_of(100.0), counter.share_of(79.0)].map(f64::to_bits),
            [40.0, 0.8, 1.0].map(f64::to_bits)
        );
    }

    #[test]
    fn a_total_that_was_missing_gives_no_spike() {
        let (start, mut counter) = (Instant::now(), Counter::default());
        let mut take = |second: u32, total| {
            let at = |second| start + Duration::from_secs(1) * second;
            counter.take(total, Span { before: second.checked_sub(1).map(at), at: at(second) });
            counter.known()
        };
        assert_eq!((take(0, Some(0)), take(1, Some(10))), (None, Some(10.0)));
        assert_eq!((take(2, None), take(3, None)), (None, None), "the last rate does not stand");
        assert_eq!((take(4, Some(40)), take(5, Some(50))), (None, Some(10.0)));
    }

    #[test]
    fn a_small_step_of_a_large_total_is_exact() {
        assert_eq!(rates_of(&[u64::MAX - 1, u64::MAX], Fall::Reset)[1], Some(2.0));
    }

    #[test]
    fn two_readings_at_the_same_instant_count_once() {
        let now = Instant::now();
        let mut counter = Counter::default();
        counter.read(0, Span { before: None, at: now }, Fall::Reset);
        counter.read(5, Span { before: Some(now), at: now }, Fall::Reset);
        assert_eq!(counter.known(), None);
        counter.read(10, Span { before: Some(now), at: now + Duration::from_secs(1) }, Fall::Reset);
        assert_eq!(counter.known(), Some(10.0));
    }
}
