//! Rows at the end of a group: appended, dropped, and marks of holes between them.

use protocol::column::is_missing;
use protocol::{Block, Interval, Timestamp};

use super::Group;
use crate::store::located::Located;
use crate::store::series::Series;

/// The time from a row to the mark of a hole after it.
pub(in crate::store) const HOLE_AFTER: Interval = Interval::from_micros(1);

impl Group {
    /// Drops the rows from `time` on, which others replace. Returns false if none was dropped.
    pub(in crate::store) fn truncate_from(&mut self, time: Timestamp) -> bool {
        let row = self.first_row_at(time);
        let has_any = row < self.rows.end;
        if has_any {
            self.forget_open();
            self.rows.end = row;
            self.generation += 1;
            self.series.iter_mut().for_each(|series| series.truncate(row));
        }
        has_any
    }

    /// Marks a hole after the newest row. Returns false if it was marked already.
    pub(in crate::store) fn break_line(&mut self) -> bool {
        if self.holds_buckets() {
            return self.break_buckets();
        }
        let Some(newest) = self.newest() else { return false };
        if self.series.iter().all(|series| series.last_present() < self.rows.end) {
            return false;
        }
        self.make_room(1);
        let place = self.place(self.rows.end);
        self.times[place] = newest + HOLE_AFTER;
        let hole = self.rows.end..self.rows.end + 1;
        self.series.iter_mut().for_each(|series| series.skip(hole.clone()));
        self.rows.end += 1;
        true
    }

    /// Appends a block's rows, whose times must be later than the newest. Returns the number of values stored, and that of
    /// columns without a series in this group.
    ///
    /// Hot: once a block; the copies inside once a sample.
    pub(in crate::store) fn append(&mut self, block: &Block<'_>) -> (u64, u64) {
        let (mut stored, mut unknown) = (0, 0);
        let count = block.rows as usize;
        // Of a block that is longer than the rings, the end is kept.
        let skip = count.saturating_sub(self.capacity());
        let count = count - skip;
        self.make_room(count);
        let start = self.place(self.rows.end);
        let first = count.min(self.capacity() - start);
        let mut times = block.times.iter().skip(skip);
        for place in (start..start + first).chain(0..count - first) {
            self.times[place] = times.next().unwrap_or_default();
        }
        let rows = self.rows.end..self.rows.end + count as u64;
        let mut next = 0;
        for column in &block.columns {
            let (Some(place), Some(values)) = (self.place_of(column.series, &mut next), column.values()) else {
                unknown += 1;
                continue;
            };
            self.series[place].write(rows.clone(), values, skip);
            stored += count as u64;
        }
        for series in self.series.iter_mut().filter(|series| series.last_present() != rows.end) {
            series.skip(rows.clone());
        }
        self.rows.end = rows.end;
        (stored, unknown)
    }

    /// Appends a row of samples of one time, which must be later than the newest.
    ///
    /// Hot: once a group and row; the writes inside once a sample.
    pub(in crate::store) fn append_row(&mut self, samples: &[Located]) {
        let Some(first) = samples.first() else { return };
        self.make_room(1);
        let place = self.place(self.rows.end);
        self.times[place] = first.time;
        let row = self.rows.end..self.rows.end + 1;
        for Located { series, value, .. } in samples {
            self.series[*series].write_values(row.clone(), &[*value]);
        }
        for series in self.series.iter_mut().filter(|series| series.last_present() != row.end) {
            series.skip(row.clone());
        }
        self.rows.end = row.end;
    }

    /// Appends rows, no more than the rings can hold, with a column for each series, which may have missing values.
    pub(in crate::store) fn append_merged(&mut self, times: &[Timestamp], columns: &[Vec<f64>]) {
        let start = self.rows.end;
        let before: Vec<u64> = self.series.iter().map(Series::last_present).collect();
        self.append_values(times, columns);
        for ((series, column), before) in self.series.iter_mut().zip(columns).zip(before) {
            let last = column.iter().rposition(|&value| !is_missing(value));
            series.set_last_present(last.map_or(before, |last| start + last as u64 + 1));
        }
    }

    /// Appends computed rows, no more than the rings can hold, with a column for each series.
    pub(in crate::store) fn append_values(&mut self, times: &[Timestamp], columns: &[Vec<f64>]) {
        self.make_room(times.len());
        let rows = self.rows.end..self.rows.end + times.len() as u64;
        for (row, &time) in rows.clone().zip(times) {
            let place = self.place(row);
            self.times[place] = time;
        }
        for (series, column) in self.series.iter_mut().zip(columns) {
            series.write_values(rows.clone(), column);
        }
        self.rows.end = rows.end;
    }

    pub(super) fn make_room(&mut self, count: usize) {
        let end = self.rows.end + count as u64;
        self.rows.start = self.rows.start.max(end.saturating_sub(self.capacity() as u64));
    }
}
