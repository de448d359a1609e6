//! Joins the batches of one tick: one growing batch for each group, in the order of each group's first batch.

use std::collections::BTreeMap;

use protocol::{GroupId, Timestamp};

use crate::ingest::batch::Batch;

/// Batches of one tick. The batches of each group are found by one lookup.
#[derive(Debug, Default)]
pub struct JoinedBatches {
    batches: Vec<Batch>,
    /// Indices of the batches of each group, the newest last.
    places: BTreeMap<GroupId, Vec<usize>>,
}

impl JoinedBatches {
    /// The time of the newest row of `group`.
    pub fn newest_time(&self, group: GroupId) -> Option<Timestamp> {
        let &place = self.places.get(&group)?.last()?;
        self.batches[place].times.last().copied()
    }

    /// Appends rows to the newest batch of their group, or begins another batch when the columns differ.
    pub fn push(&mut self, batch: Batch) {
        let places = self.places.entry(batch.group).or_default();
        let rest = match places.last() {
            Some(&place) => self.batches[place].append(batch).err(),
            None => Some(batch),
        };
        if let Some(batch) = rest {
            places.push(self.batches.len());
            self.batches.push(batch);
        }
    }

    /// Drops all rows of `group`.
    pub fn forget(&mut self, group: GroupId) {
        for place in self.places.remove(&group).unwrap_or_default() {
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
    use protocol::SeriesId;

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
