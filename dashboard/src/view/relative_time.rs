//! Marks at round times before the right edge, which do not move: `-30 s`, `now`.

use protocol::Interval;
use series::duration::TimeUnit;
use series::number;

use super::spacing::LabelRoom;
use super::ticks::MAX_TICKS;
use super::time_step::{DAY, HOUR, MINUTE, SECOND, TimeTick, time_step_us};

/// Room for `-30 s`, in CSS pixels.
const TIME_SPACING_PX: f64 = 80.0;

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
    use proptest::prelude::*;

    use super::*;

    /// Characters of 6 pixels.
    fn room(width_css_px: f64) -> LabelRoom<'static> {
        LabelRoom { width_css_px, measure: &|text| text.chars().count() as f64 * 6.0 }
    }

    fn labels(span: Interval, width_css_px: f64) -> Vec<String> {
        time_ticks(span, room(width_css_px)).into_iter().map(|tick| tick.label).collect()
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
