//! Divides batches of any size into the rows of single frames.

use crate::ingest::batch::{Batch, BatchSlice};
use crate::stream::packing::{FRAME_ROOM_BYTES, live_rows_that_fit};
use protocol::SamplesBuffer;

/// Divides joined batches into the rows of single frames. No row is moved or copied.
#[derive(Debug)]
pub struct FrameCutter {
    batches: Vec<Batch>,
    /// The number of batches before those of late rows.
    in_order: usize,
    /// The first batch with rows that were not returned, and the first of these rows.
    batch: usize,
    row: usize,
}

impl FrameCutter {
    /// A cutter of these batches. The late rows are in frames of their own, after the rows that they are late for.
    pub fn new(mut batches: Vec<Batch>, late: Vec<Batch>) -> Self {
        let in_order = batches.len();
        batches.extend(late);
        Self { batches, in_order, batch: 0, row: 0 }
    }

    /// The next rows that certainly fit one frame; `None` at the end.
    pub fn next_frame(&mut self) -> Option<Vec<BatchSlice<'_>>> {
        let Self { batches, in_order, batch: number, row } = self;
        let mut frame = Vec::new();
        let mut room = FRAME_ROOM_BYTES;
        while let Some(batch) = batches.get(*number) {
            let columns = batch.columns.len();
            let fit = live_rows_that_fit(columns, room).min(batch.rows() - *row);
            if fit > 0 {
                room -= SamplesBuffer::most_bytes(columns, fit).min(room);
                frame.push(batch.slice(*row..*row + fit));
                *row += fit;
            }
            if *row < batch.rows() {
                break;
            }
            (*number, *row) = (*number + 1, 0);
            if number == in_order && !frame.is_empty() {
                break;
            }
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
        let mut cutter = FrameCutter::new(vec![batch(1, 3, 2), batch(2, 5_000, 7), batch(3, 1, 1)], Vec::new());
        let mut out: Vec<(u32, i64)> = Vec::new();
        let mut frames = 0;
        while let Some(frame) = cutter.next_frame() {
            frames += 1;
            let bytes: usize =
                frame.iter().map(|rows| SamplesBuffer::most_bytes(rows.columns().len(), rows.rows())).sum();
            assert!(bytes <= FRAME_ROOM_BYTES);
            for rows in &frame {
                assert!(rows.columns().all(|(_, values)| values.len() == rows.rows()));
                out.extend(rows.times().iter().map(|time| (rows.group().0, time.micros())));
            }
        }
        let expected = [(1, 3), (2, 5_000), (3, 1)];
        let expected: Vec<(u32, i64)> =
            expected.iter().flat_map(|&(group, rows)| (0..rows).map(move |row| (group, row))).collect();
        assert_eq!(out, expected);
        assert!(frames >= 5, "5,000 rows of 7 columns do not fit fewer, found {frames}");
    }

    #[test]
    fn late_rows_are_in_frames_of_their_own() {
        let groups = |cutter: &mut FrameCutter| {
            let frame = cutter.next_frame();
            frame.map(|frame| frame.iter().map(|rows| rows.group().0).collect::<Vec<_>>())
        };
        let mut cutter = FrameCutter::new(vec![batch(1, 1, 1), batch(2, 1, 1)], vec![batch(1, 1, 1)]);
        assert_eq!([(); 3].map(|()| groups(&mut cutter)), [Some(vec![1, 2]), Some(vec![1]), None]);
        let mut cutter = FrameCutter::new(Vec::new(), vec![batch(1, 1, 1)]);
        assert_eq!([(); 2].map(|()| groups(&mut cutter)), [Some(vec![1]), None]);
    }
}
