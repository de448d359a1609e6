//! Counters to rates.

use protocol::{Interval, Timestamp};

/// How fast a counter rises, per second.
///
/// A counter falls only when its source has started again, from zero: the increase is then the new value (as
/// Prometheus' [`rate`](https://prometheus.io/docs/prometheus/latest/querying/functions/#rate) has it). A row without a
/// value has no rate, and the next value counts for the longer time; rows that are farther apart than the longest step
/// have a hole between, and the first value after it has no rate either.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    steps: Steps,
    before: Option<(Timestamp, f64)>,
}

/// Finds the holes between rows.
#[derive(Clone, Copy, Debug)]
struct Steps {
    longest: Interval,
    row: Option<Timestamp>,
}

impl Steps {
    const fn new(longest: Interval) -> Self {
        Self { longest, row: None }
    }

    /// Whether a row does not go on from the one before.
    fn is_hole(&mut self, time: Timestamp) -> bool {
        let step_us = self.row.replace(time).map(|before| time.micros_since(before));
        step_us.is_some_and(|step_us| step_us <= 0 || step_us.unsigned_abs() > self.longest.micros())
    }
}

impl Rate {
    /// A rate of rows that follow one another within `longest_step`.
    pub const fn new(longest_step: Interval) -> Self {
        Self { steps: Steps::new(longest_step), before: None }
    }

    /// The increase since the row before and the seconds it took; none where nothing can be said.
    pub fn increase(&mut self, time: Timestamp, value: f64) -> Option<(f64, f64)> {
        if self.steps.is_hole(time) {
            self.before = None;
        }
        if !value.is_finite() {
            return None;
        }
        let (then, before) = self.before.replace((time, value))?;
        let increase = if value < before { value } else { value - before };
        Some((increase, time.micros_since(then) as f64 / 1e6))
    }

    /// The rate at a row: NaN where nothing can be said.
    pub fn next(&mut self, time: Timestamp, value: f64) -> f64 {
        self.increase(time, value).map_or(f64::NAN, |(increase, seconds)| increase / seconds)
    }
}

/// A value less the one before; NaN where there is a hole between.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    steps: Steps,
    before: Option<f64>,
}

impl Difference {
    /// Differences of rows that follow one another within `longest_step`.
    pub const fn new(longest_step: Interval) -> Self {
        Self { steps: Steps::new(longest_step), before: None }
    }

    /// The difference at a row.
    pub fn next(&mut self, time: Timestamp, value: f64) -> f64 {
        if self.steps.is_hole(time) {
            self.before = None;
        }
        if !value.is_finite() {
            return f64::NAN;
        }
        self.before.replace(value).map_or(f64::NAN, |before| value - before)
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
    fn a_counter_that_starts_again_has_risen_by_what_it_is() {
        assert_eq!(bits(&rates(&[(0, 10.0), (1, 12.0), (2, 3.0), (3, 3.0)])), bits(&[f64::NAN, 20.0, 30.0, 0.0]));
    }

    #[test]
    fn a_row_without_a_value_is_bridged_and_a_hole_is_not() {
        let told = rates(&[(0, 10.0), (1, f64::NAN), (2, 14.0), (6, 15.0), (7, 16.0)]);
        assert_eq!(bits(&told), bits(&[f64::NAN, f64::NAN, 20.0, f64::NAN, 10.0]));
    }

    #[test]
    fn a_slow_counter_among_fast_ones_has_a_rate() {
        let rows: Vec<_> = (0..11).map(|row| (row, if row % 5 == 0 { row as f64 } else { f64::NAN })).collect();
        let told = rates(&rows);
        assert_eq!(bits(&[told[5], told[10]]), bits(&[10.0, 10.0]));
    }

    #[test]
    fn time_that_stands_still_or_goes_back_has_no_rate() {
        assert!(rates(&[(5, 1.0), (5, 2.0), (4, 3.0)]).iter().all(|rate| rate.is_nan()));
    }

    #[test]
    fn differences_fall_as_they_rise() {
        let mut difference = Difference::new(STEP);
        let told: Vec<f64> =
            [(0, 5.0), (1, 3.0), (2, 4.0), (9, 9.0)].map(|(tenth, value)| difference.next(at(tenth), value)).into();
        assert_eq!(bits(&told), bits(&[f64::NAN, -2.0, 1.0, f64::NAN]));
    }
}
