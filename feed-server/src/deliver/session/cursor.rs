//! A viewer's position in the stream, and the frames that it is sent next.
//!
//! ```text
//! snapshot (catalog, gap) -> backfill, frame by frame -> live, from the ring of recent frames -> a shard
//!                               ^                             |
//!                               +------- fell behind ---------+
//! ```
//! Connecting, resuming and catching up are one path: a snapshot is taken for the viewer's position, the history from
//! there to now is sent, and then the frames of the ring.

use std::sync::Arc;

use bytes::Bytes;
use protocol::{EncodeError, Interval, Sequence, Start};

use crate::deliver::fanout::shard::RingPosition;
use crate::deliver::history_blocks::HistoryBlocks;
use crate::deliver::hub::{FellBehind, Hub};
use crate::stream::history::Backfill;

#[derive(Debug)]
pub struct Cursor {
    catalog: UnsentCatalog,
    gap: Option<Bytes>,
    backfill: Option<Backfill>,
    /// The position before the backfill.
    held: Sequence,
    position: Sequence,
    next: u64,
}

/// Messages of the complete catalog. They are shared: a slow viewer holds no copy.
#[derive(Debug, Default)]
struct UnsentCatalog {
    messages: Arc<Vec<Vec<u8>>>,
    sent: usize,
}

impl UnsentCatalog {
    fn is_sent(&self) -> bool {
        self.sent == self.messages.len()
    }
}

impl Cursor {
    /// A cursor that begins at `start`.
    ///
    /// # Errors
    /// If a frame cannot be encoded, which is a defect.
    pub fn at(hub: &Hub, start: Start) -> Result<Self, EncodeError> {
        let snapshot = hub.snapshot(start)?;
        Ok(Self {
            catalog: UnsentCatalog { messages: snapshot.catalog, sent: 0 },
            gap: snapshot.gap,
            backfill: Some(snapshot.backfill),
            held: snapshot.held,
            position: snapshot.position,
            next: snapshot.cursor,
        })
    }

    /// A cursor that continues after the last frame that a shard sent.
    pub fn resume(from: RingPosition) -> Self {
        let position = from.sequence;
        Self { catalog: UnsentCatalog::default(), gap: None, backfill: None, held: position, position, next: from.next }
    }

    /// The cursor's place in the ring of recent frames, if everything up to now has been sent.
    pub fn caught_up(&self, hub: &Hub) -> Option<RingPosition> {
        let caught_up = self.backfill.is_none() && self.catalog.is_sent() && hub.ring_end() == self.next;
        caught_up.then_some(RingPosition { next: self.next, sequence: self.position })
    }

    /// The next frames, of about `room` bytes in all; empty when caught up.
    ///
    /// # Errors
    /// If a frame cannot be encoded, which is a defect.
    pub fn next_turn(&mut self, hub: &Hub, blocks: &mut HistoryBlocks, room: usize) -> Result<Vec<Bytes>, EncodeError> {
        if self.backfill.is_none() {
            if let Ok(frames) = self.live(hub, room) {
                return Ok(frames);
            }
            hub.telemetry.viewers_fell_behind.inc();
            let (epoch, sequence) = (hub.epoch, self.position);
            *self = Self::at(hub, Start::After { epoch, sequence, window: Interval::ZERO })?;
        }
        let mut frames = Vec::new();
        let mut bytes = 0;
        while bytes < room
            && let Some(message) = self.catalog.messages.get(self.catalog.sent)
        {
            self.catalog.sent += 1;
            bytes += message.len();
            frames.push(hub.stamped(message, self.position));
        }
        if !self.catalog.is_sent() {
            return Ok(frames);
        }
        self.catalog = UnsentCatalog::default();
        if let Some(gap) = self.gap.take() {
            bytes += gap.len();
            frames.push(gap);
        }
        while let Some(backfill) = &mut self.backfill
            && bytes < room
        {
            bytes += hub.backfill_frames(blocks, backfill, self.held, self.position, &mut frames)?;
            if backfill.is_done() {
                self.backfill = None;
            }
        }
        Ok(frames)
    }

    fn live(&mut self, hub: &Hub, room: usize) -> Result<Vec<Bytes>, FellBehind> {
        let mut frames = Vec::new();
        self.next = hub.frames_from(self.next, room, &mut frames)?;
        if let Some(last) = frames.last() {
            self.position = last.sequence;
        }
        Ok(frames.into_iter().map(|frame| frame.bytes).collect())
    }
}
