//! Divides batches of any size into the rows of single frames.

use crate::ingest::batch::Batch;
use crate::stream::packing::{FRAME_ROOM_BYTES, block_bytes, rows_that_fit};

/// Divides joined batches into the rows of single frames.
#[derive(Debug)]
pub struct FrameCutter {
    batches: std::vec::IntoIter<Batch>,
    rest: Option<Batch>,
}

impl FrameCutter {
    /// A cutter of these batches.
    pub fn new(batches: Vec<Batch>) -> Self {
        Self { batches: batches.into_iter(), rest: None }
    }

    /// The next rows that certainly fit one frame; `None` at the end.
    pub fn next_frame(&mut self) -> Option<Vec<Batch>> {
        let mut frame = Vec::new();
        let mut room = FRAME_ROOM_BYTES;
        while let Some(mut batch) = self.rest.take().or_else(|| self.batches.next()) {
            let columns = batch.columns.len();
            let fit = rows_that_fit(columns, room).min(batch.rows());
            if fit == 0 {
                self.rest = Some(batch);
                break;
            }
            if fit < batch.rows() {
                self.rest = Some(batch.split_off(fit));
            }
            room -= block_bytes(columns, fit).min(room);
            frame.push(batch);
        }
        (!frame.is_empty()).then_some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{GroupId, SeriesId, Timestamp};

    fn batch(group: u32, rows: i64, columns: u32) -> Batch {
        let row = |row| {
            let values = (1..=columns).map(|id| (SeriesId(id), row as f64));
            Batch::row(GroupId(group), Timestamp::from_micros(row), values)
        };
        (1..rows).map(row).fold(row(0), |mut batch, next| {
            batch.append(next).expect("same columns");
            batch
        })
    }

    #[test]
    fn every_row_comes_out_once_and_in_order() {
        let mut cutter = FrameCutter::new(vec![batch(1, 3, 2), batch(2, 5_000, 7), batch(3, 1, 1)]);
        let mut out: Vec<(u32, i64)> = Vec::new();
        let mut frames = 0;
        while let Some(frame) = cutter.next_frame() {
            frames += 1;
            let bytes: usize = frame.iter().map(|batch| block_bytes(batch.columns.len(), batch.rows())).sum();
            assert!(bytes <= FRAME_ROOM_BYTES);
            for batch in &frame {
                assert!(batch.columns.iter().all(|column| column.values.len() == batch.rows()));
                out.extend(batch.times.iter().map(|time| (batch.group.0, time.micros())));
            }
        }
        let expected = [(1, 3), (2, 5_000), (3, 1)];
        let expected: Vec<(u32, i64)> =
            expected.iter().flat_map(|&(group, rows)| (0..rows).map(move |row| (group, row))).collect();
        assert_eq!(out, expected);
        assert!(frames >= 5, "5,000 rows of 7 columns do not fit fewer, found {frames}");
    }
}
