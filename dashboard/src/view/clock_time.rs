//! Marks at round times of the day, which move with the window: `14:05:30`, `14:05`, `24 Nov`.
//!
//! The viewer's time zone is an argument, in minutes from UTC, since only the browser has it. Days are those of the
//! Gregorian calendar.

use protocol::Timestamp;

use super::ticks::{DAY, HOUR, MAX_TICKS, MINUTE, SECOND, TimeTick, time_step_us, time_ticks};
use super::window::Window;

/// Room for `14:05:30`, in CSS pixels.
const SPACING_PX: f64 = 80.0;

/// Wide enough for the label `14:05:30.250`.
const WIDE_SPACING_PX: f64 = 110.0;

/// The labels of the time axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TimeLabels {
    /// `-30 s`, `now`. The marks do not move.
    #[default]
    Relative,
    /// The time of the day in UTC.
    Utc,
    /// The time of the day in a time zone.
    Local {
        /// Minutes ahead of UTC. JavaScript's `getTimezoneOffset` has the opposite sign.
        offset_minutes: i32,
    },
}

/// Marks for a window at `now`, from the oldest on, about 80 CSS pixels apart. Round times move with their column;
/// relative ones are those of [`time_ticks`].
pub fn clock_ticks(labels: TimeLabels, window: &Window, now: Timestamp, width_css_px: f64) -> Vec<TimeTick> {
    let span_us = i64::try_from(window.span().micros()).unwrap_or(i64::MAX);
    let offset_us = match labels {
        TimeLabels::Relative => return time_ticks(window.span(), width_css_px),
        TimeLabels::Utc => 0,
        TimeLabels::Local { offset_minutes } => i64::from(offset_minutes) * MINUTE as i64,
    };
    if span_us == 0 {
        return Vec::new();
    }
    let step_us = step_us(span_us, width_css_px);
    let newest = now.micros().saturating_add(offset_us);
    let oldest = newest.saturating_sub(span_us);
    let first = oldest.div_euclid(step_us).saturating_add(1).saturating_mul(step_us);
    let times = (0..=MAX_TICKS as i64).map(|index| first.saturating_add(step_us.saturating_mul(index)));
    let ticks = times.take_while(|&local| local <= newest && local > oldest).map(|local| {
        let time = Timestamp::from_micros(local.saturating_sub(offset_us));
        TimeTick {
            at: (f64::from(window.x_of(time, now)) / f64::from(window.width_px())).clamp(0.0, 1.0),
            label: label(local, step_us),
        }
    });
    ticks.collect()
}

/// A time to the millisecond, or to a tenth of a second if relative: `14:05:30.250`, `-23.4 s`.
pub fn time_label(labels: TimeLabels, time: Timestamp, now: Timestamp) -> String {
    let offset_us = match labels {
        TimeLabels::Relative => return format!("{:.1} s", time.micros_since(now) as f64 / 1e6),
        TimeLabels::Utc => 0,
        TimeLabels::Local { offset_minutes } => i64::from(offset_minutes) * MINUTE as i64,
    };
    label(time.micros().saturating_add(offset_us), 1_000)
}

fn step_us(span_us: i64, width_css_px: f64) -> i64 {
    let step = |spacing_px: f64| {
        let room = (width_css_px / spacing_px).clamp(1.0, MAX_TICKS) as u64;
        time_step_us(span_us.unsigned_abs().div_ceil(room))
    };
    let narrow = step(SPACING_PX);
    let step = if narrow < SECOND { step(WIDE_SPACING_PX) } else { narrow };
    i64::try_from(step).unwrap_or(i64::MAX)
}

/// As precise as the step. Midnight is labelled with the date.
fn label(local_us: i64, step_us: i64) -> String {
    let within_day = local_us.rem_euclid(DAY as i64).unsigned_abs();
    if within_day == 0 && step_us >= MINUTE as i64 {
        let (month, day) = month_and_day(local_us.div_euclid(DAY as i64));
        return format!("{day} {month}");
    }
    let (hour, minute) = (within_day / HOUR, within_day / MINUTE % 60);
    let (second, micros) = (within_day / SECOND % 60, within_day % SECOND);
    if step_us.unsigned_abs().is_multiple_of(MINUTE) {
        format!("{hour:02}:{minute:02}")
    } else if step_us.unsigned_abs().is_multiple_of(SECOND) {
        format!("{hour:02}:{minute:02}:{second:02}")
    } else if step_us.unsigned_abs().is_multiple_of(1_000) {
        format!("{hour:02}:{minute:02}:{second:02}.{:03}", micros / 1_000)
    } else {
        format!(":{second:02}.{micros:06}")
    }
}

/// Month and day of the month, for a day counted from the Unix epoch.
fn month_and_day(day: i64) -> (&'static str, i64) {
    const MONTHS: [&str; 12] = ["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"];
    // Counted from 1 March of the year 0, so that a leap day is the last of its year and 400 years are one cycle of
    // 146,097 days: Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    let of_cycle = (day + 719_468).rem_euclid(146_097);
    let year = (of_cycle - of_cycle / 1_460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    (MONTHS[month as usize % 12], of_year - (153 * month + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::Interval;

    use super::*;

    /// 2026-11-24 14:05:37.5 in UTC.
    const NOW: Timestamp = Timestamp::from_micros(1_795_529_137_500_000);

    fn labels(labels: TimeLabels, span: Interval, width_css_px: f64) -> Vec<String> {
        let window = Window::new(span, 800);
        clock_ticks(labels, &window, NOW, width_css_px).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn labels_are_as_fine_as_the_step() {
        let utc = |span, width| labels(TimeLabels::Utc, span, width);
        assert_eq!(utc(Interval::from_secs(60), 330.0), ["14:04:45", "14:05:00", "14:05:15", "14:05:30"]);
        assert_eq!(utc(Interval::from_secs(600), 200.0), ["14:00", "14:05"]);
        assert_eq!(utc(Interval::from_millis(1_000), 230.0), ["14:05:37.000", "14:05:37.500"]);
        assert_eq!(utc(Interval::from_micros(100), 230.0), [":37.499950", ":37.500000"]);
        assert_eq!(utc(Interval::from_micros(DAY), 330.0), ["18:00", "24 Nov", "06:00", "12:00"]);
        assert_eq!(utc(Interval::from_micros(4 * DAY), 330.0), ["21 Nov", "22 Nov", "23 Nov", "24 Nov"]);
        assert!(utc(Interval::ZERO, 330.0).is_empty());
    }

    #[test]
    fn a_local_clock_shows_its_own_hours_and_days() {
        let local = |offset_minutes| labels(TimeLabels::Local { offset_minutes }, Interval::from_secs(600), 200.0);
        assert_eq!(local(330), ["19:30", "19:35"]);
        assert_eq!(local(-300), ["09:00", "09:05"]);
        let window = Window::new(Interval::from_micros(DAY), 800);
        let india = clock_ticks(TimeLabels::Local { offset_minutes: 330 }, &window, NOW, 330.0);
        let midnight = india.iter().find(|tick| tick.label == "24 Nov").expect("within a day");
        let before_us = 19 * HOUR + 35 * MINUTE + 37 * SECOND + SECOND / 2;
        let column = 1.0 / f64::from(window.width_px());
        assert!((midnight.at - (1.0 - before_us as f64 / DAY as f64)).abs() <= column, "{midnight:?}");
    }

    #[test]
    fn relative_labels_do_not_move() {
        assert_eq!(labels(TimeLabels::Relative, Interval::from_secs(60), 200.0), ["-60 s", "-30 s", "now"]);
    }

    #[test]
    fn a_mark_moves_with_its_column() {
        let window = Window::new(Interval::from_secs(60), 600);
        let at = |now: Timestamp| {
            let ticks = clock_ticks(TimeLabels::Utc, &window, now, 330.0);
            ticks.into_iter().find(|tick| tick.label == "14:05:15").expect("on screen").at
        };
        let moved = at(NOW) - at(Timestamp::from_micros(NOW.micros() + 6_000_000));
        assert!((moved - 0.1).abs() < 1e-6, "{moved}");
    }

    #[test]
    fn dates_are_those_of_the_gregorian_calendar() {
        for (day, date) in
            [(0, ("Jan", 1)), (-1, ("Dec", 31)), (59, ("Mar", 1)), (11_016, ("Feb", 29)), (20_781, ("Nov", 24))]
        {
            assert_eq!(month_and_day(day), date, "{day}");
        }
        // 2100 is no leap year.
        assert_eq!((month_and_day(47_540), month_and_day(47_541)), (("Feb", 28), ("Mar", 1)));
    }

    proptest! {
        #[test]
        fn marks_rise_within_the_window(
            span: u64, width in 0_u32..5_000, now: i64, css: f64, offset_minutes in -1_000_i32..1_000,
        ) {
            let window = Window::new(Interval::from_micros(span), width);
            for labels in [TimeLabels::Relative, TimeLabels::Utc, TimeLabels::Local { offset_minutes }] {
                let ticks = clock_ticks(labels, &window, Timestamp::from_micros(now), css);
                prop_assert!(ticks.len() <= MAX_TICKS as usize + 1);
                prop_assert!(ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.at)));
                prop_assert!(ticks.windows(2).all(|pair| pair[0].at <= pair[1].at));
            }
        }

        #[test]
        fn the_days_of_400_years_follow_each_other(day in -200_000_i64..200_000) {
            let (today, tomorrow) = (month_and_day(day), month_and_day(day + 1));
            let lengths = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
            let month = lengths.iter().position(|name| *name == today.0).expect("a month");
            let next = lengths[(month + 1) % 12];
            prop_assert!(tomorrow == (today.0, today.1 + 1) || (tomorrow == (next, 1) && today.1 >= 28), "{today:?} {tomorrow:?}");
        }
    }
}
