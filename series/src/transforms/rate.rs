//! Rates of counters, and differences.

use protocol::{Interval, Timestamp};

/// The increase of a counter per second.
///
/// A counter falls only if its source restarted from zero: the increase is then the new value, as in Prometheus'
/// [`rate`](https://prometheus.io/docs/prometheus/latest/querying/functions/#rate). A row without a value has no rate,
/// and the next value's increase is divided by the time since the last value. Two rows that are farther apart than the
/// longest step have a hole between them, and the first value after a hole has no rate.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    steps: Steps,
    previous: Option<(Timestamp, f64)>,
}

/// Detects holes between rows.
#[derive(Clone, Copy, Debug)]
struct Steps {
    longest: Interval,
    previous: Option<Timestamp>,
}

impl Steps {
    const fn new(longest: Interval) -> Self {
        Self { longest, previous: None }
    }

    /// Returns true if there is a hole before the row at `time`, or time did not advance.
    fn is_hole(&mut self, time: Timestamp) -> bool {
        let step_us = self.previous.replace(time).map(|previous| time.micros_since(previous));
        step_us.is_some_and(|step_us| step_us <= 0 || step_us.unsigned_abs() > self.longest.micros())
    }
}

impl Rate {
    /// A rate over rows that have no hole between them if they are at most `longest_step` apart.
    pub const fn new(longest_step: Interval) -> Self {
        Self { steps: Steps::new(longest_step), previous: None }
    }

    /// The increase since the last value and the seconds between the two; `None` after a hole and for a missing value.
    pub fn increase(&mut self, time: Timestamp, value: f64) -> Option<(f64, f64)> {
        if self.steps.is_hole(time) {
            self.previous = None;
        }
        if !value.is_finite() {
            return None;
        }
        let (then, previous) = self.previous.replace((time, value))?;
        let increase = if value < previous { value } else { value - previous };
        Some((increase, time.micros_since(then) as f64 / 1e6))
    }

    /// The rate at a row, or NaN.
    pub fn next(&mut self, time: Timestamp, value: f64) -> f64 {
        self.increase(time, value).map_or(f64::NAN, |(increase, seconds)| increase / seconds)
    }
}

/// Each value minus the previous one; NaN after a hole.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    steps: Steps,
    previous: Option<f64>,
}

impl Difference {
    /// Differences of rows that have no hole between them if they are at most `longest_step` apart.
    pub const fn new(longest_step: Interval) -> Self {
        Self { steps: Steps::new(longest_step), previous: None }
    }

    /// The difference at a row, or NaN.
    pub fn next(&mut self, time: Timestamp, value: f64) -> f64 {
        if self.steps.is_hole(time) {
            self.previous = None;
        }
        if !value.is_finite() {
            return f64::NAN;
        }
        self.previous.replace(value).map_or(f64::NAN, |previous| value - previous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Interval = Interval::from_millis(300);

    fn at(tenth: i64) -> Timestamp {
        Timestamp::from_micros(tenth * 100_000)
    }

    fn rates(rows: &[(i64, f64)]) -> Vec<f64> {
        let mut rate = Rate::new(STEP);
        rows.iter().map(|&(tenth, value)| rate.next(at(tenth), value)).collect()
    }

    fn bits(values: &[f64]) -> Vec<u64> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    #[test]
    fn a_counter_reset_counts_from_zero() {
        assert_eq!(bits(&rates(&[(0, 10.0), (1, 12.0), (2, 3.0), (3, 3.0)])), bits(&[f64::NAN, 20.0, 30.0, 0.0]));
    }

    #[test]
    fn a_missing_value_is_bridged_and_a_hole_is_not() {
        let found = rates(&[(0, 10.0), (1, f64::NAN), (2, 14.0), (6, 15.0), (7, 16.0)]);
        assert_eq!(bits(&found), bits(&[f64::NAN, f64::NAN, 20.0, f64::NAN, 10.0]));
    }

    #[test]
    fn a_counter_with_a_value_in_every_fifth_row_has_a_rate() {
        let rows: Vec<_> = (0..11).map(|row| (row, if row % 5 == 0 { row as f64 } else { f64::NAN })).collect();
        let found = rates(&rows);
        assert_eq!(bits(&[found[5], found[10]]), bits(&[10.0, 10.0]));
    }

    #[test]
    fn time_that_does_not_advance_gives_no_rate() {
        assert!(rates(&[(5, 1.0), (5, 2.0), (4, 3.0)]).iter().all(|rate| rate.is_nan()));
    }

    #[test]
    fn differences_may_be_negative() {
        let mut difference = Difference::new(STEP);
        let found: Vec<f64> =
            [(0, 5.0), (1, 3.0), (2, 4.0), (9, 9.0)].map(|(tenth, value)| difference.next(at(tenth), value)).into();
        assert_eq!(bits(&found), bits(&[f64::NAN, -2.0, 1.0, f64::NAN]));
    }
}
