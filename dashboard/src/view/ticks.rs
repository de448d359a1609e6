//! The values of a chart to mark.

use super::log_steps;
use super::steps::Steps;

/// Room for a label, in CSS pixels.
const VALUE_SPACING_PX: f64 = 36.0;

/// The error of a quotient that decides whether an end of the axis is marked.
const ROUNDING: f64 = 1e-9;

/// More ticks than any chart has room for.
pub(super) const MAX_TICKS: f64 = 64.0;

/// Round values between `low` and `high`, rising, at equal distances of about 36 CSS pixels; at least two. Empty if the
/// range is empty or not finite.
pub fn value_ticks(low: f64, high: f64, height_css_px: f64, steps: Steps) -> Vec<f64> {
    let span = high - low;
    if !(span > 0.0 && span.is_finite()) {
        return Vec::new();
    }
    let room = (height_css_px / VALUE_SPACING_PX).clamp(2.0, MAX_TICKS);
    // With a step of at most half the span there are two round values.
    let step = steps.at_least(span / room).min(steps.at_most(span / 2.0));
    // Ends that are multiples of the step may be rounded to the other side.
    let (first, last) = ((low / step - ROUNDING).ceil(), (high / step + ROUNDING).floor());
    // If the step is below the precision of f64, ticks would coincide; spans below 1e-290 are below the smallest step.
    if first.abs().max(last.abs()) > 1e12 || step > span / 2.0 {
        return vec![low, high];
    }
    let count = (last - first).min(MAX_TICKS) as u32;
    // Adding zero turns -0 into 0.
    (0..=count).map(|index| (first + f64::from(index)) * step + 0.0).collect()
}

/// Round values of a logarithmic axis, rising: decades, or 1, 2 and 5 of each if there is room; powers of two for binary
/// steps. If there are fewer than two, values at equal distances as on a linear axis.
pub fn log_ticks(low: f64, high: f64, height_css_px: f64, steps: Steps) -> Vec<f64> {
    let ticks = log_steps::ticks(low, high, height_css_px, steps);
    if ticks.len() < 2 { value_ticks(low, high, height_css_px, steps) } else { ticks }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use protocol::Bounds;
    use series::{AxisLabels, Unit};

    use super::*;

    #[test]
    fn ticks_are_round_values() {
        assert_eq!(value_ticks(0.0, 1.0, 150.0, Steps::Decimal), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(value_ticks(0.0, 4096.0, 100.0, Steps::Binary), [0.0, 2048.0, 4096.0]);
        assert_eq!(value_ticks(-1.0, 1.0, 80.0, Steps::Decimal), [-1.0, 0.0, 1.0]);
    }

    #[test]
    fn ends_at_round_values_are_ticks_at_any_size() {
        for power in [-280, -9, 0, 9, 299] {
            let unit = 10_f64.powi(power);
            assert_eq!(value_ticks(0.0, 10.0 * unit, 150.0, Steps::Decimal).len(), 5, "{power}");
        }
        assert_eq!(value_ticks(0.0, 1e300, 150.0, Steps::Decimal).len(), 5);
    }

    #[test]
    fn an_empty_range_has_no_ticks() {
        for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (-f64::MAX, f64::MAX)] {
            assert!(value_ticks(low, high, 100.0, Steps::Decimal).is_empty());
        }
    }

    #[test]
    fn a_short_logarithmic_axis_has_ticks_at_equal_distances() {
        assert_eq!(log_ticks(1.0, 1000.0, 100.0, Steps::Decimal).len(), 4);
        assert_eq!(log_ticks(2.1, 2.9, 80.0, Steps::Decimal), value_ticks(2.1, 2.9, 80.0, Steps::Decimal));
    }

    proptest! {
        #[test]
        fn labels_of_ticks_differ(low in -1e9_f64..1e9, span in 1e-3_f64..1e9) {
            for ucum in ["1", "By", "s"] {
                let unit = Unit::parse(ucum, &Bounds::Auto);
                let ticks = value_ticks(low, low + span, 200.0, Steps::of(&unit));
                prop_assume!(span > low.abs() * 1e-6);
                let labels = AxisLabels::linear(&unit, &ticks, &|_| true).labels;
                prop_assert_eq!(labels.iter().collect::<HashSet<_>>().len(), ticks.len(), "{:?}", labels);
            }
        }

        #[test]
        fn value_ticks_are_inside_at_equal_distances(
            low in -1e9_f64..1e9, span in 1e-2_f64..1e9, height in any::<f64>(), binary: bool,
        ) {
            let high = low + span;
            let steps = if binary { Steps::Binary } else { Steps::Decimal };
            let ticks = value_ticks(low, high, height, steps);
            let slack = span * 1e-6;
            prop_assert!((2..=MAX_TICKS as usize + 1).contains(&ticks.len()), "{ticks:?}");
            prop_assert!(ticks.iter().all(|tick| (low - slack..=high + slack).contains(tick)), "{ticks:?}");
            let step = ticks[1] - ticks[0];
            prop_assert!(ticks.windows(2).all(|pair| (pair[1] - pair[0] - step).abs() < slack), "{ticks:?}");
        }

        #[test]
        fn value_ticks_of_any_range_are_bounded(low: f64, high: f64, height: f64) {
            prop_assert!(value_ticks(low, high, height, Steps::Decimal).len() <= MAX_TICKS as usize + 1);
        }

    }
}
