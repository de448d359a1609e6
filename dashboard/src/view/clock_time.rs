//! Marks at round times of the day, which move with the window: `14:05:30`, `14:05`, `24 Nov`.
//!
//! The viewer's time zone is an argument, since only the browser knows its rules. Each mark is at the instant at which the
//! clocks of the zone show its time, also on both sides of a change of the clocks. Days are those of the Gregorian
//! calendar.

use std::ops::Range;

use protocol::{Interval, Timestamp};

use super::relative_time::time_ticks;
use super::spacing::LabelRoom;
use super::ticks::MAX_TICKS;
use super::time_step::{DAY, HOUR, MINUTE, SECOND, TimeTick, time_step_us};
use super::window::Window;
use super::zone::{Steady, Zone};

/// Room for `14:05:30`, in CSS pixels.
const SPACING_PX: f64 = 80.0;

/// Wide enough for the label `14:05:30.250`.
const WIDE_SPACING_PX: f64 = 110.0;

/// A window that is longer than its span by this factor is labelled as it is shown.
const MUCH_LONGER: i64 = 2;

/// The labels of the time axis.
#[derive(Clone, Copy, Debug, Default)]
pub enum TimeLabels {
    /// `-30 s`, `now`. The marks do not move.
    #[default]
    Relative,
    /// The time of the day in UTC.
    Utc,
    /// The time of the day in a time zone.
    Local(Zone),
}

impl TimeLabels {
    /// The zone of the clock; `None` for relative times.
    pub const fn zone(self) -> Option<Zone> {
        match self {
            Self::Relative => None,
            Self::Utc => Some(Zone::UTC),
            Self::Local(zone) => Some(zone),
        }
    }
}

/// Marks for a window at `now`, from the oldest on, about 80 CSS pixels apart; at least two if their labels have room.
/// Round times move with their column; relative ones are those of [`time_ticks`].
///
/// A local time that a change of the clocks leaves out has no mark. If it is midnight, the day is marked where it begins.
/// A local time that occurs twice is labelled with the offset from UTC: `02:00 +2`, `02:00 +1`.
pub fn clock_ticks(labels: TimeLabels, window: &Window, now: Timestamp, room: LabelRoom<'_>) -> Vec<TimeTick> {
    if window.span() == Interval::ZERO {
        return Vec::new();
    }
    let nominal_us = i64::try_from(window.span().micros()).unwrap_or(i64::MAX);
    // Whole microseconds a column make a window longer by a fraction that is not visible, unless it is very short.
    let is_short = window.shown_us() / MUCH_LONGER > nominal_us;
    let span_us = if is_short { window.shown_us() } else { nominal_us };
    let Some(zone) = labels.zone() else { return time_ticks(Interval::from_micros(span_us.unsigned_abs()), room) };
    // The oldest time is not on the axis.
    let times = now.micros().saturating_sub(span_us).saturating_add(1)..now.micros().saturating_add(1);
    let steady = zone.steady_spans(times.clone());
    let place = |time_us: i64| {
        let x = window.x_of(Timestamp::from_micros(time_us), now);
        (f64::from(x) / f64::from(window.width_px())).clamp(0.0, 1.0)
    };
    room.fitted(span_us.unsigned_abs(), step_us(span_us, room), |step_us| {
        let marks = (0..steady.len()).flat_map(|index| marks(&steady, index, &times, step_us as i64));
        marks.take(MAX_TICKS as usize + 1).map(|(time, label)| TimeTick { at: place(time), label }).collect()
    })
}

/// The marks within a span between two changes of the clocks.
fn marks(spans: &[Steady], index: usize, times: &Range<i64>, step_us: i64) -> impl Iterator<Item = (i64, String)> {
    let span = &spans[index];
    let (start, end) = (span.times_us.start.max(times.start), span.times_us.end.min(times.end));
    let first = span.local(start).saturating_sub(1).div_euclid(step_us).saturating_add(1).saturating_mul(step_us);
    // The midnight that was left out before the span.
    let local_start = span.local(span.times_us.start);
    let midnight = local_start.div_euclid(DAY as i64).saturating_mul(DAY as i64);
    let is_left_out = |before: &Steady| before.local(before.times_us.end) <= midnight && midnight < local_start;
    let day = index.checked_sub(1).and_then(|before| spans.get(before)).filter(|before| is_left_out(before));
    let day = day.filter(|_| start == span.times_us.start && start < end && step_us >= MINUTE as i64);
    let day = day.filter(|_| midnight.rem_euclid(step_us) == 0).map(|_| (start, date(midnight)));
    let marked = day.as_ref().map(|(time, _)| *time);
    let rounds = (0..=MAX_TICKS as i64).map(move |number| first.saturating_add(step_us.saturating_mul(number)));
    let rounds = rounds.map(|local| (span.time(local), local)).take_while(move |(time, _)| (start..end).contains(time));
    let rounds = rounds.filter(move |(time, _)| Some(*time) != marked);
    day.into_iter().chain(rounds.map(move |(time, local)| (time, occurrence_label(spans, index, local, step_us))))
}

/// The label of a local time in one of the spans, with the offset from UTC if another one has it too. A date is that of
/// its first occurrence.
fn occurrence_label(spans: &[Steady], index: usize, local_us: i64, step_us: i64) -> String {
    let is_in = |other: Option<&Steady>| other.is_some_and(|other| other.times_us.contains(&other.time(local_us)));
    let is_second = is_in(index.checked_sub(1).and_then(|before| spans.get(before)));
    if (!is_second && !is_in(spans.get(index + 1))) || !step_us.unsigned_abs().is_multiple_of(1_000) {
        return label(local_us, step_us);
    }
    if !is_second && is_date(local_us, step_us) {
        return date(local_us);
    }
    let offset_us = spans[index].offset_us;
    let (hours, minutes) = (offset_us.unsigned_abs() / HOUR, offset_us.unsigned_abs() / MINUTE % 60);
    let sign = if offset_us < 0 { '-' } else { '+' };
    let part = if minutes == 0 { String::new() } else { format!(":{minutes:02}") };
    format!("{} {sign}{hours}{part}", time_of_day(local_us, step_us))
}

/// A time in a view of `span`, to the millisecond, or to a tenth of a second if relative: `14:05:30.250`, `-23.4 s`. In a view below a
/// second it has microseconds, in one above a day the day.
pub fn time_label(labels: TimeLabels, time: Timestamp, now: Timestamp, span: Interval) -> String {
    let Some(zone) = labels.zone() else { return format!("{:.1} s", time.micros_since(now) as f64 / 1e6) };
    let time_us = time.micros();
    let spans = zone.steady_spans(time_us..time_us.saturating_add(1));
    let index = spans.iter().position(|span| span.times_us.contains(&time_us)).unwrap_or(spans.len() - 1);
    let local_us = spans[index].local(time_us);
    let label = occurrence_label(&spans, index, local_us, 1_000);
    match span.micros() {
        ..SECOND => format!("{label}{:03}", local_us.rem_euclid(1_000)),
        DAY.. => format!("{} {label}", date(local_us)),
        _ => label,
    }
}

/// The day of a time, `24 Nov`, unless it is that of `now`, or times are relative.
pub fn other_day(labels: TimeLabels, time: Timestamp, now: Timestamp) -> Option<String> {
    let zone = labels.zone()?;
    let local =
        |time: Timestamp| zone.steady_spans(time.micros()..time.micros().saturating_add(1))[0].local(time.micros());
    let day = |time| local(time).div_euclid(DAY as i64);
    (day(time) != day(now)).then(|| date(local(time)))
}

fn step_us(span_us: i64, room: LabelRoom<'_>) -> u64 {
    let step = |spacing_px: f64| time_step_us(span_us.unsigned_abs().div_ceil(room.count(spacing_px, MAX_TICKS)));
    let narrow = step(SPACING_PX);
    let step = if narrow < SECOND { step(WIDE_SPACING_PX) } else { narrow };
    step.min(i64::MAX as u64)
}

fn is_date(local_us: i64, step_us: i64) -> bool {
    local_us.rem_euclid(DAY as i64) == 0 && step_us >= MINUTE as i64
}

fn date(local_us: i64) -> String {
    let (month, day) = month_and_day(local_us.div_euclid(DAY as i64));
    format!("{day} {month}")
}

/// As precise as the step. Midnight is labelled with the date.
fn label(local_us: i64, step_us: i64) -> String {
    if is_date(local_us, step_us) { date(local_us) } else { time_of_day(local_us, step_us) }
}

fn time_of_day(local_us: i64, step_us: i64) -> String {
    let within_day = local_us.rem_euclid(DAY as i64).unsigned_abs();
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
mod tests;
