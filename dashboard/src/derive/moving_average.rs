//! Means over a window of time.

use protocol::{Interval, Timestamp};

use super::panes::{Gather, Panes};

/// Panes of the window: it is exact to a 64th of its length.
const PANES: u32 = 64;

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    sum: f64,
    count: u64,
}

impl Gather for Sum {
    fn join(&mut self, other: &Self) {
        self.sum += other.sum;
        self.count += other.count;
    }
}

/// The mean of what lies in a window that ends at each row. Values that are not finite are left out, and a row without a
/// value has no mean: a hole stays a hole.
#[derive(Clone, Debug)]
pub struct MovingAverage {
    panes: Panes<Sum>,
}

impl MovingAverage {
    /// Means over `window`, of which the oldest 64th comes and goes as one.
    pub fn new(window: Interval) -> Self {
        Self { panes: Panes::new(window, PANES, Sum::default()) }
    }

    /// The mean at a row.
    pub fn next(&mut self, time: Timestamp, value: f64) -> f64 {
        self.panes.add(time, |sum| {
            if value.is_finite() {
                sum.sum += value;
                sum.count += 1;
            }
        });
        let Sum { sum, count } = *self.panes.all();
        if value.is_finite() { sum / count as f64 } else { f64::NAN }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Rows are a pane apart, so the window is exact.
        #[test]
        fn the_mean_is_that_of_the_last_64_rows(
            values in proptest::collection::vec(prop_oneof![9 => -1e3_f64..1e3, 1 => Just(1e300), 1 => Just(f64::NAN)], 1..300),
        ) {
            let mut average = MovingAverage::new(Interval::from_millis(640));
            for row in 0..values.len() {
                let told = average.next(Timestamp::from_micros(row as i64 * 10_000), values[row]);
                let window: Vec<f64> =
                    values[(row + 1).saturating_sub(64)..=row].iter().copied().filter(|value| value.is_finite()).collect();
                let mean = window.iter().sum::<f64>() / window.len() as f64;
                if values[row].is_nan() {
                    prop_assert!(told.is_nan());
                } else {
                    // However large what has passed through, nothing of it stays.
                    let size = window.iter().fold(1.0, |size: f64, value| size.max(value.abs()));
                    prop_assert!((told - mean).abs() <= size * 1e-12, "{told} for {mean}");
                }
            }
        }

        #[test]
        fn no_time_and_no_value_is_too_odd(rows in proptest::collection::vec((any::<i64>(), any::<f64>()), 0..50), window: u64) {
            let mut average = MovingAverage::new(Interval::from_micros(window));
            for (time, value) in rows {
                average.next(Timestamp::from_micros(time), value);
            }
        }
    }
}
