//! Encodes a backfill, the rows of one frame at a time.

use protocol::{BlockBuffer, Blocks, EncodeError, Timestamp};

use crate::stream::history::{Backfill, Continuity, History, RowChunk};
use crate::stream::packing::Room;

/// A block of fewer rows packs badly.
const MIN_ROWS: usize = 128;

/// Buffers, reused from frame to frame.
#[derive(Debug, Default)]
pub struct HistoryBlocks {
    blocks: BlockBuffer,
    chunk: RowChunk,
}

impl HistoryBlocks {
    /// Replaces the blocks by those of the next frame of `backfill`. Returns whether rows before these were evicted.
    ///
    /// # Errors
    /// If a block cannot be encoded, which is a defect.
    pub fn fill(&mut self, history: &History, backfill: &mut Backfill) -> Result<Continuity, EncodeError> {
        let Self { blocks, chunk } = self;
        blocks.start(Timestamp::default());
        let mut room = Room::of_a_frame();
        while let Some(next) = history.next_rows(backfill) {
            let count = room.rows(next.columns).min(next.rows);
            // A packed block takes a small part of its upper bound, so most of the room is left. A small rest stays empty.
            if count == 0 || count < next.rows.min(MIN_ROWS) && !blocks.is_empty() {
                break;
            }
            if blocks.is_empty() {
                blocks.start(next.first_time);
            }
            let Some(group) = history.take_rows(backfill, count, chunk) else { break };
            blocks.push(group, &chunk.times, chunk.columns())?;
            room.take(blocks.len(), next.columns.max(1) * count);
        }
        Ok(backfill.take_continuity())
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
            assert_eq!(blocks.fill(&history, &mut backfill).expect("encodes"), Continuity::Unbroken);
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
}
