//! Joins the batches of one tick: one growing batch for each group, in the order of each group's first batch.

use std::collections::BTreeMap;

use protocol::{GroupId, Timestamp};

use crate::ingest::batch::Batch;

/// Batches of one tick. The newest batch of each group is found by one lookup.
#[derive(Debug, Default)]
pub struct JoinedBatches {
    batches: Vec<Batch>,
    /// Index of the newest batch of each group.
    newest: BTreeMap<GroupId, usize>,
}

impl JoinedBatches {
    /// The time of the newest row of `group`.
    pub fn newest_time(&self, group: GroupId) -> Option<Timestamp> {
        let &index = self.newest.get(&group)?;
        self.batches[index].times.last().copied()
    }

    /// Appends rows to the newest batch of their group, or begins another batch when the columns differ.
    pub fn push(&mut self, batch: Batch) {
        let group = batch.group;
        let rest = match self.newest.get(&group) {
            Some(&index) => self.batches[index].append(batch).err(),
            None => Some(batch),
        };
        if let Some(batch) = rest {
            self.newest.insert(group, self.batches.len());
            self.batches.push(batch);
        }
    }

    /// Drops all rows of `group`.
    pub fn forget(&mut self, group: GroupId) {
        if self.newest.remove(&group).is_some() {
            self.batches.retain(|batch| batch.group != group);
            self.newest = self.batches.iter().enumerate().map(|(index, batch)| (batch.group, index)).collect();
        }
    }

    pub fn into_batches(self) -> Vec<Batch> {
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
