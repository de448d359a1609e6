//! Rows that are sent late, as those of a network that reorders.

use std::collections::VecDeque;

use crate::ingest::batch::Batch;

/// One row of so many is sent late.
const ROWS_PER_LATE_ROW: u64 = 8;

/// Holds every eighth row of a group back until a number of later rows have been sent.
#[derive(Debug)]
pub(super) struct Delay {
    rows: u64,
    /// Number and content of each row that is held back, oldest first.
    held: VecDeque<(u64, Batch)>,
}

impl Delay {
    /// Rows are held back until `rows` rows later; 0 holds none back.
    pub(super) const fn new(rows: u64) -> Self {
        Self { rows, held: VecDeque::new() }
    }

    /// Divides the rows from number `first` on into batches in the order in which they are sent.
    pub(super) fn order(&mut self, batch: Batch, first: u64) -> Vec<Batch> {
        if self.rows == 0 {
            return vec![batch];
        }
        let mut batches: Vec<Batch> = Vec::new();
        let mut send = |row: Batch| {
            let rest = match batches.last_mut() {
                Some(last) => last.append(row).err(),
                None => Some(row),
            };
            batches.extend(rest);
        };
        for (place, number) in (first..first + batch.rows() as u64).enumerate() {
            let row = batch.slice(place..place + 1).to_batch();
            if number % ROWS_PER_LATE_ROW == ROWS_PER_LATE_ROW - 1 {
                self.held.push_back((number, row));
            } else {
                send(row);
            }
            while self.held.front().is_some_and(|(held, _)| held + self.rows <= number)
                && let Some((_, row)) = self.held.pop_front()
            {
                send(row);
            }
        }
        batches
    }
}

#[cfg(test)]
mod tests {
    use protocol::{GroupId, SeriesId, Timestamp};

    use super::*;

    fn rows(first: i64, count: i64) -> Batch {
        let row = |time| Batch::row(GroupId(1), Timestamp::from_micros(time), [(SeriesId(1), time as f64)]);
        (first + 1..first + count).fold(row(first), |mut batch, time| {
            batch.append(row(time)).expect("later");
            batch
        })
    }

    fn times(batches: &[Batch]) -> Vec<i64> {
        batches.iter().flat_map(|batch| &batch.times).map(|time| time.micros()).collect()
    }

    #[test]
    fn every_eighth_row_is_sent_late_and_none_is_lost() {
        let mut delay = Delay::new(3);
        let first = delay.order(rows(0, 10), 0);
        assert_eq!(times(&first), [0, 1, 2, 3, 4, 5, 6, 8, 9]);
        let second = delay.order(rows(10, 3), 10);
        assert_eq!(times(&second), [10, 7, 11, 12]);
        assert_eq!(second.iter().map(Batch::rows).collect::<Vec<_>>(), [1, 3], "times rise within a batch");
        let mut all = times(&[first, second].concat());
        all.sort_unstable();
        assert_eq!(all, (0..13).collect::<Vec<_>>());
    }
}
