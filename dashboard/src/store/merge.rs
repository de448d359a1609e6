//! Merges rows that arrive late, or once more, with those that a group holds.

use protocol::column::{MISSING, is_missing};
use protocol::{Block, Timestamp};

use super::group::Group;
use super::group::append::HOLE_AFTER;
use super::located::Located;
use super::sorted::sorted;

/// Rows of a group in order of time, taken out of the rings.
struct Rows {
    times: Vec<Timestamp>,
    /// A column for each series.
    columns: Vec<Vec<f64>>,
}

/// Rows that take the place of those that a group holds from `first` on.
struct Merged {
    first: Timestamp,
    rows: Rows,
    /// The places in `rows` of the rows that are merged.
    places: Vec<usize>,
    /// Those with times that are not held.
    new_places: Vec<usize>,
    /// A row or a value is new.
    has_new: bool,
    /// The row before them is the mark of a hole.
    follows_hole: bool,
}

/// Which rows may be missing between the rows that are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Between {
    /// Late ones only: the rows fill the holes between them.
    Nothing,
    /// Any. A hole stays, on both sides of a row that falls into it.
    Others,
}

impl Merged {
    /// Sets the values of a series that are not missing, one for each row that is merged.
    fn set(&mut self, series: usize, values: &[f64]) {
        for (row, &value) in values.iter().enumerate() {
            self.set_value(row, series, value);
        }
    }

    /// Sets a value of the merged row number `row`, unless it is missing.
    fn set_value(&mut self, row: usize, series: usize, value: f64) {
        if is_missing(value) {
            return;
        }
        let held = &mut self.rows.columns[series][self.places[row]];
        self.has_new |= is_missing(*held);
        *held = value;
    }

    /// Marks a hole after each new row that falls into a hole.
    fn continue_holes(&mut self) {
        let Rows { times, columns } = &mut self.rows;
        let (mut is_broken, mut marks) = (self.follows_hole, Vec::new());
        for row in 0..times.len() {
            if is_hole(columns, row) {
                is_broken = true;
            } else if self.new_places.binary_search(&row).is_err() {
                is_broken = false;
            } else if is_broken
                && times.get(row + 1).is_some_and(|&next| next > times[row] + HOLE_AFTER)
                && !is_hole(columns, row + 1)
            {
                marks.push(row);
            }
        }
        for row in marks.into_iter().rev() {
            times.insert(row + 1, times[row] + HOLE_AFTER);
            for column in columns.iter_mut() {
                column.insert(row + 1, MISSING);
            }
        }
    }
}

fn is_hole(columns: &[Vec<f64>], row: usize) -> bool {
    columns.iter().all(|column| is_missing(column[row]))
}

impl Group {
    /// Merges a block with the held rows from its first time on. Returns the same as [`append`](Self::append).
    ///
    /// The cost is that of writing these rows again: history may contain the rows of the next ticks, which are then sent live.
    pub(super) fn merge(&mut self, block: &Block<'_>) -> (u64, u64) {
        let times: Vec<Timestamp> = block.times.iter().collect();
        self.merge_from(block, &times, 0, Between::Nothing)
    }

    /// Merges a block of late rows. Rows older than every held row are left out: rows may be missing after them.
    pub(super) fn merge_late(&mut self, block: &Block<'_>) -> (u64, u64) {
        let times: Vec<Timestamp> = block.times.iter().collect();
        let start = times.partition_point(|&time| self.is_before_all(time));
        self.merge_from(block, &times, start, Between::Others)
    }

    fn is_before_all(&self, time: Timestamp) -> bool {
        self.rows().is_empty() || time < self.time(self.rows().start)
    }

    fn merge_from(&mut self, block: &Block<'_>, times: &[Timestamp], start: usize, between: Between) -> (u64, u64) {
        let Some(mut merged) = self.begin_merge(&times[start..], between) else { return (0, 0) };
        let (mut stored, mut unknown) = (0, 0);
        let mut values = vec![MISSING; times.len()];
        for column in &block.columns {
            let (Some(series), Some(encoded)) = (self.find(column.series), column.values()) else {
                unknown += 1;
                continue;
            };
            encoded.copy_to(&mut values);
            merged.set(series, &values[start..]);
            stored += (times.len() - start) as u64;
        }
        self.end_merge(merged, between);
        (stored, unknown)
    }

    /// Merges samples, sorted by time, that are late or were in the history already.
    pub(super) fn merge_late_samples(&mut self, samples: &[Located]) {
        let samples = &samples[samples.partition_point(|sample| self.is_before_all(sample.time))..];
        let rows = || samples.chunk_by(|one, other| one.time == other.time);
        let times: Vec<Timestamp> = rows().map(|row| row[0].time).collect();
        let Some(mut merged) = self.begin_merge(&times, Between::Others) else { return };
        for (place, row) in rows().enumerate() {
            for Located { series, value, .. } in row {
                merged.set_value(place, *series, *value);
            }
        }
        self.end_merge(merged, Between::Others);
    }

    /// The held rows from the first of `times` on, with rows at these times, which are increasing.
    fn begin_merge(&self, times: &[Timestamp], between: Between) -> Option<Merged> {
        let (&first, &last) = (times.first()?, times.last()?);
        let held = match between {
            Between::Nothing => self.taken(first, last, times),
            Between::Others => self.copied(self.first_row_at(first)..self.rows().end),
        };
        let mut rows = Rows { times: [held.times.as_slice(), times].concat(), columns: Vec::new() };
        rows.times = sorted(rows.times);
        rows.times.dedup();
        let place = |time: &Timestamp| rows.times.binary_search(time).unwrap_or_default();
        let held_places: Vec<usize> = held.times.iter().map(place).collect();
        let places: Vec<usize> = times.iter().map(place).collect();
        let is_new = |place: &usize| held_places.binary_search(place).is_err();
        let new_places: Vec<usize> = places.iter().copied().filter(is_new).collect();
        for values in &held.columns {
            let mut column = vec![MISSING; rows.times.len()];
            held_places.iter().zip(values).for_each(|(&place, &value)| column[place] = value);
            rows.columns.push(column);
        }
        let has_new = !new_places.is_empty();
        let before = self.first_row_at(first).checked_sub(1).filter(|row| self.rows().contains(row));
        let follows_hole = before.is_some_and(|row| !self.has_value(row));
        Some(Merged { first, rows, places, new_places, has_new, follows_hole })
    }

    fn end_merge(&mut self, mut merged: Merged, between: Between) {
        if between == Between::Others {
            self.note_late_rows(merged.has_new);
            merged.continue_holes();
        }
        let Merged { first, mut rows, .. } = merged;
        self.truncate_from(first);
        // Of more rows than the rings can hold, the newest stay.
        let start = rows.times.len().saturating_sub(self.capacity());
        rows.columns.iter_mut().for_each(|column| drop(column.drain(..start)));
        self.append_merged(&rows.times[start..], &rows.columns);
    }

    /// The held rows at or after `first`, without holes before `last` that rows of `filled` fill.
    fn taken(&self, first: Timestamp, last: Timestamp, filled: &[Timestamp]) -> Rows {
        let held = self.first_row_at(first)..self.rows().end;
        let is_left = |row: &u64| {
            let time = self.time(*row);
            time > last || filled.binary_search(&time).is_ok() || self.has_value(*row)
        };
        self.copied(held.filter(is_left))
    }

    fn copied(&self, rows: impl Iterator<Item = u64>) -> Rows {
        let rows: Vec<u64> = rows.collect();
        let values = |series: usize| rows.iter().map(|&row| self.value(series, row)).collect();
        Rows {
            times: rows.iter().map(|&row| self.time(row)).collect(),
            columns: (0..self.series().len()).map(values).collect(),
        }
    }

    fn has_value(&self, row: u64) -> bool {
        (0..self.series().len()).any(|series| !is_missing(self.value(series, row)))
    }
}
