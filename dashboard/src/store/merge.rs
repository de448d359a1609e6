//! Merges rows that arrive late, or once more, with those that a group holds.

use protocol::column::{MISSING, is_missing};
use protocol::{Block, Timestamp};

use super::group::Group;

/// Rows of a group in order of time, taken out of the rings.
struct Rows {
    times: Vec<Timestamp>,
    /// A column for each series.
    columns: Vec<Vec<f64>>,
}

impl Group {
    /// Merges a block with the held rows from its first time on. Returns the same as [`append`](Self::append).
    ///
    /// The cost is that of writing these rows again: history may contain the rows of the next ticks, which are then sent live.
    pub(super) fn merge(&mut self, block: &Block<'_>) -> (u64, u64) {
        let times: Vec<Timestamp> = block.times.iter().collect();
        let (Some(&first), Some(&last)) = (times.first(), times.last()) else { return (0, 0) };
        let held = self.taken(first, last, &times);
        let mut merged = Rows { times: [held.times.as_slice(), &times].concat(), columns: Vec::new() };
        merged.times.sort_unstable();
        merged.times.dedup();
        let place = |time: &Timestamp| merged.times.binary_search(time).unwrap_or_default();
        let held_places: Vec<usize> = held.times.iter().map(place).collect();
        let block_places: Vec<usize> = times.iter().map(place).collect();
        for values in &held.columns {
            let mut column = vec![MISSING; merged.times.len()];
            held_places.iter().zip(values).for_each(|(&place, &value)| column[place] = value);
            merged.columns.push(column);
        }
        let (mut stored, mut unknown) = (0, 0);
        let mut values = vec![MISSING; times.len()];
        for column in &block.columns {
            let (Some(series), Some(encoded)) = (self.find(column.series), column.values()) else {
                unknown += 1;
                continue;
            };
            encoded.copy_to(&mut values);
            for (&place, &value) in block_places.iter().zip(&values).filter(|(_, value)| !is_missing(**value)) {
                merged.columns[series][place] = value;
            }
            stored += times.len() as u64;
        }
        self.truncate_from(first);
        // Of more rows than the rings can hold, the newest stay.
        let start = merged.times.len().saturating_sub(self.capacity());
        merged.columns.iter_mut().for_each(|column| drop(column.drain(..start)));
        self.append_merged(&merged.times[start..], &merged.columns);
        (stored, unknown)
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
