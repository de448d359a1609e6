//! The values and times of a chart to mark.

use protocol::Interval;

use super::log_steps;
use super::spacing::LabelRoom;
use super::steps::{CLOCK_SECONDS, Steps};
use series::duration::TimeUnit;
use series::number;

/// Room for a label, in CSS pixels.
const VALUE_SPACING_PX: f64 = 36.0;

/// Room for `-30 s`, in CSS pixels.
const TIME_SPACING_PX: f64 = 80.0;

/// The error of a quotient that decides whether an end of the axis is marked.
const ROUNDING: f64 = 1e-9;

/// More ticks than any chart has room for.
pub(super) const MAX_TICKS: f64 = 64.0;

pub(super) const SECOND: u64 = TimeUnit::SECOND.micros();
pub(super) const MINUTE: u64 = TimeUnit::MINUTE.micros();
pub(super) const HOUR: u64 = TimeUnit::HOUR.micros();
pub(super) const DAY: u64 = TimeUnit::DAY.micros();

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

/// A mark on the time axis of a chart that ends now.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeTick {
    /// From 0 at the left edge to 1 at the right.
    pub at: f64,
    /// Such as `-30 s`, `-5 min`, `now`.
    pub label: String,
}

/// Marks for a window that ends now, from the oldest to `now`, about 80 CSS pixels apart; at least two if their labels
/// have room.
pub fn time_ticks(span: Interval, room: LabelRoom<'_>) -> Vec<TimeTick> {
    let span_us = span.micros();
    if span_us == 0 {
        return Vec::new();
    }
    let step = time_step_us(span_us.div_ceil(room.count(TIME_SPACING_PX, MAX_TICKS)));
    room.fitted(span_us, step, |step| {
        let ticks = (0..=(span_us / step).min(MAX_TICKS as u64)).rev().map(|index| {
            let before_us = index * step;
            let label = if before_us == 0 { "now".to_owned() } else { label(before_us, step, span_us) };
            TimeTick { at: 1.0 - before_us as f64 / span_us as f64, label }
        });
        ticks.collect()
    })
}

/// The smallest round distance between time ticks that is at least `wanted_us`. Beyond half a day, whole days.
pub(super) fn time_step_us(wanted_us: u64) -> u64 {
    let step = round_steps().find(|step| *step >= wanted_us);
    step.unwrap_or_else(|| wanted_us.div_ceil(DAY).saturating_mul(DAY))
}

/// The round distances up to a day, rising.
pub(super) fn round_steps() -> impl DoubleEndedIterator<Item = u64> {
    let decimal = (0..7).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
    decimal.chain(CLOCK_SECONDS.map(|seconds| u64::from(seconds) * SECOND))
}

/// A label in the largest unit of which the step is a multiple; in seconds if the window has at least one.
fn label(before_us: u64, step: u64, span_us: u64) -> String {
    let unit = match step {
        _ if step.is_multiple_of(DAY) => TimeUnit::DAY,
        _ if step.is_multiple_of(HOUR) => TimeUnit::HOUR,
        _ if step.is_multiple_of(MINUTE) => TimeUnit::MINUTE,
        _ if span_us >= SECOND => TimeUnit::SECOND,
        _ if span_us >= 1_000 => TimeUnit::MILLISECOND,
        _ => TimeUnit::MICROSECOND,
    };
    let number = number::trimmed(format!("{:.6}", before_us as f64 / unit.micros() as f64));
    format!("-{number}{}", unit.symbol)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use protocol::Bounds;
    use series::{AxisLabels, Unit};

    use super::*;

    /// Characters of 6 pixels.
    fn room(width_css_px: f64) -> LabelRoom<'static> {
        LabelRoom { width_css_px, measure: &|text| text.chars().count() as f64 * 6.0 }
    }

    fn labels(span: Interval, width_css_px: f64) -> Vec<String> {
        time_ticks(span, room(width_css_px)).into_iter().map(|tick| tick.label).collect()
    }

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

    #[test]
    fn relative_labels_count_back_from_now() {
        assert_eq!(labels(Interval::from_secs(60), 330.0), ["-60 s", "-45 s", "-30 s", "-15 s", "now"]);
        assert_eq!(labels(Interval::from_secs(600), 200.0), ["-10 min", "-5 min", "now"]);
        assert_eq!(labels(Interval::from_millis(1_000), 160.0), ["-1 s", "-0.5 s", "now"]);
        assert_eq!(labels(Interval::from_micros(2 * DAY), 160.0), ["-2 d", "-1 d", "now"]);
        assert_eq!(labels(Interval::from_micros(100), 160.0), ["-100 µs", "-50 µs", "now"]);
        assert!(labels(Interval::ZERO, 160.0).is_empty());
    }

    #[test]
    fn a_narrow_axis_has_two_relative_labels() {
        assert_eq!(labels(Interval::from_secs(60), 75.0), ["-1 min", "now"]);
        assert_eq!(labels(Interval::from_secs(70), 150.0), ["-1 min", "now"]);
        assert_eq!(labels(Interval::from_secs(7 * 3_600), 100.0), ["-6 h", "now"]);
        assert_eq!(labels(Interval::from_secs(60), 30.0), ["now"], "no room for two");
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

        #[test]
        fn time_ticks_run_from_inside_the_window_to_now(span: u64, width: f64) {
            let ticks = time_ticks(Interval::from_micros(span), room(width));
            prop_assert!(ticks.len() <= MAX_TICKS as usize + 1);
            prop_assert!(ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.at)));
            prop_assert!(ticks.windows(2).all(|pair| pair[0].at < pair[1].at && pair[0].label != pair[1].label));
            prop_assert_eq!(ticks.last().map(|tick| tick.label.as_str()), (span > 0).then_some("now"));
        }

        #[test]
        fn a_relative_axis_has_two_labels_wherever_they_fit(
            span in prop_oneof![2_u64..1_000, 1_000_u64..1_000_000, 1_000_000_u64..86_400_000_000, 2_u64..1 << 45],
            width in 30.0_f64..2_000.0,
        ) {
            let ticks = time_ticks(Interval::from_micros(span), room(width));
            let longest = ticks.iter().map(|tick| tick.label.chars().count() as f64 * 6.0).fold(0.0, f64::max);
            // A label that is finer than those of this axis may be longer by some characters.
            prop_assert!(ticks.len() >= 2 || width < 2.0 * longest.max(60.0) + 6.0, "{ticks:?} on {width}");
        }
    }
}
