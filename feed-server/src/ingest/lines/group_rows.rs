//! The rows of one group, from its lines.
//!
//! Lines that follow each other and have values of different series are one row, such as those of the disks in a table of iostat. A row begins
//! when a series comes again. Lines that arrive together were written one after the other: their rows get times between the row before them
//! and now.

use protocol::{GroupId, Interval, SeriesId, Timestamp};

use crate::ingest::batch::Batch;
use crate::ingest::row_interval::RowInterval;

/// Rows that arrive together are spread over at most this multiple of their estimated time, so that a silence before them is not filled.
const SPREAD: f64 = 1.25;

const MICROSECOND: Interval = Interval::from_micros(1);

#[derive(Debug)]
pub(super) struct GroupRows {
    pub(super) id: GroupId,
    pub(super) interval: RowInterval,
    /// The number of the row that is open, or of the next one.
    number: u64,
    open: Option<Row>,
    closed: Vec<Row>,
    /// The time of the newest row that has one.
    newest: Option<Timestamp>,
}

#[derive(Debug)]
struct Row {
    /// `None` if it came after the last call of [`GroupRows::settle`].
    time: Option<Timestamp>,
    is_own: bool,
    values: Vec<(SeriesId, f64)>,
}

impl GroupRows {
    pub(super) const fn new(id: GroupId, interval: RowInterval) -> Self {
        Self { id, interval, number: 1, open: None, closed: Vec::new(), newest: None }
    }

    /// Adds a value. `last_row` is the number of the last row with a value of this series, 0 for none; it is set. `own` is the time that the
    /// line says.
    pub(super) fn add(&mut self, series: SeriesId, last_row: &mut u64, value: f64, own: Option<Timestamp>) {
        let is_other =
            |open: &Row| *last_row == self.number || open.is_own != own.is_some() || open.is_own && open.time != own;
        if self.open.as_ref().is_some_and(is_other) {
            self.close();
        }
        *last_row = self.number;
        let open = self.open.get_or_insert_with(|| Row { time: own, is_own: own.is_some(), values: Vec::new() });
        open.values.push((series, value));
    }

    /// Closes the open row.
    pub(super) fn close(&mut self) {
        if let Some(row) = self.open.take() {
            self.number += 1;
            self.closed.push(row);
        }
    }

    /// Gives a time to the rows that arrived up to `now` and have none, and returns the closed ones.
    pub(super) fn settle(&mut self, now: Timestamp) -> Vec<Batch> {
        let mut without = self.closed.iter_mut().chain(&mut self.open).filter(|row| row.time.is_none());
        let count = without.by_ref().count();
        if count > 0 {
            // A clock that was set back by much is for the stream to handle.
            let before = self.newest.filter(|newest| newest.micros_since(now) < 1_000_000);
            self.interval.add(count, before, now);
            let span = self.span(count, before, now);
            let first = now - span;
            let mut place = 0;
            for row in self.closed.iter_mut().chain(&mut self.open).filter(|row| row.time.is_none()) {
                place += 1;
                let after = span.micros() * place / count as u64;
                let time = first + Interval::from_micros(after);
                let time = before.map_or(time, |before| time.max(before + Interval::from_micros(place)));
                row.time = Some(time);
                self.newest = Some(time);
            }
        }
        let mut batches: Vec<Batch> = Vec::new();
        for Row { time, is_own, values } in self.closed.drain(..) {
            let Some(time) = time else { continue };
            if is_own {
                self.interval.add(1, self.newest, time);
                self.newest = Some(time);
            }
            let batch = Batch::row(self.id, time, values);
            let rest = match batches.last_mut() {
                Some(last) => last.append(batch).err(),
                None => Some(batch),
            };
            batches.extend(rest);
        }
        batches
    }

    /// The time over which `count` rows are spread.
    fn span(&self, count: usize, before: Option<Timestamp>, now: Timestamp) -> Interval {
        let least = MICROSECOND.micros() * count as u64;
        let since = before.and_then(|before| u64::try_from(now.micros_since(before)).ok());
        let most = self.interval.estimate().map(|each| (each.micros() as f64 * count as f64 * SPREAD) as u64);
        let span = match (since, most) {
            // The last row is now.
            _ if count == 1 => 0,
            (Some(since), Some(most)) => since.min(most).max(least),
            _ => least,
        };
        Interval::from_micros(span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: SeriesId = SeriesId(1);
    const B: SeriesId = SeriesId(2);

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(1_000_000_000 + micros)
    }

    struct Test {
        rows: GroupRows,
        last: [u64; 2],
    }

    impl Test {
        fn new() -> Self {
            let interval = RowInterval::new(None, Interval::from_secs(1));
            Self { rows: GroupRows::new(GroupId(1), interval), last: [0; 2] }
        }

        fn add(&mut self, series: SeriesId, value: f64, own: Option<Timestamp>) {
            self.rows.add(series, &mut self.last[series.0 as usize - 1], value, own);
        }

        /// The time of each row that is settled, in microseconds, and its number of values.
        fn settle(&mut self, micros: i64) -> Vec<(i64, usize)> {
            let batches = self.rows.settle(at(micros));
            batches
                .iter()
                .flat_map(|batch| batch.times.iter().map(|time| (time.micros_since(at(0)), batch.columns.len())))
                .collect()
        }
    }

    #[test]
    fn lines_of_different_series_are_one_row_until_a_series_comes_again() {
        let mut test = Test::new();
        test.add(A, 1.0, None);
        assert_eq!(test.settle(10), []);
        test.add(B, 2.0, None);
        assert_eq!(test.settle(20), []);
        test.add(A, 3.0, None);
        assert_eq!(test.settle(30), [(10, 2)], "the time of its first line");
        test.rows.close();
        assert_eq!(test.settle(40), [(30, 1)]);
    }

    #[test]
    fn rows_that_arrive_together_are_spread_over_the_time_since_the_row_before() {
        let mut test = Test::new();
        (0..4).for_each(|_| test.add(A, 1.0, None));
        test.rows.close();
        let first: Vec<i64> = test.settle(1_000_000).into_iter().map(|(time, _)| time).collect();
        assert_eq!(first, [999_997, 999_998, 999_999, 1_000_000], "nothing is known of the first");
        let mut burst = |now: i64| {
            (0..4).for_each(|_| test.add(A, 1.0, None));
            test.rows.close();
            test.settle(now).into_iter().map(|(time, _)| time).collect::<Vec<_>>()
        };
        for now in [2_000_000, 3_000_000, 4_000_000] {
            burst(now);
        }
        assert_eq!(burst(5_000_000), [4_250_000, 4_500_000, 4_750_000, 5_000_000]);
        // After a silence, not over all of it.
        assert_eq!(burst(65_000_000)[0], 65_000_000 - 1_250_000 + 312_500);
    }

    #[test]
    fn rows_with_times_of_their_own_keep_them() {
        let mut test = Test::new();
        for own in [5, 5, 7] {
            test.add(A, 1.0, Some(at(own)));
        }
        test.add(B, 1.0, Some(at(7)));
        test.add(A, 1.0, None);
        test.rows.close();
        assert_eq!(test.settle(100), [(5, 1), (5, 1), (7, 2), (100, 1)]);
    }

    #[test]
    fn times_rise_although_the_clock_stands_or_is_set_back_a_little() {
        let mut test = Test::new();
        let mut last = i64::MIN;
        for now in [1_000_000, 1_000_000, 999_000, 1_000_001, 1_500_000] {
            test.add(A, 1.0, None);
            test.add(A, 1.0, None);
            for (time, _) in test.settle(now) {
                assert!(time > last, "{time} after {last}");
                last = time;
            }
        }
    }
}
