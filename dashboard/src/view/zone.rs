//! A time zone: its rules for each instant, and the spans of time between two changes of its clocks.

use std::ops::Range;

use protocol::Timestamp;

use super::time_step::{DAY, MINUTE, SECOND};

/// Two changes of a zone's clocks are farther apart. The shortest distance in use was that of Morocco and of Egypt, where
/// summer time is suspended for the month of Ramadan.
const BETWEEN_CHANGES_US: i64 = 7 * DAY as i64;

/// The limit on the number of times at which the rules are read to find changes, apart from 20 to 40 reads for each
/// change that is found. It is enough for a year.
const MAX_READS: i64 = 64;

/// A time zone.
#[derive(Clone, Copy, Debug)]
pub struct Zone {
    minutes_ahead: fn(Timestamp) -> i32,
}

/// A span of time in which the clocks of a zone are not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Steady {
    /// In microseconds since the Unix epoch. The first span of a list has an open start, and the last an open end.
    pub(super) times_us: Range<i64>,
    /// Local time is ahead of UTC by this.
    pub(super) offset_us: i64,
}

impl Steady {
    pub(super) const fn local(&self, time_us: i64) -> i64 {
        time_us.saturating_add(self.offset_us)
    }

    pub(super) const fn time(&self, local_us: i64) -> i64 {
        local_us.saturating_sub(self.offset_us)
    }
}

impl Zone {
    pub const UTC: Self = Self::new(|_| 0);

    /// A zone whose clocks are so many minutes ahead of UTC at an instant. JavaScript's `getTimezoneOffset` has the
    /// opposite sign.
    pub const fn new(minutes_ahead: fn(Timestamp) -> i32) -> Self {
        Self { minutes_ahead }
    }

    pub(super) fn offset_us(self, time_us: i64) -> i64 {
        i64::from((self.minutes_ahead)(Timestamp::from_micros(time_us))) * MINUTE as i64
    }

    /// The spans between the changes from a day before `times_us` to a day after, so that a local time that occurs twice
    /// is known from one of its instants. Two reads of the rules if the times are within a week.
    pub(super) fn steady_spans(self, times_us: Range<i64>) -> Vec<Steady> {
        let from = times_us.start.saturating_sub(DAY as i64);
        let to = times_us.end.saturating_add(DAY as i64);
        let count = (to.saturating_sub(from) / BETWEEN_CHANGES_US + 1).clamp(1, MAX_READS - 1);
        let apart = to.saturating_sub(from) / count;
        let mut spans = Vec::with_capacity(2);
        let (mut start, mut read_at, mut offset) = (i64::MIN, from, self.offset_us(from));
        for index in 1..=count {
            let next = if index == count { to } else { from.saturating_add(apart.saturating_mul(index)) };
            let next_offset = self.offset_us(next);
            if next_offset != offset {
                let change = self.change_between(read_at, next, offset);
                spans.push(Steady { times_us: start..change, offset_us: offset });
                (start, offset) = (change, next_offset);
            }
            read_at = next;
        }
        spans.push(Steady { times_us: start..i64::MAX, offset_us: offset });
        spans
    }

    /// The first second at which the clocks do not show `before` any more.
    fn change_between(self, from: i64, to: i64, before: i64) -> i64 {
        let second = SECOND as i64;
        let (mut low, mut high) = (from.div_euclid(second), to.div_euclid(second).saturating_add(1));
        while high.saturating_sub(low) > 1 {
            let middle = low + (high - low) / 2;
            let is_before = self.offset_us(middle.saturating_mul(second)) == before;
            (low, high) = if is_before { (middle, high) } else { (low, middle) };
        }
        high.saturating_mul(second)
    }
}

#[cfg(test)]
pub(super) mod zones {
    //! Rules of some zones around their changes in one year.

    use super::*;

    /// A time in UTC.
    pub(crate) fn utc(year: i64, month: i64, day: i64, hour: i64, minute: i64) -> i64 {
        // Days from the civil date: Hinnant, "chrono-Compatible Low-Level Date Algorithms".
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let of_year = (153 * month + 2) / 5 + day - 1;
        let of_era = year.rem_euclid(400) * 365 + year.rem_euclid(400) / 4 - year.rem_euclid(400) / 100 + of_year;
        let days = year.div_euclid(400) * 146_097 + of_era - 719_468;
        ((days * 24 + hour) * 60 + minute) * MINUTE as i64
    }

    /// `standard` minutes, and `summer` minutes within the range.
    fn with_summer(time: Timestamp, standard: i32, summer: i32, range: Range<i64>) -> i32 {
        if range.contains(&time.micros()) { summer } else { standard }
    }

    /// 2026: 02:00 to 03:00 on 29 March, and back from 03:00 to 02:00 on 25 October.
    pub(crate) const BERLIN: Zone =
        Zone::new(|time| with_summer(time, 60, 120, utc(2026, 3, 29, 1, 0)..utc(2026, 10, 25, 1, 0)));
    /// 2026: back from 02:00 to 01:30 on 5 April, and 02:00 to 02:30 on 4 October.
    pub(crate) const LORD_HOWE: Zone =
        Zone::new(|time| with_summer(time, 660, 630, utc(2026, 4, 4, 15, 0)..utc(2026, 10, 3, 15, 30)));
    /// 2026: back from 03:45 to 02:45 on 5 April, and 02:45 to 03:45 on 27 September.
    pub(crate) const CHATHAM: Zone =
        Zone::new(|time| with_summer(time, 825, 765, utc(2026, 4, 4, 14, 0)..utc(2026, 9, 26, 14, 0)));
    pub(crate) const NEPAL: Zone = Zone::new(|_| 345);
    /// 2018: 4 November began at 01:00.
    pub(crate) const SAO_PAULO: Zone =
        Zone::new(|time| with_summer(time, -180, -120, utc(2018, 11, 4, 3, 0)..utc(2019, 2, 17, 2, 0)));
    /// 2026: back from 01:00 to 00:00 on 1 November.
    pub(crate) const HAVANA: Zone =
        Zone::new(|time| with_summer(time, -300, -240, utc(2026, 3, 8, 5, 0)..utc(2026, 11, 1, 5, 0)));
    /// 30 December 2011 did not exist.
    pub(crate) const APIA: Zone = Zone::new(|time| if time.micros() < utc(2011, 12, 30, 10, 0) { -600 } else { 840 });

    pub(crate) const ALL: [Zone; 8] = [Zone::UTC, BERLIN, LORD_HOWE, CHATHAM, NEPAL, SAO_PAULO, HAVANA, APIA];
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::zones::{ALL, BERLIN, LORD_HOWE, utc};
    use super::*;

    const HOUR: i64 = 60 * MINUTE as i64;

    #[test]
    fn a_change_is_found_to_the_second() {
        let change = utc(2026, 10, 25, 1, 0);
        let spans = BERLIN.steady_spans(change - HOUR..change + HOUR);
        let summer = Steady { times_us: i64::MIN..change, offset_us: 2 * HOUR };
        let winter = Steady { times_us: change..i64::MAX, offset_us: HOUR };
        assert_eq!(spans, [summer, winter]);
    }

    #[test]
    fn all_changes_of_a_year_are_found() {
        let year = utc(2026, 1, 1, 0, 0)..utc(2027, 1, 1, 0, 0);
        for zone in [BERLIN, LORD_HOWE] {
            assert_eq!(zone.steady_spans(year.clone()).len(), 3);
        }
    }

    thread_local! {
        static READS: Cell<u32> = const { Cell::new(0) };
    }

    #[test]
    fn the_number_of_reads_is_bounded() {
        let counting = Zone::new(|time| {
            READS.set(READS.get() + 1);
            (BERLIN.minutes_ahead)(time)
        });
        let reads = |span_us: i64| {
            READS.set(0);
            let now = utc(2026, 11, 24, 14, 5);
            counting.steady_spans(now - span_us..now);
            READS.get()
        };
        assert_eq!(reads(60_000_000), 2);
        assert_eq!(reads(DAY as i64), 2);
        assert!(reads(365 * DAY as i64) <= MAX_READS as u32 + 2 * 21);
        assert!(reads(i64::MAX / 2) <= MAX_READS as u32 + 2 * 64);
    }

    proptest! {
        #[test]
        fn each_time_has_the_offset_of_its_span(from: i64, length in 0_i64..1 << 62, at in 0.0_f64..1.0) {
            for zone in ALL {
                let to = from.saturating_add(length);
                let spans = zone.steady_spans(from..to);
                prop_assert!(spans.windows(2).all(|pair| pair[0].times_us.end == pair[1].times_us.start));
                prop_assert_eq!((spans[0].times_us.start, spans[spans.len() - 1].times_us.end), (i64::MIN, i64::MAX));
                if length < 365 * DAY as i64 {
                    let time = from + (length as f64 * at) as i64;
                    let span = spans.iter().find(|span| span.times_us.contains(&time)).expect("a span");
                    prop_assert_eq!(span.offset_us, zone.offset_us(time));
                }
            }
        }
    }
}
