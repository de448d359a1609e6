//! The state of a timer: each value, or summaries while there are too many.

use protocol::{Interval, Timestamp};

/// With more values a second, summaries are sent in place of each value.
const MANY: f64 = 2_000.0;
/// The values of a tick count in the rate less by this factor with each further tick: about a second. A client that sends the values of a second in
/// one datagram has the same rate as others.
const DECAY: f64 = 0.9;
/// After so many ticks in a row with a rate below half of that, each value is sent again.
const CALM_TICKS: u32 = 100;
/// Values of a tick that quantiles are taken from. Further ones only raise the count.
const MAX_KEPT: usize = 65_536;
/// The values of a datagram are spread over the time since the one before, at most over this.
const LONGEST_SPREAD: Interval = Interval::from_secs(1);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Each,
    Summaries,
}

#[derive(Debug, Default)]
pub(super) struct Timer {
    mode: Mode,
    values: Vec<f64>,
    /// Values of this tick, those included of which only a sample was sent.
    count: f64,
    /// The first value of the datagram that is read.
    datagram: usize,
    last: Option<Timestamp>,
    /// Values a second.
    rate: f64,
    calm: u32,
}

/// The values of a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TickSummary {
    pub(super) count: f64,
    pub(super) min: f64,
    pub(super) median: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

impl Timer {
    pub(super) fn add(&mut self, value: f64, count: f64) {
        self.count += count;
        if self.values.len() < MAX_KEPT {
            self.values.push(value);
        }
    }

    /// The values of the datagram that ends at `now`, each with its time. None while summaries are sent.
    pub(super) fn end_datagram(&mut self, now: Timestamp) -> Vec<(Timestamp, f64)> {
        let values = &self.values[self.datagram..];
        self.datagram = self.values.len();
        let count = values.len() as u64;
        if count == 0 || self.mode == Mode::Summaries {
            return Vec::new();
        }
        let since = self.last.map_or(Interval::ZERO, |last| now.since(last)).min(LONGEST_SPREAD);
        let span = if count == 1 { 0 } else { since.micros() };
        let first = now - Interval::from_micros(span);
        let mut last = self.last;
        let place = |(place, &value): (usize, &f64)| {
            let time = first + Interval::from_micros(span * (place as u64 + 1) / count);
            // Times of a series rise, also if the clock stands still or is set back a little.
            let after =
                last.map(|last| last + Interval::from_micros(1)).filter(|after| after.since(now) < LONGEST_SPREAD);
            let time = after.map_or(time, |after| time.max(after));
            last = Some(time);
            (time, value)
        };
        let placed: Vec<(Timestamp, f64)> = values.iter().enumerate().map(place).collect();
        self.last = last;
        placed
    }

    /// Ends the tick. Returns its summary while summaries are sent, and true if that begins now.
    pub(super) fn end_tick(&mut self) -> (Option<TickSummary>, bool) {
        let count = self.values.len();
        self.rate = self.rate * DECAY + count as f64;
        let is_beginning = self.mode == Mode::Each && self.rate > MANY;
        self.calm = if self.rate < MANY / 2.0 { self.calm + 1 } else { 0 };
        if is_beginning {
            self.mode = Mode::Summaries;
        } else if self.mode == Mode::Summaries && self.calm >= CALM_TICKS {
            self.mode = Mode::Each;
        }
        let summary = (self.mode == Mode::Summaries && !is_beginning).then(|| self.summary());
        self.values.clear();
        (self.count, self.datagram) = (0.0, 0);
        (summary, is_beginning)
    }

    fn summary(&mut self) -> TickSummary {
        self.values.sort_unstable_by(f64::total_cmp);
        // Without values there is a rate only.
        let at = |part: f64| {
            let place = (self.values.len().saturating_sub(1) as f64 * part).round() as usize;
            self.values.get(place).copied().unwrap_or(f64::NAN)
        };
        TickSummary { count: self.count, min: at(0.0), median: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(1_000_000_000 + micros)
    }

    fn times(timer: &mut Timer, values: usize, now: i64) -> Vec<i64> {
        (0..values).for_each(|_| timer.add(1.0, 1.0));
        timer.end_datagram(at(now)).iter().map(|(time, _)| time.micros_since(at(0))).collect()
    }

    #[test]
    fn the_values_of_a_datagram_are_spread_over_the_time_since_the_one_before() {
        let mut timer = Timer::default();
        assert_eq!(times(&mut timer, 1, 1_000), [1_000]);
        assert_eq!(times(&mut timer, 4, 5_000), [2_000, 3_000, 4_000, 5_000]);
        assert_eq!(times(&mut timer, 1, 9_000), [9_000], "one value has the time at which it came");
        assert_eq!(times(&mut timer, 2, 9_000), [9_001, 9_002], "times differ");
        assert_eq!(times(&mut timer, 2, 10_000_000), [9_500_000, 10_000_000], "not over a silence");
    }

    #[test]
    fn too_many_values_become_summaries_until_it_is_calm() {
        let mut timer = Timer::default();
        let mut tick = |values: usize| {
            (0..values).for_each(|value| timer.add(value as f64, 2.0));
            let sent = timer.end_datagram(at(0)).len();
            (sent, timer.end_tick())
        };
        assert_eq!(tick(1_500), (1_500, (None, false)), "values of a second in one datagram");
        assert_eq!(tick(700), (700, (None, true)), "the values of this tick have been sent");
        let summary = TickSummary { count: 202.0, min: 0.0, median: 50.0, p99: 99.0, max: 100.0 };
        assert_eq!(tick(101), (0, (Some(summary), false)));
        let (_, (empty, _)) = tick(0);
        assert!(empty.is_some_and(|empty| empty.count < 1.0 && empty.max.is_nan()));
        let sent: usize = (0..CALM_TICKS + 10).map(|_| tick(1).0).sum();
        assert!(sent < 10, "{sent}");
        assert_eq!(tick(3), (3, (None, false)));
    }
}
