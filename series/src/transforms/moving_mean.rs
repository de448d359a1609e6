//! Means over a window of time.

use protocol::{Interval, Timestamp};

use super::panes::{Merge, Panes};

/// Panes in the window: its length is exact to 1/64.
const PANES: u32 = 64;

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    sum: f64,
    count: u64,
}

impl Merge for Sum {
    fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.count += other.count;
    }
}

/// The mean of a window that ends at each row. Values that are not finite are skipped. A row without a finite value has
/// no mean, so that a hole stays a hole.
#[derive(Clone, Debug)]
pub struct MovingMean {
    panes: Panes<Sum>,
}

impl MovingMean {
    /// Means over `window`, which advances in steps of 1/64 of its length.
    pub fn new(window: Interval) -> Self {
        Self { panes: Panes::new(window, PANES, Sum::default()) }
    }

    /// The mean at a row, or NaN.
    pub fn next(&mut self, time: Timestamp, value: f64) -> f64 {
        self.panes.add(time, |sum| {
            if value.is_finite() {
                sum.sum += value;
                sum.count += 1;
            }
        });
        let Sum { sum, count } = *self.panes.window();
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
            let mut mean = MovingMean::new(Interval::from_millis(640));
            for row in 0..values.len() {
                let moving = mean.next(Timestamp::from_micros(row as i64 * 10_000), values[row]);
                let window: Vec<f64> =
                    values[(row + 1).saturating_sub(64)..=row].iter().copied().filter(|value| value.is_finite()).collect();
                let exact = window.iter().sum::<f64>() / window.len() as f64;
                if values[row].is_nan() {
                    prop_assert!(moving.is_nan());
                } else {
                    // Large values that have left the window leave no rounding error behind.
                    let size = window.iter().fold(1.0, |size: f64, value| size.max(value.abs()));
                    prop_assert!((moving - exact).abs() <= size * 1e-12, "{moving} for {exact}");
                }
            }
        }

        #[test]
        fn no_time_and_no_value_panics(rows in proptest::collection::vec((any::<i64>(), any::<f64>()), 0..50), window: u64) {
            let mut mean = MovingMean::new(Interval::from_micros(window));
            for (time, value) in rows {
                mean.next(Timestamp::from_micros(time), value);
            }
        }
    }
}
