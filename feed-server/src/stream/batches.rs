//! Joins the batches of one tick: one growing batch for each group, in the order of each group's first batch.

use std::collections::BTreeMap;

use protocol::{GroupId, SeriesId, Timestamp};

use crate::ingest::batch::Batch;
use crate::stream::late_rows::drop_values;

/// Batches of one tick. The batches of each group are found by one lookup.
#[derive(Debug, Default)]
pub struct JoinedBatches {
    batches: Vec<Batch>,
    places: BTreeMap<GroupId, Places>,
}

#[derive(Debug, Default)]
struct Places {
    /// Indices of the group's batches, the newest last.
    batches: Vec<usize>,
    newest: Option<Timestamp>,
}

impl JoinedBatches {
    /// The time of the newest row of `group`.
    pub fn newest_time(&self, group: GroupId) -> Option<Timestamp> {
        self.places.get(&group)?.newest
    }

    /// Sets the values of a row of `group` to `MISSING` that a batch has for its time. The group has no late rows here.
    pub fn drop_held(&self, group: GroupId, time: Timestamp, row: &mut [(SeriesId, f64)]) {
        let Some(places) = self.places.get(&group) else { return };
        // Times rise from batch to batch.
        let place = places.batches.partition_point(|&place| self.batches[place].times.last() < Some(&time));
        let Some(batch) = places.batches.get(place).map(|&place| &self.batches[place]) else { return };
        let Ok(held) = batch.times.binary_search(&time) else { return };
        let value = |series| batch.columns.binary_search_by_key(&series, |column| column.series).ok();
        drop_values(row, |series| value(series).map(|column| batch.columns[column].values[held]));
    }

    /// Appends rows to the newest batch of their group, or begins another batch when the columns differ or the rows are not later.
    /// Times and columns are in order.
    pub fn push(&mut self, batch: Batch) {
        let places = self.places.entry(batch.group).or_default();
        places.newest = places.newest.max(batch.times.last().copied());
        let rest = match places.batches.last() {
            Some(&place) => self.batches[place].append(batch).err(),
            None => Some(batch),
        };
        if let Some(batch) = rest {
            places.batches.push(self.batches.len());
            self.batches.push(batch);
        }
    }

    /// Drops all rows of `group`.
    pub fn forget(&mut self, group: GroupId) {
        for place in self.places.remove(&group).unwrap_or_default().batches {
            self.batches[place] = Batch { group, times: Vec::new(), columns: Vec::new() };
        }
    }

    pub fn into_batches(mut self) -> Vec<Batch> {
        self.batches.retain(|batch| batch.rows() > 0);
        self.batches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(group: u32, time: i64, series: u32) -> Batch {
        Batch::row(GroupId(group), Timestamp::from_micros(time), [(SeriesId(series), 1.0)])
    }

    #[test]
    fn rows_join_the_newest_batch_of_their_group_when_the_columns_agree() {
        let mut joined = JoinedBatches::default();
        for batch in [row(1, 1, 1), row(2, 1, 2), row(1, 2, 1), row(1, 3, 9), row(1, 4, 9)] {
            joined.push(batch);
        }
        assert_eq!(joined.newest_time(GroupId(1)), Some(Timestamp::from_micros(4)));
        joined.forget(GroupId(2));
        joined.push(row(1, 5, 9));
        let rows: Vec<_> = joined.into_batches().iter().map(|batch| (batch.group.0, batch.rows())).collect();
        assert_eq!(rows, [(1, 2), (1, 3)]);
    }
}
