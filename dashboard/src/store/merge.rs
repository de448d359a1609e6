//! Merges rows that arrive late, or once more, with those that a group holds.

use protocol::column::{MISSING, is_missing};
use protocol::{Block, Timestamp};

use super::group::Group;
use super::located::Located;

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
}

impl Merged {
    /// Sets the values of a series that are not missing, one for each row that is merged.
    fn set(&mut self, series: usize, values: &[f64]) {
        for (&place, &value) in self.places.iter().zip(values).filter(|(_, value)| !is_missing(**value)) {
            self.rows.columns[series][place] = value;
        }
    }
}

impl Group {
    /// Merges a block with the held rows from its first time on. Returns the same as [`append`](Self::append).
    ///
    /// The cost is that of writing these rows again: history may contain the rows of the next ticks, which are then sent live.
    pub(super) fn merge(&mut self, block: &Block<'_>) -> (u64, u64) {
        let times: Vec<Timestamp> = block.times.iter().collect();
        let Some(mut merged) = self.begin_merge(&times) else { return (0, 0) };
        let (mut stored, mut unknown) = (0, 0);
        let mut values = vec![MISSING; times.len()];
        for column in &block.columns {
            let (Some(series), Some(encoded)) = (self.find(column.series), column.values()) else {
                unknown += 1;
                continue;
            };
            encoded.copy_to(&mut values);
            merged.set(series, &values);
            stored += times.len() as u64;
        }
        self.end_merge(merged);
        (stored, unknown)
    }

    /// Merges samples, sorted by time, with the held rows from the first time on.
    pub(super) fn merge_samples(&mut self, samples: &[Located]) {
        let rows = || samples.chunk_by(|one, other| one.time == other.time);
        let times: Vec<Timestamp> = rows().map(|row| row[0].time).collect();
        let Some(mut merged) = self.begin_merge(&times) else { return };
        for (&place, row) in merged.places.iter().zip(rows()) {
            for Located { series, value, .. } in row {
                merged.rows.columns[*series][place] = *value;
            }
        }
        self.end_merge(merged);
    }

    /// The held rows from the first of `times` on, with rows at these times, which are increasing.
    fn begin_merge(&self, times: &[Timestamp]) -> Option<Merged> {
        let (&first, &last) = (times.first()?, times.last()?);
        let held = self.taken(first, last, times);
        let mut rows = Rows { times: [held.times.as_slice(), times].concat(), columns: Vec::new() };
        rows.times.sort_unstable();
        rows.times.dedup();
        let place = |time: &Timestamp| rows.times.binary_search(time).unwrap_or_default();
        let held_places: Vec<usize> = held.times.iter().map(place).collect();
        let places = times.iter().map(place).collect();
        for values in &held.columns {
            let mut column = vec![MISSING; rows.times.len()];
            held_places.iter().zip(values).for_each(|(&place, &value)| column[place] = value);
            rows.columns.push(column);
        }
        Some(Merged { first, rows, places })
    }

    fn end_merge(&mut self, merged: Merged) {
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
