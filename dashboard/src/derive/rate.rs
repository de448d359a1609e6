//! Counters to rates.

use protocol::{Interval, Timestamp};

/// How fast a counter rises, per second.
///
/// A counter falls only when its source has started again, from zero: the increase is then the new value (as
/// Prometheus' [`rate`](https://prometheus.io/docs/prometheus/latest/querying/functions/#rate) has it). A row without a
/// value has no rate, and the next value counts for the longer time; beyond the longest step there is a hole, and the
/// first value after it has no rate either.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    longest_step: Interval,
    before: Option<(Timestamp, f64)>,
}

impl Rate {
    /// A rate of rows that follow one another within `longest_step`.
    pub const fn new(longest_step: Interval) -> Self {
        Self { longest_step, before: None }
    }

    /// The increase since the row before and the seconds it took; none where nothing can be said.
    pub fn increase(&mut self, time: Timestamp, value: f64) -> Option<(f64, f64)> {
        if !value.is_finite() {
            return None;
        }
        let (then, before) = self.before.replace((time, value))?;
        let elapsed_us = time.micros_since(then);
        let is_near = elapsed_us > 0 && elapsed_us.unsigned_abs() <= self.longest_step.micros();
        let increase = if value < before { value } else { value - before };
        is_near.then(|| (increase, elapsed_us as f64 / 1e6))
    }

    /// The rate at a row: NaN where nothing can be said.
    pub fn next(&mut self, time: Timestamp, value: f64) -> f64 {
        self.increase(time, value).map_or(f64::NAN, |(increase, seconds)| increase / seconds)
    }
}

/// A value less the one before; NaN where there is a hole between.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    longest_step: Interval,
    before: Option<(Timestamp, f64)>,
}

impl Difference {
    /// Differences of rows that follow one another within `longest_step`.
    pub const fn new(longest_step: Interval) -> Self {
        Self { longest_step, before: None }
    }

    /// The difference at a row.
    pub fn next(&mut self, time: Timestamp, value: f64) -> f64 {
        if !value.is_finite() {
            return f64::NAN;
        }
        let Some((then, before)) = self.before.replace((time, value)) else { return f64::NAN };
        let elapsed_us = time.micros_since(then);
        let is_near = elapsed_us > 0 && elapsed_us.unsigned_abs() <= self.longest_step.micros();
        if is_near { value - before } else { f64::NAN }
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
