//! Marks and labels of clock times.

use proptest::prelude::*;

use super::super::zone::zones::{self, APIA, BERLIN, CHATHAM, HAVANA, LORD_HOWE, NEPAL, SAO_PAULO, utc};
use super::*;

/// 2026-11-24 14:05:37.5 in UTC.
const NOW: Timestamp = Timestamp::from_micros(1_795_529_137_500_000);

/// Characters of 6 pixels.
fn room(width_css_px: f64) -> LabelRoom<'static> {
    LabelRoom { width_css_px, measure: &|text| text.chars().count() as f64 * 6.0 }
}

fn labels(labels: TimeLabels, span: Interval, width_css_px: f64) -> Vec<String> {
    let window = Window::new(span, 800);
    clock_ticks(labels, &window, NOW, room(width_css_px)).into_iter().map(|tick| tick.label).collect()
}

#[test]
fn labels_are_as_fine_as_the_step() {
    let utc = |span, width| labels(TimeLabels::Utc, span, width);
    assert_eq!(utc(Interval::from_secs(60), 330.0), ["14:04:45", "14:05:00", "14:05:15", "14:05:30"]);
    assert_eq!(utc(Interval::from_secs(600), 200.0), ["14:00", "14:05"]);
    assert_eq!(utc(Interval::from_millis(1_000), 230.0), ["14:05:37.000", "14:05:37.500"]);
    assert_eq!(utc(Interval::from_micros(800), 230.0), [":37.499500", ":37.500000"]);
    assert_eq!(utc(Interval::from_micros(DAY), 330.0), ["18:00", "24 Nov", "06:00", "12:00"]);
    assert_eq!(utc(Interval::from_micros(4 * DAY), 330.0), ["21 Nov", "22 Nov", "23 Nov", "24 Nov"]);
    assert!(utc(Interval::ZERO, 330.0).is_empty());
}

const INDIA: Zone = Zone::new(|_| 330);

#[test]
fn a_local_clock_shows_its_own_hours_and_days() {
    let local = |zone| labels(TimeLabels::Local(zone), Interval::from_secs(600), 200.0);
    assert_eq!(local(INDIA), ["19:30", "19:35"]);
    assert_eq!(local(Zone::new(|_| -300)), ["09:00", "09:05"]);
    assert_eq!(local(NEPAL), ["19:45", "19:50"]);
    let window = Window::new(Interval::from_micros(DAY), 800);
    let india = clock_ticks(TimeLabels::Local(INDIA), &window, NOW, room(330.0));
    let midnight = india.iter().find(|tick| tick.label == "24 Nov").expect("within a day");
    let before_us = 19 * HOUR + 35 * MINUTE + 37 * SECOND + SECOND / 2;
    let column = 1.0 / f64::from(window.width_px());
    assert!((midnight.at - (1.0 - before_us as f64 / DAY as f64)).abs() <= column, "{midnight:?}");
}

/// The labels of the hours before `end`, with the minutes of each mark before `end`.
fn marks_before(zone: Zone, end: i64, hours: u64, width_css_px: f64) -> Vec<(String, i64)> {
    let window = Window::new(Interval::from_micros(hours * HOUR), 6_000);
    let ticks = clock_ticks(TimeLabels::Local(zone), &window, Timestamp::from_micros(end), room(width_css_px));
    let before = |at: f64| ((1.0 - at) * (hours * 60) as f64).round() as i64;
    ticks.into_iter().map(|tick| (tick.label, before(tick.at))).collect()
}

fn owned(marks: &[(&str, i64)]) -> Vec<(String, i64)> {
    marks.iter().map(|(label, minutes)| ((*label).to_owned(), *minutes)).collect()
}

#[test]
fn marks_on_both_sides_of_a_change_are_at_round_local_times() {
    let spring = marks_before(BERLIN, utc(2026, 3, 29, 3, 0), 5, 400.0);
    assert_eq!(spring, owned(&[("29 Mar", 240), ("01:00", 180), ("03:00", 120), ("04:00", 60), ("05:00", 0)]));
    let autumn = marks_before(BERLIN, utc(2026, 10, 25, 3, 0), 5, 400.0);
    assert_eq!(autumn, owned(&[("01:00", 240), ("02:00 +2", 180), ("02:00 +1", 120), ("03:00", 60), ("04:00", 0)]));
    // The clocks are set by half an hour.
    let spring = marks_before(LORD_HOWE, utc(2026, 10, 3, 17, 0), 4, 400.0);
    assert_eq!(spring, owned(&[("4 Oct", 210), ("01:00", 150), ("03:00", 60), ("04:00", 0)]));
    let autumn = marks_before(LORD_HOWE, utc(2026, 4, 4, 17, 30), 5, 400.0);
    assert_eq!(autumn, owned(&[("5 Apr", 270), ("01:00", 210), ("02:00", 120), ("03:00", 60), ("04:00", 0)]));
    let autumn = marks_before(LORD_HOWE, utc(2026, 4, 4, 15, 30), 1, 400.0);
    assert_eq!(
        autumn,
        owned(&[("01:45 +11", 45), ("01:30 +10:30", 30), ("01:45 +10:30", 15), ("02:00", 0)]),
        "each time of the repeated half hour has its offset"
    );
    let spring = marks_before(CHATHAM, utc(2026, 9, 26, 15, 15), 3, 400.0);
    assert_eq!(spring, owned(&[("02:00", 120), ("04:00", 60), ("05:00", 0)]));
}

#[test]
fn a_day_without_midnight_is_marked_where_it_begins() {
    let noon = utc(2018, 11, 4, 14, 0);
    let hours = marks_before(SAO_PAULO, noon, 14, 300.0);
    assert_eq!(hours, owned(&[("4 Nov", 660), ("06:00", 360), ("12:00", 0)]));
    let minutes = marks_before(SAO_PAULO, utc(2018, 11, 4, 4, 0), 2, 400.0);
    assert_eq!(minutes, owned(&[("23:30", 90), ("4 Nov", 60), ("01:30", 30), ("02:00", 0)]));
    let days = marks_before(SAO_PAULO, noon, 3 * 24, 400.0);
    let dates: Vec<_> = days.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(dates, ["2 Nov", "3 Nov", "4 Nov"]);
    assert_eq!(days[2].1, 660);
}

#[test]
fn a_day_that_does_not_exist_has_no_mark() {
    let days = marks_before(APIA, utc(2012, 1, 1, 0, 0), 4 * 24, 500.0);
    let dates: Vec<_> = days.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(dates, ["28 Dec", "29 Dec", "31 Dec", "1 Jan"]);
}

#[test]
fn a_repeated_midnight_is_one_day() {
    let marks = marks_before(HAVANA, utc(2026, 11, 1, 8, 0), 6, 500.0);
    assert_eq!(
        marks,
        owned(&[("23:00", 300), ("1 Nov", 240), ("00:00 -5", 180), ("01:00", 120), ("02:00", 60), ("03:00", 0)])
    );
}

#[test]
fn the_label_of_a_time_has_the_rules_of_its_instant() {
    let label =
        |zone, time| time_label(TimeLabels::Local(zone), Timestamp::from_micros(time), NOW, Interval::from_secs(60));
    assert_eq!(label(BERLIN, utc(2026, 7, 1, 12, 0)), "14:00:00.000");
    assert_eq!(label(BERLIN, utc(2026, 11, 24, 12, 0)), "13:00:00.000");
    assert_eq!(label(BERLIN, utc(2026, 10, 25, 0, 30)), "02:30:00.000 +2");
    assert_eq!(label(BERLIN, utc(2026, 10, 25, 1, 30)), "02:30:00.000 +1");
    assert_eq!(label(BERLIN, utc(2026, 10, 25, 2, 0)), "03:00:00.000");
    assert_eq!(label(CHATHAM, utc(2026, 4, 4, 12, 0)), "01:45:00.000");
    assert_eq!(label(HAVANA, utc(2026, 11, 1, 5, 0)), "00:00:00.000 -5");
    assert_eq!(time_label(TimeLabels::Utc, NOW, NOW, Interval::from_secs(60)), "14:05:37.500");
    assert_eq!(time_label(TimeLabels::Utc, NOW, NOW, Interval::from_millis(10)), "14:05:37.500000");
    assert_eq!(time_label(TimeLabels::Utc, NOW, NOW, Interval::from_secs(200_000)), "24 Nov 14:05:37.500");
    assert_eq!(time_label(TimeLabels::Relative, NOW, NOW, Interval::from_secs(60)), "0.0 s");
}

#[test]
fn a_narrow_axis_has_two_labels() {
    let utc = |span, width| labels(TimeLabels::Utc, Interval::from_secs(span), width);
    assert_eq!(utc(60, 110.0), ["14:04:45", "14:05:30"]);
    assert_eq!(utc(600, 95.0), ["14:00", "14:05"]);
    assert_eq!(utc(9 * 3_600, 100.0), ["06:00", "12:00"]);
    assert_eq!(utc(600, 40.0), ["14:00"], "no room for two");
}

#[test]
fn relative_labels_do_not_move() {
    assert_eq!(labels(TimeLabels::Relative, Interval::from_secs(60), 200.0), ["-60 s", "-30 s", "now"]);
}

#[test]
fn a_mark_moves_with_its_column() {
    let window = Window::new(Interval::from_secs(60), 600);
    let at = |now: Timestamp| {
        let ticks = clock_ticks(TimeLabels::Utc, &window, now, room(330.0));
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
    fn marks_rise_within_the_window(span: u64, width in 0_u32..5_000, now: i64, css: f64) {
        let window = Window::new(Interval::from_micros(span), width);
        for labels in zones::ALL.map(TimeLabels::Local).into_iter().chain([TimeLabels::Relative]) {
            let ticks = clock_ticks(labels, &window, Timestamp::from_micros(now), room(css));
            prop_assert!(ticks.len() <= MAX_TICKS as usize + 1);
            prop_assert!(ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.at)));
            prop_assert!(ticks.windows(2).all(|pair| pair[0].at <= pair[1].at));
        }
    }

    /// Over each change of the clocks of these zones, on axes from a second to some days.
    #[test]
    fn each_mark_shows_the_local_time_of_its_instant(
        zone in 0..zones::ALL.len(), change in 0_usize..7, after in -(2 * DAY as i64)..2 * DAY as i64,
        span in prop_oneof![1_000_000_u64..HOUR, HOUR..5 * DAY], css in 60.0_f64..1_500.0,
    ) {
        let changes = [
            utc(2026, 3, 29, 1, 0), utc(2026, 10, 25, 1, 0), utc(2026, 4, 4, 15, 0), utc(2026, 10, 3, 15, 30),
            utc(2018, 11, 4, 3, 0), utc(2026, 11, 1, 5, 0), utc(2011, 12, 30, 10, 0),
        ];
        let zone = zones::ALL[zone];
        let now = changes[change] + after;
        let times = now - span as i64 + 1..now + 1;
        let spans = zone.steady_spans(times.clone());
        for step in [SECOND, 15 * SECOND, MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY].map(|step| step as i64) {
            let all: Vec<_> = (0..spans.len()).flat_map(|index| marks(&spans, index, &times, step)).collect();
            prop_assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0), "{all:?}");
            for (time, label) in &all {
                let local = time + zone.offset_us(*time);
                prop_assert!(times.contains(time));
                let clock = time_of_day(local, step);
                let day = date(local);
                let is_first_of_day = (time - 1 + zone.offset_us(time - 1)).div_euclid(DAY as i64)
                    != local.div_euclid(DAY as i64);
                let is_right = label == &clock && local.rem_euclid(step) == 0
                    || label.strip_prefix(&clock).is_some_and(|offset| offset.starts_with(" +") || offset.starts_with(" -"))
                    || label == &day && (local.rem_euclid(DAY as i64) == 0 || is_first_of_day);
                prop_assert!(is_right, "{label} at {clock} on {day}");
            }
        }
        let window = Window::new(Interval::from_micros(span), 2_000);
        let ticks = clock_ticks(TimeLabels::Local(zone), &window, Timestamp::from_micros(now), room(css));
        prop_assert!(ticks.windows(2).all(|pair| pair[0].label != pair[1].label), "{ticks:?}");
        // `01:30:00 +10:30`
        prop_assert!(ticks.len() >= 2 || css < 2.0 * 15.0 * 6.0 + 6.0, "{ticks:?}");
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

#[test]
fn a_day_is_named_unless_it_is_today() {
    let at = |day, hour| Timestamp::from_micros(utc(2026, 11, day, hour, 0));
    assert_eq!(other_day(TimeLabels::Utc, at(24, 23), at(25, 1)), Some("24 Nov".to_owned()));
    assert_eq!(other_day(TimeLabels::Utc, at(25, 0), at(25, 1)), None);
    assert_eq!(other_day(TimeLabels::Local(BERLIN), at(24, 23), at(25, 1)), None, "it is midnight there");
    assert_eq!(other_day(TimeLabels::Relative, at(1, 0), at(25, 1)), None);
}
