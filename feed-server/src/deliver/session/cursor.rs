//! Where a viewer's stream stands, and which frames are next.
//!
//! ```text
//! snapshot (catalog, gap) -> backfill, frame by frame -> live, from the ring of recent frames -> a shard
//!                               ^                             |
//!                               +------- fell behind ---------+
//! ```
//! Connecting, resuming and catching up are one path: a snapshot is taken where the viewer stands, the history between
//! there and now is sent, and the ring is read on from that moment.

use std::sync::Arc;

use bytes::Bytes;
use protocol::{EncodeError, Interval, Sequence, Start};

use crate::deliver::fanout::shard::Place;
use crate::stream::history::Backfill;
use crate::stream::hub::{FellBehind, Hub};

/// One viewer's place in the stream.
#[derive(Debug)]
pub struct Cursor {
    catalog: Catalog,
    gap: Option<Bytes>,
    backfill: Option<Backfill>,
    /// The position that the backfill goes on from.
    held: Sequence,
    position: Sequence,
    next: u64,
}

/// What is left to be sent of the whole catalog. The messages are everybody's; a viewer that is slow keeps none of its own.
#[derive(Debug, Default)]
struct Catalog {
    messages: Arc<Vec<Vec<u8>>>,
    sent: usize,
}

impl Catalog {
    fn is_sent(&self) -> bool {
        self.sent == self.messages.len()
    }
}

impl Cursor {
    /// A cursor that begins at `start`.
    ///
    /// # Errors
    /// Only what the encoder refuses, which would be a defect here.
    pub fn at(hub: &Hub, start: Start) -> Result<Self, EncodeError> {
        let snapshot = hub.snapshot(start)?;
        Ok(Self {
            catalog: Catalog { messages: snapshot.catalog, sent: 0 },
            gap: snapshot.gap,
            backfill: Some(snapshot.backfill),
            held: snapshot.held,
            position: snapshot.position,
            next: snapshot.cursor,
        })
    }

    /// A cursor that goes on where a shard left off.
    pub fn resume(place: Place) -> Self {
        let position = place.position;
        Self { catalog: Catalog::default(), gap: None, backfill: None, held: position, position, next: place.next }
    }

    /// Its place in the ring of recent frames, once there is nothing left to send but what is to come.
    pub fn caught_up(&self, hub: &Hub) -> Option<Place> {
        let caught_up = self.backfill.is_none() && self.catalog.is_sent() && hub.ring_end() == self.next;
        caught_up.then_some(Place { next: self.next, position: self.position })
    }

    /// The next frames, of about `room` bytes in all; empty when caught up.
    ///
    /// # Errors
    /// Only what the encoder refuses, which would be a defect here.
    pub fn next_turn(&mut self, hub: &Hub, room: usize) -> Result<Vec<Bytes>, EncodeError> {
        if self.backfill.is_none() {
            if let Ok(frames) = self.live(hub, room) {
                return Ok(frames);
            }
            hub.telemetry().viewers_fell_behind.inc();
            let (epoch, sequence) = (hub.epoch(), self.position);
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
        self.catalog = Catalog::default();
        if let Some(gap) = self.gap.take() {
            bytes += gap.len();
            frames.push(gap);
        }
        while let Some(backfill) = &mut self.backfill
            && bytes < room
        {
            bytes += hub.backfill_frames(backfill, self.held, self.position, &mut frames)?;
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
