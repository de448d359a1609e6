//! Which values and which times of a chart to mark.

use protocol::Interval;

use super::log_steps;
use super::steps::Steps;
use series::number;

/// Room for a label and some air, in CSS pixels.
const VALUE_SPACING_PX: f64 = 36.0;

/// Room for `-30 s` and some air, in CSS pixels.
const TIME_SPACING_PX: f64 = 80.0;

/// No chart is so high or wide that it wants more.
pub(super) const MAX_TICKS: f64 = 64.0;

/// Distances between time ticks, in microseconds: those that clocks make round.
const TIME_STEPS_US: [u64; 35] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
];
pub(super) const SECOND: u64 = 1_000_000;
pub(super) const MINUTE: u64 = 60 * SECOND;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

/// Round values between `low` and `high`, from low to high and at equal distances: about one in 36 CSS pixels, at
/// least two. A range that is none has no ticks.
pub fn value_ticks(low: f64, high: f64, height_css_px: f64, steps: Steps) -> Vec<f64> {
    let span = high - low;
    if !(span > 0.0 && span.is_finite()) {
        return Vec::new();
    }
    let room = (height_css_px / VALUE_SPACING_PX).clamp(2.0, MAX_TICKS);
    // Half the span always holds two round values, if it is one step.
    let step = steps.at_least(span / room).min(steps.at_most(span / 2.0));
    let (first, last) = ((low / step).ceil(), (high / step).floor());
    // Where an f64 has few digits left for the step, ticks would fall together.
    if first.abs().max(last.abs()) > 1e12 {
        return vec![low, high];
    }
    let count = (last - first).min(MAX_TICKS) as u32;
    // Adding zero turns -0 into 0.
    (0..=count).map(|index| (first + f64::from(index)) * step + 0.0).collect()
}

/// Round values of a logarithmic axis, from low to high: decades, or 1, 2 and 5 of each, as room allows; powers of two
/// for binary steps. Where less than a decade leaves no two of them, values at equal distances as on a linear axis.
pub fn log_ticks(low: f64, high: f64, height_css_px: f64, steps: Steps) -> Vec<f64> {
    let ticks = log_steps::ticks(low, high, height_css_px, steps);
    if ticks.len() < 2 { value_ticks(low, high, height_css_px, steps) } else { ticks }
}

/// A mark on the time axis of a chart that ends now.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeTick {
    /// How long ago.
    pub before_now: Interval,
    /// Where, from 0 at the left edge to 1 at the right.
    pub at: f64,
    /// What to write: `-30 s`, `-5 min`, `now`.
    pub label: String,
}

/// Marks for a window that ends now, from the oldest to `now`: about one in 80 CSS pixels.
pub fn time_ticks(span: Interval, width_css_px: f64) -> Vec<TimeTick> {
    let span_us = span.micros();
    if span_us == 0 {
        return Vec::new();
    }
    let room = (width_css_px / TIME_SPACING_PX).clamp(1.0, MAX_TICKS) as u64;
    let wanted = span_us.div_ceil(room);
    let step = time_step_us(wanted);
    let ticks = (0..=span_us / step).rev().map(|index| {
        let before_us = index * step;
        let label = if before_us == 0 { "now".to_owned() } else { label(before_us, step, span_us) };
        TimeTick { before_now: Interval::from_micros(before_us), at: 1.0 - before_us as f64 / span_us as f64, label }
    });
    ticks.collect()
}

/// The smallest distance between time ticks that is no smaller than `wanted_us`: whole days beyond half a day.
pub(super) fn time_step_us(wanted_us: u64) -> u64 {
    let step = TIME_STEPS_US.into_iter().find(|step| *step >= wanted_us);
    step.unwrap_or_else(|| wanted_us.div_ceil(DAY).saturating_mul(DAY))
}

/// In the largest unit of which the step is a whole number; in seconds when the window has some.
fn label(before_us: u64, step: u64, span_us: u64) -> String {
    let (unit, symbol) = match step {
        _ if step.is_multiple_of(DAY) => (DAY, "d"),
        _ if step.is_multiple_of(HOUR) => (HOUR, "h"),
        _ if step.is_multiple_of(MINUTE) => (MINUTE, "min"),
        _ if span_us >= SECOND => (SECOND, "s"),
        _ if span_us >= 1_000 => (1_000, "ms"),
        _ => (1, "µs"),
    };
    format!("-{} {symbol}", number::trimmed(format!("{:.6}", before_us as f64 / unit as f64)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use protocol::Bounds;
    use series::{AxisFormat, Unit};

    use super::*;

    fn labels(span: Interval, width_css_px: f64) -> Vec<String> {
        time_ticks(span, width_css_px).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_values() {
        assert_eq!(value_ticks(0.0, 1.0, 150.0, Steps::Decimal), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(value_ticks(0.0, 4096.0, 100.0, Steps::Binary), [0.0, 2048.0, 4096.0]);
        assert_eq!(value_ticks(-1.0, 1.0, 80.0, Steps::Decimal), [-1.0, 0.0, 1.0]);
    }

    #[test]
    fn what_is_no_range_has_no_ticks() {
        for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (-f64::MAX, f64::MAX)] {
            assert!(value_ticks(low, high, 100.0, Steps::Decimal).is_empty());
        }
    }

    #[test]
    fn a_short_logarithmic_axis_has_ticks_at_equal_distances() {
        assert_eq!(log_ticks(1.0, 1000.0, 100.0, Steps::Decimal).len(), 4);
        assert_eq!(log_ticks(2.1, 2.9, 80.0, Steps::Decimal), value_ticks(2.1, 2.9, 80.0, Steps::Decimal));
    }

    #[test]
    fn time_counts_back_from_now() {
        assert_eq!(labels(Interval::from_secs(60), 330.0), ["-60 s", "-45 s", "-30 s", "-15 s", "now"]);
        assert_eq!(labels(Interval::from_secs(600), 200.0), ["-10 min", "-5 min", "now"]);
        assert_eq!(labels(Interval::from_millis(1_000), 160.0), ["-1 s", "-0.5 s", "now"]);
        assert_eq!(labels(Interval::from_micros(2 * DAY), 160.0), ["-2 d", "-1 d", "now"]);
        assert_eq!(labels(Interval::from_micros(100), 160.0), ["-100 µs", "-50 µs", "now"]);
        assert!(labels(Interval::ZERO, 160.0).is_empty());
    }

    proptest! {
        #[test]
        fn labels_of_ticks_differ(low in -1e9_f64..1e9, span in 1e-3_f64..1e9) {
            for ucum in ["1", "By", "s"] {
                let unit = Unit::parse(ucum, &Bounds::Auto);
                let ticks = value_ticks(low, low + span, 200.0, Steps::of(&unit));
                prop_assume!(span > low.abs() * 1e-6);
                let labels = AxisFormat::new(&unit, &ticks).labels(&ticks);
                prop_assert_eq!(labels.iter().collect::<HashSet<_>>().len(), ticks.len(), "{:?}", labels);
            }
        }

        #[test]
        fn value_ticks_lie_inside_at_equal_distances(
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
        fn value_ticks_of_anything_end(low: f64, high: f64, height: f64) {
            prop_assert!(value_ticks(low, high, height, Steps::Decimal).len() <= MAX_TICKS as usize + 1);
        }

        #[test]
        fn time_ticks_run_from_inside_the_window_to_now(span: u64, width: f64) {
            let ticks = time_ticks(Interval::from_micros(span), width);
            prop_assert!(ticks.len() <= MAX_TICKS as usize + 1);
            prop_assert!(ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.at)));
            prop_assert!(ticks.windows(2).all(|pair| pair[0].at < pair[1].at));
            prop_assert_eq!(ticks.last().map(|tick| tick.label.as_str()), (span > 0).then_some("now"));
        }
    }
}
