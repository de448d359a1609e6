//! Encodes a backfill, the rows of one block at a time.

use protocol::{BlockBuffer, Blocks, EncodeError, GroupId, Timestamp};

use crate::stream::history::{Backfill, History, RowChunk};
use crate::stream::packing::Room;

/// A block of fewer rows packs badly.
const MIN_ROWS: usize = 128;

/// The blocks of one frame. The buffers are reused from frame to frame.
#[derive(Debug)]
pub struct HistoryBlocks {
    blocks: BlockBuffer,
    room: Room,
    copied: Option<CopiedRows>,
    chunk: RowChunk,
}

/// Rows in the chunk, not yet encoded.
#[derive(Clone, Copy, Debug)]
struct CopiedRows {
    group: GroupId,
    first_time: Timestamp,
    values: usize,
}

/// The next step of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The copied rows are to be encoded.
    Encode,
    /// The frame is full, or the backfill has ended.
    EndFrame,
}

impl Default for HistoryBlocks {
    fn default() -> Self {
        let (blocks, chunk) = <(BlockBuffer, RowChunk)>::default();
        Self { blocks, room: Room::of_a_frame(), copied: None, chunk }
    }
}

impl HistoryBlocks {
    /// Drops the blocks of the last frame. Rows that were copied and not encoded become part of the next.
    pub fn start_frame(&mut self) {
        self.blocks.start(Timestamp::default());
        self.room = Room::of_a_frame();
    }

    /// Copies the rows of the frame's next block out of the history: at most a megabyte. The caller holds the lock only for
    /// this.
    pub fn copy(&mut self, history: &History, backfill: &mut Backfill) -> Step {
        let Some(next) = history.next_rows(backfill) else { return Step::EndFrame };
        let mut count = self.room.rows(next.columns).min(next.rows);
        if self.blocks.is_empty() {
            // The columns of a group in which series come and go may not fit, but those of one row do.
            count = count.max(1);
        } else if count < next.rows.clamp(1, MIN_ROWS) {
            // A packed block takes a small part of its upper bound, so most of the room is left. A small rest stays empty.
            return Step::EndFrame;
        }
        let Some(group) = history.take_rows(backfill, count, &mut self.chunk) else { return Step::EndFrame };
        let values = next.columns.max(1) * count;
        self.copied = Some(CopiedRows { group, first_time: next.first_time, values });
        Step::Encode
    }

    /// Appends the copied rows to the frame. Returns how many values they have.
    ///
    /// # Errors
    /// If a block cannot be encoded, which is a defect.
    pub fn encode(&mut self) -> Result<usize, EncodeError> {
        let Some(CopiedRows { group, first_time, values }) = self.copied.take() else { return Ok(0) };
        if self.blocks.is_empty() {
            self.blocks.start(first_time);
        }
        self.blocks.push(group, &self.chunk.times, self.chunk.columns())?;
        self.room.take(self.blocks.len(), values);
        Ok(values)
    }

    pub const fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    pub fn blocks(&self) -> Blocks<'_> {
        self.blocks.blocks()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::batch::Batch;
    use crate::stream::packing::FRAME_ROOM_BYTES;
    use protocol::{GroupId, Interval, Sequence, SeriesId};

    #[test]
    fn every_row_of_a_long_backfill_is_encoded_once_in_frames_that_fit() {
        let mut history = History::new(Interval::from_secs(1_000_000), 1 << 30);
        for second in 1..=20_000_i64 {
            let time = Timestamp::from_micros(second * 1_000_000);
            let row = Batch::row(GroupId(1), time, [(SeriesId(1), (second as f64).sqrt())]);
            history.push(&row, Sequence(second as u64));
        }
        let mut backfill = history.after(Sequence(0));
        let mut blocks = HistoryBlocks::default();
        let (mut frames, mut rows) = (0, Vec::new());
        while !backfill.is_done() {
            blocks.start_frame();
            while blocks.copy(&history, &mut backfill) == Step::Encode {
                blocks.encode().expect("encodes");
            }
            assert!(blocks.blocks.len() <= FRAME_ROOM_BYTES);
            frames += 1;
            for block in &blocks.blocks() {
                let mut values = vec![0.0; block.rows as usize];
                block.columns.iter().next().expect("a column").values().expect("known").copy_to(&mut values);
                rows.extend(block.times.iter().zip(values.iter().map(|value| value.to_bits())));
            }
        }
        let expected: Vec<_> = (1..=20_000_i64)
            .map(|second| (Timestamp::from_micros(second * 1_000_000), (second as f64).sqrt().to_bits()))
            .collect();
        assert_eq!(rows, expected);
        assert!(frames > 1, "found {frames}");
    }

    #[test]
    fn rows_of_a_group_with_more_columns_than_a_frame_holds_are_encoded() {
        // Each series has one row: the group has had 3,600, and no row has more than one.
        const SERIES: u32 = 3_600;
        let mut history = History::new(Interval::from_secs(1_000_000), 1 << 30);
        for series in 1..=SERIES {
            let time = Timestamp::from_micros(i64::from(series) * 1_000_000);
            history.push(&Batch::row(GroupId(1), time, [(SeriesId(series), 1.0)]), Sequence(series.into()));
        }
        let mut backfill = history.after(Sequence(u64::from(SERIES) - 10));
        let mut blocks = HistoryBlocks::default();
        let mut rows = 0;
        for _frame in 0..10 {
            blocks.start_frame();
            while blocks.copy(&history, &mut backfill) == Step::Encode {
                blocks.encode().expect("encodes");
            }
            rows += blocks.blocks().iter().map(|block| block.rows).sum::<u32>();
        }
        assert_eq!((rows, backfill.is_done()), (10, true));
    }
}
