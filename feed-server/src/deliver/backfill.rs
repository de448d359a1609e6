//! The frames of a backfill.
//!
//! The hub's lock is held only while the rows of one block are copied: encoding takes about ten times as long, and would
//! delay the hub and with it every viewer.

use bytes::Bytes;
use protocol::{Body, EncodeError, History, HistoryPart, Sequence};

use crate::deliver::history_blocks::{HistoryBlocks, Step};
use crate::deliver::hub::Hub;
use crate::stream::history::{Backfill, Continuity};

impl Hub {
    /// Appends the next frame of a backfill from `held` to `position`; the last frame is marked. If rows were evicted, a Gap is
    /// sent after the frame with the rows before them. Returns the cost: bytes and values that were encoded.
    ///
    /// # Errors
    /// If a frame cannot be encoded, which is a defect.
    pub fn backfill_frames(
        &self,
        blocks: &mut HistoryBlocks,
        backfill: &mut Backfill,
        held: Sequence,
        position: Sequence,
        out: &mut Vec<Bytes>,
    ) -> Result<usize, EncodeError> {
        let (before, mut values) = (out.len(), 0);
        blocks.start_frame();
        loop {
            let (step, gap) = self.read(|sequencer| {
                let step = blocks.copy(sequencer.history(), backfill);
                let evicted = backfill.take_continuity() == Continuity::RowsEvicted;
                (step, evicted.then(|| sequencer.gap_of_evicted_rows(held)))
            });
            if let Some(gap) = gap {
                if !blocks.is_empty() {
                    out.push(self.history_frame(blocks, HistoryPart::More, position)?);
                    blocks.start_frame();
                }
                self.telemetry.gaps.inc();
                out.push(self.frame(position, Body::Gap(gap))?);
            }
            match step {
                Step::Encode => values += blocks.encode()?,
                // The gap ended the previous frame: this one is still empty.
                Step::EndFrame if blocks.is_empty() && !backfill.is_done() => {}
                Step::EndFrame => break,
            }
        }
        let part = if backfill.is_done() { HistoryPart::Last } else { HistoryPart::More };
        out.push(self.history_frame(blocks, part, position)?);
        Ok(values + out[before..].iter().map(Bytes::len).sum::<usize>())
    }

    fn history_frame(
        &self,
        blocks: &HistoryBlocks,
        part: HistoryPart,
        position: Sequence,
    ) -> Result<Bytes, EncodeError> {
        self.frame(position, Body::History(History { part, blocks: blocks.blocks() }))
    }
}
