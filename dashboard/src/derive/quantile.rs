//! Quantiles over a window of time, from a mergeable sketch.
//!
//! The sketch is `DDSketch` (Masson, Rim and Lee, "`DDSketch`: A fast and fully-mergeable quantile sketch with
//! relative-error guarantees", VLDB 2019), whose answers are off by a part of the value and no more.

use std::fmt;

use protocol::{Interval, Timestamp};
use sketches_ddsketch::{Config, DDSketch};

use super::panes::{Gather, Panes};

/// What a quantile may be off, as a part of its value.
pub const RELATIVE_ERROR: f64 = 0.01;

/// Bins of a sketch, each 2 % wide: they span 17 decades. Where values span more, the smallest share a bin.
const BINS: u32 = 2_048;

/// Values closer to zero than this count as zero.
const SMALLEST: f64 = 1e-9;

/// Larger values count as this, so that bins can be numbered.
const LARGEST: f64 = 1e300;

/// Panes of the window: it reaches back between 15 and 16 of them.
const PANES: u32 = 16;

/// So often in a window the quantile is told anew: to ask the sketch at every row would cost more than all else.
const ANSWERS: u64 = 256;

#[derive(Clone)]
struct Sketch(DDSketch);

impl fmt::Debug for Sketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a sketch of {} values", self.0.count())
    }
}

impl Sketch {
    fn new() -> Self {
        Self(DDSketch::new(Config::new(RELATIVE_ERROR, BINS, SMALLEST)))
    }
}

impl Gather for Sketch {
    fn join(&mut self, other: &Self) {
        // Both were made alike, which is all that a merge asks for.
        let _alike = self.0.merge(&other.0);
    }
}

/// The quantile of what lies in a window that ends at each row. Values that are not finite are left out, and a
/// row without a value has no quantile: a hole stays a hole.
#[derive(Clone, Debug)]
pub struct SlidingQuantile {
    quantile: f64,
    panes: Panes<Sketch>,
    answer_us: i64,
    answered: Option<(Timestamp, f64)>,
}

impl SlidingQuantile {
    /// The quantile `quantile`, from 0 to 1, over `window`.
    pub fn new(quantile: f64, window: Interval) -> Self {
        Self {
            quantile: quantile.clamp(0.0, 1.0),
            panes: Panes::new(window, PANES, Sketch::new()),
            answer_us: i64::try_from(window.micros() / ANSWERS).unwrap_or(i64::MAX),
            answered: None,
        }
    }

    /// The quantile at a row, or one from within the last 256th of the window.
    ///
    /// Hot: once a row.
    pub fn next(&mut self, time: Timestamp, value: f64) -> f64 {
        self.panes.add(time, |sketch| {
            if value.is_finite() {
                sketch.0.add(value.clamp(-LARGEST, LARGEST));
            }
        });
        // NaN says that there was nothing to tell; a value that has come since is told at once.
        if !value.is_finite() {
            return f64::NAN;
        }
        if let Some((then, answer)) = self.answered
            && !answer.is_nan()
            && (0..self.answer_us).contains(&time.micros_since(then))
        {
            return answer;
        }
        let answer = self.panes.all().0.quantile(self.quantile).ok().flatten().unwrap_or(f64::NAN);
        self.answered = Some((time, answer));
        answer
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The value of which so large a part lies below.
    fn exact(values: &[f64], quantile: f64) -> f64 {
        let mut sorted: Vec<f64> = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[(quantile * (sorted.len() - 1) as f64) as usize]
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        let sized = (-6.0_f64..9.0, any::<bool>()).prop_map(|(exponent, negative)| {
            let size = 10_f64.powf(exponent);
            if negative { -size } else { size }
        });
        proptest::collection::vec(prop_oneof![5 => sized, 1 => Just(0.0), 1 => Just(f64::NAN)], 1..400)
    }

    proptest! {
        /// All rows lie within one pane, so that the window is exact.
        #[test]
        fn a_quantile_is_off_by_a_hundredth_at_most(values in values(), percent in 0_u32..=100) {
            let quantile = f64::from(percent) / 100.0;
            let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
            prop_assume!(!finite.is_empty());
            let mut sliding = SlidingQuantile::new(quantile, Interval::from_secs(16));
            let mut told = f64::NAN;
            for &value in &values {
                // The time stands still but for the last, which is far enough on to be answered anew.
                sliding.answered = None;
                let at_row = sliding.next(Timestamp::from_micros(0), value);
                told = if value.is_finite() { at_row } else { told };
            }
            let exact = exact(&finite, quantile);
            prop_assert!((told - exact).abs() <= exact.abs() * RELATIVE_ERROR * 1.001 + SMALLEST, "{told} for {exact}");
        }

        #[test]
        fn no_time_and_no_value_is_too_odd(rows in proptest::collection::vec((any::<i64>(), any::<f64>()), 0..40), window: u64) {
            let mut sliding = SlidingQuantile::new(0.99, Interval::from_micros(window));
            for (time, value) in rows {
                sliding.next(Timestamp::from_micros(time), value);
            }
        }
    }

    #[test]
    fn the_first_value_is_told_at_once() {
        let mut sliding = SlidingQuantile::new(0.5, Interval::from_secs(60));
        assert!(sliding.next(Timestamp::from_micros(0), f64::NAN).is_nan());
        assert!((sliding.next(Timestamp::from_micros(1_000), 5.0) - 5.0).abs() <= 5.0 * RELATIVE_ERROR);
    }

    #[test]
    fn what_has_left_the_window_is_forgotten() {
        let mut sliding = SlidingQuantile::new(0.5, Interval::from_secs(1));
        for row in 0..100 {
            sliding.next(Timestamp::from_micros(row * 10_000), 1_000.0);
        }
        let told = (100..300).map(|row| sliding.next(Timestamp::from_micros(row * 10_000), 1.0)).last();
        assert!(told.is_some_and(|told| (told - 1.0).abs() <= RELATIVE_ERROR * 1.001), "{told:?}");
    }
}
