//! The time of each row. Reads no clock.

use std::time::Duration;

use protocol::{Interval, Timestamp};

/// Row `i` is `i / hz` seconds after the start, to the nearest microsecond.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timetable {
    start: Timestamp,
    hz: f64,
}

impl Timetable {
    pub(super) const fn new(start: Timestamp, hz: f64) -> Self {
        Self { start, hz }
    }

    pub(super) fn time(&self, row: u64) -> Timestamp {
        self.start + Interval::from_micros(self.offset_us(row))
    }

    /// Time from the start to the row.
    pub(super) fn offset(&self, row: u64) -> Duration {
        Duration::from_micros(self.offset_us(row))
    }

    /// Returns the number of rows that are due after `elapsed`.
    pub(super) fn rows_due(&self, elapsed: Duration) -> u64 {
        let mut rows = (elapsed.as_secs_f64() * self.hz) as u64;
        // The product may be off by one either way. The time of each row decides.
        while rows > 0 && self.offset(rows - 1) > elapsed {
            rows -= 1;
        }
        while self.offset(rows) <= elapsed {
            rows += 1;
        }
        rows
    }

    /// Computed from the row's number alone: errors do not add up. The quotient is exact to a hundredth of a microsecond
    /// for a century, so rounding is exact for rows on whole microseconds.
    fn offset_us(&self, row: u64) -> u64 {
        (row as f64 * 1e6 / self.hz).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timetable(hz: f64) -> Timetable {
        Timetable::new(Timestamp::from_micros(1_700_000_000_000_000), hz)
    }

    #[test]
    fn rows_on_whole_microseconds_are_exact() {
        for (hz, period_us) in [(1.0, 1_000_000), (10.0, 100_000), (1_000.0, 1_000), (8_000.0, 125), (0.1, 10_000_000)]
        {
            let timetable = timetable(hz);
            for row in (0..10_000).chain(10_000_000_000..10_000_001_000) {
                assert_eq!(timetable.offset_us(row), row * period_us, "row {row} at {hz} Hz");
            }
        }
    }

    #[test]
    fn a_rate_that_does_not_divide_a_second_does_not_drift() {
        let timetable = timetable(3.0);
        let expected = [0, 333_333, 666_667, 1_000_000, 1_333_333];
        assert_eq!([0, 1, 2, 3, 4].map(|row| timetable.offset_us(row)), expected);
        let year = 3 * 365 * 86_400;
        assert_eq!(timetable.offset_us(year), 365 * 86_400 * 1_000_000);
        assert_eq!(timetable.offset_us(year + 1) - timetable.offset_us(year), 333_333);
    }

    #[test]
    fn a_row_is_due_from_its_own_time_on() {
        for hz in [0.1, 3.0, 7.0, 60.0, 144.0, 999.0, 10_000.0] {
            let timetable = timetable(hz);
            assert_eq!(timetable.rows_due(Duration::ZERO), 1);
            for row in (1..2_000).chain(100_000_000..100_000_100) {
                let time = timetable.offset(row);
                assert_eq!(timetable.rows_due(time), row + 1, "row {row} at {hz} Hz");
                assert_eq!(
                    timetable.rows_due(time.saturating_sub(Duration::from_nanos(1))),
                    row,
                    "row {row} at {hz} Hz"
                );
            }
        }
    }
}
