//! The frames of a backfill.
//!
//! Sealed rows are copied; rows that are not sealed yet are encoded, once for viewers that begin at the same time. The hub's lock
//! is held only to look for the rows of one block, and to copy those that are open.

use std::sync::Arc;

use bytes::Bytes;
use protocol::{Body, EncodeError, EncodedRows, History, HistoryPart, Sequence};

use crate::deliver::history_blocks::{Added, HistoryBlocks};
use crate::deliver::hub::Hub;
use crate::stream::backfill::{Backfill, Continuity, NextContent, NextRows};
use crate::stream::selected_series::Columns;
use crate::stream::slab::Slab;

/// The cost of selecting columns from rows, in bytes: for the rows, and for each of their columns.
const SELECT_COST: usize = 64;
const SELECT_COLUMN_COST: usize = 4;

/// A frame ends after this cost, so that a turn does.
const MOST_SELECT_COST: usize = 64 << 10;

impl Hub {
    /// Appends the next frame of a backfill from `held` to `position`; the last frame is marked. If rows were evicted, a Gap is
    /// sent after the frame with the rows before them. Returns the cost: bytes, and values that were encoded.
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
        let (before, mut values, mut select_cost) = (out.len(), 0, 0);
        blocks.start_frame();
        while select_cost < MOST_SELECT_COST {
            let (next, gap) = self.read(|sequencer| {
                let next = sequencer.history().next_rows(backfill);
                let evicted = backfill.take_continuity() == Continuity::RowsEvicted;
                (next, evicted.then(|| sequencer.gap_of_evicted_rows(held)))
            });
            if let Some(gap) = gap {
                if !blocks.is_empty() {
                    out.push(self.history_frame(blocks, HistoryPart::More, position)?);
                    blocks.start_frame();
                }
                self.telemetry.gaps.inc();
                out.push(self.frame(position, Body::Gap(gap))?);
            }
            let Some(next) = next else { break };
            // Rows that were closed or evicted in between are looked for again.
            let Some((rows, encoded)) = self.encoded(&next, blocks)? else { continue };
            values += encoded;
            let rows = match &next.columns {
                Columns::All => Some(rows),
                Columns::Of(series) => {
                    select_cost += SELECT_COST + SELECT_COLUMN_COST * rows.columns();
                    blocks.encoder().select(&rows, series)?
                }
            };
            let Some(rows) = rows else {
                backfill.passed(&next);
                continue;
            };
            if blocks.add(next.mode, &rows)? == Added::Not {
                break;
            }
            backfill.sent(&next);
        }
        let part = if backfill.is_done() { HistoryPart::Last } else { HistoryPart::More };
        out.push(self.history_frame(blocks, part, position)?);
        Ok(values + select_cost + out[before..].iter().map(Bytes::len).sum::<usize>())
    }

    /// The encoded rows, and how many values were encoded for them; `None` if they were open and are no longer there.
    fn encoded(
        &self,
        next: &NextRows,
        blocks: &mut HistoryBlocks,
    ) -> Result<Option<(EncodedRows, usize)>, EncodeError> {
        if let NextContent::Sealed(rows) = &next.content {
            return Ok(Some((rows.clone(), 0)));
        }
        if let Some(rows) = self.unsealed.get(next) {
            return Ok(Some((rows, 0)));
        }
        let slab: Arc<Slab> = match &next.content {
            NextContent::Closed(slab) => Arc::clone(slab),
            _ => match self.read(|sequencer| sequencer.history().open_rows(next)) {
                Some(open) => Arc::new(open),
                None => return Ok(None),
            },
        };
        let rows = slab.encode(next.group, blocks.encoder())?;
        self.telemetry.history_blocks_encoded.inc();
        self.unsealed.keep(next, &rows);
        let values = rows.values();
        Ok(Some((rows, values)))
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
