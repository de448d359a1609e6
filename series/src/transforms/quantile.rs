//! Quantiles over a window of time, from a mergeable sketch.
//!
//! The sketch is `DDSketch` (Masson, Rim and Lee, "`DDSketch`: A fast and fully-mergeable quantile sketch with
//! relative-error guarantees", VLDB 2019). The error of its quantiles is at most a fixed fraction of the value.

use std::fmt;

use protocol::{Interval, Timestamp};
use sketches_ddsketch::{Config, DDSketch};

use super::panes::{Merge, Panes};

/// The largest error of a quantile, as a fraction of its value.
pub const RELATIVE_ERROR: f64 = 0.01;

/// Bins of a sketch, each 2 % wide: they span 17 decades. If the values span more, the smallest share a bin.
const BINS: u32 = 2_048;

/// Values closer to zero than this count as zero.
const MIN_MAGNITUDE: f64 = 1e-9;

/// Larger values are clamped to this, so that bin numbers stay in range.
const MAX_MAGNITUDE: f64 = 1e300;

/// Panes in the window, which covers between 15 and 16 of them.
const PANES: u32 = 16;

/// The quantile is computed this often per window: querying the sketch at every row would dominate the cost.
const QUERIES: u64 = 256;

#[derive(Clone)]
struct Sketch(DDSketch);

impl fmt::Debug for Sketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sketch of {} values", self.0.count())
    }
}

impl Sketch {
    fn new() -> Self {
        Self(DDSketch::new(Config::new(RELATIVE_ERROR, BINS, MIN_MAGNITUDE)))
    }
}

impl Merge for Sketch {
    fn merge(&mut self, other: &Self) {
        // A merge fails only if the configurations differ, and all sketches here share one.
        let _same_config = self.0.merge(&other.0);
    }
}

/// A quantile of a window that ends at each row. Values that are not finite are skipped. A row without a finite value
/// has no quantile, so that a hole stays a hole.
#[derive(Clone, Debug)]
pub struct SlidingQuantile {
    quantile: f64,
    panes: Panes<Sketch>,
    max_age_us: i64,
    cached: Option<(Timestamp, f64)>,
}

impl SlidingQuantile {
    /// The quantile `quantile`, from 0 to 1, over `window`.
    pub fn new(quantile: f64, window: Interval) -> Self {
        Self {
            quantile: quantile.clamp(0.0, 1.0),
            panes: Panes::new(window, PANES, Sketch::new()),
            max_age_us: i64::try_from(window.micros() / QUERIES).unwrap_or(i64::MAX),
            cached: None,
        }
    }

    /// The quantile at a row, or the one computed within the last 1/256 of the window; NaN without values.
    ///
    /// Hot: once a row.
    pub fn next(&mut self, time: Timestamp, value: f64) -> f64 {
        self.panes.add(time, |sketch| {
            if value.is_finite() {
                sketch.0.add(value.clamp(-MAX_MAGNITUDE, MAX_MAGNITUDE));
            }
        });
        if !value.is_finite() {
            return f64::NAN;
        }
        // A cached NaN is not reused: the first value has a quantile at once.
        if let Some((then, cached)) = self.cached
            && !cached.is_nan()
            && (0..self.max_age_us).contains(&time.micros_since(then))
        {
            return cached;
        }
        let current = self.panes.window().0.quantile(self.quantile).ok().flatten().unwrap_or(f64::NAN);
        self.cached = Some((time, current));
        current
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The value below which this fraction of the values lies.
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
        fn the_error_of_a_quantile_is_at_most_one_percent(values in values(), percent in 0_u32..=100) {
            let quantile = f64::from(percent) / 100.0;
            let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
            prop_assume!(!finite.is_empty());
            let mut sliding = SlidingQuantile::new(quantile, Interval::from_secs(16));
            let mut found = f64::NAN;
            for &value in &values {
                // Time does not advance, so the cache would never expire.
                sliding.cached = None;
                let at_row = sliding.next(Timestamp::from_micros(0), value);
                found = if value.is_finite() { at_row } else { found };
            }
            let exact = exact(&finite, quantile);
            prop_assert!((found - exact).abs() <= exact.abs() * RELATIVE_ERROR * 1.001 + MIN_MAGNITUDE, "{found} for {exact}");
        }

        #[test]
        fn no_time_and_no_value_panics(rows in proptest::collection::vec((any::<i64>(), any::<f64>()), 0..40), window: u64) {
            let mut sliding = SlidingQuantile::new(0.99, Interval::from_micros(window));
            for (time, value) in rows {
                sliding.next(Timestamp::from_micros(time), value);
            }
        }
    }

    #[test]
    fn the_first_value_has_a_quantile_at_once() {
        let mut sliding = SlidingQuantile::new(0.5, Interval::from_secs(60));
        assert!(sliding.next(Timestamp::from_micros(0), f64::NAN).is_nan());
        assert!((sliding.next(Timestamp::from_micros(1_000), 5.0) - 5.0).abs() <= 5.0 * RELATIVE_ERROR);
    }

    #[test]
    fn values_outside_the_window_do_not_count() {
        let mut sliding = SlidingQuantile::new(0.5, Interval::from_secs(1));
        for row in 0..100 {
            sliding.next(Timestamp::from_micros(row * 10_000), 1_000.0);
        }
        let last = (100..300).map(|row| sliding.next(Timestamp::from_micros(row * 10_000), 1.0)).last();
        assert!(last.is_some_and(|last| (last - 1.0).abs() <= RELATIVE_ERROR * 1.001), "{last:?}");
    }
}
