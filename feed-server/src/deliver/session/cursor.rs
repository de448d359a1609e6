//! A viewer's position in the stream, and the frames that it is sent next.
//!
//! ```text
//! start -> snapshot (catalog, gap) -> entries, summaries, backfill, frame by frame -> live, from the ring of recent frames -> a shard
//!   ^                                                               |
//!   +---------------------- fell behind ----------------------------+
//! ```
//! Connecting, resuming and catching up are one path: a snapshot is taken for the viewer's position, the history from
//! there to now is sent, and then the frames of the ring. All but the ring's frames are made for this viewer alone, in turns
//! of the [`BackfillLimiter`](crate::deliver::backfill_limiter::BackfillLimiter).

use std::sync::Arc;

use bytes::Bytes;
use protocol::{Body, EncodeError, Interval, Revision, Sequence, Start, Subscribed};

use super::beginning::{Beginning, Joining};
use super::request::StreamRequest;
use crate::deliver::fanout::shard::RingPosition;
use crate::deliver::history_blocks::HistoryBlocks;
use crate::deliver::hub::Snapshot;
use crate::deliver::summary_history::SummaryHistory;
use crate::deliver::tracking::Tracking;
use crate::deliver::viewer::ViewerGuard;
use crate::stream::backfill::Backfill;
use crate::stream::entry_log::EntryCursor;

/// The cost of a search for series in a part of the catalog, in bytes.
const SEARCH_COST: usize = 4 << 10;
/// A turn ends after so much.
const MOST_SEARCH_COST: usize = 32 << 10;

#[derive(Debug)]
pub struct Cursor {
    charge: Charge,
    /// The snapshot is taken in the first turns, so that requests that replace each other cost nothing.
    start: Option<Box<Beginning>>,
    catalog: UnsentCatalog,
    gap: Option<Bytes>,
    entries: Option<EntryCursor>,
    summaries: Option<Box<SummaryHistory>>,
    backfill: Option<Backfill>,
    /// The position before the backfill.
    held: Sequence,
    position: Sequence,
    next: u64,
}

/// The budgets from which a cursor's turns are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// The overall budget: the viewer has not been sent these rows on this connection.
    Overall,
    /// Also the viewer's own: it requests more on the same connection.
    Viewer,
}

/// Frames of one turn.
#[derive(Debug, Default)]
pub struct Turn {
    pub frames: Vec<Bytes>,
    /// Bytes, and values that were encoded.
    pub cost: usize,
}

impl Turn {
    fn push(&mut self, frame: Bytes) {
        self.cost += frame.len();
        self.frames.push(frame);
    }
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
    /// A cursor that begins as requested.
    pub fn at(request: StreamRequest, charge: Charge) -> Self {
        let joining = request.selection.map_or(Joining::Everything, Joining::Part);
        Self::from_start(Beginning::new(request.start, joining), charge)
    }

    fn from_start(start: Beginning, charge: Charge) -> Self {
        let ended = RingPosition { next: 0, sequence: Sequence(0) };
        Self { charge, start: Some(Box::new(start)), ..Self::resume(ended) }
    }

    /// A cursor that continues after the last frame that a shard sent.
    pub fn resume(from: RingPosition) -> Self {
        let RingPosition { next, sequence } = from;
        Self {
            charge: Charge::Overall,
            start: None,
            catalog: UnsentCatalog::default(),
            gap: None,
            entries: None,
            summaries: None,
            backfill: None,
            held: sequence,
            position: sequence,
            next,
        }
    }

    /// Returns true if the next frames are made for this viewer alone, in a turn.
    pub fn needs_turn(&self) -> bool {
        self.start.is_some() || self.backfill.is_some() || !self.catalog.is_sent()
    }

    /// Returns true after the first turn.
    pub fn has_begun(&self) -> bool {
        self.start.as_ref().is_none_or(|beginning| beginning.is_searching)
    }

    pub const fn charge(&self) -> Charge {
        self.charge
    }

    /// The cursor's place in the ring of recent frames, if everything up to now has been sent.
    pub fn caught_up(&self, viewer: &ViewerGuard) -> Option<RingPosition> {
        let caught_up = !self.needs_turn() && viewer.subscription().ring_end() == self.next;
        caught_up.then_some(RingPosition { next: self.next, sequence: self.position })
    }

    /// The next frames of the ring, of about `room` bytes in all. None if the ring has evicted them: the cursor then needs a
    /// turn.
    pub fn live(&mut self, viewer: &ViewerGuard, room: usize) -> Vec<Bytes> {
        let mut frames = Vec::new();
        if let Ok(next) = viewer.subscription().frames_from(self.next, room, &mut frames) {
            self.next = next;
            // The history may have reached further than the last frame of the subscription.
            self.position = frames.last().map_or(self.position, |last| last.sequence.max(self.position));
        } else {
            let hub = viewer.hub();
            hub.telemetry.viewers_fell_behind.inc();
            let (epoch, sequence, window) = (hub.epoch, self.position, Interval::ZERO);
            // It has missed changes of the catalog too.
            let start = Start::After { epoch, sequence, window, revision: Revision(0) };
            *self = Self::from_start(Beginning::new(start, Joining::None), Charge::Overall);
        }
        frames.into_iter().map(|frame| frame.bytes).collect()
    }

    /// The frames of the next turn, which costs about `room`.
    ///
    /// # Errors
    /// If a frame cannot be encoded, which is a defect.
    pub fn next_turn(
        &mut self,
        viewer: &mut ViewerGuard,
        blocks: &mut HistoryBlocks,
        room: usize,
    ) -> Result<Turn, EncodeError> {
        let (hub, mut turn) = (Arc::clone(viewer.hub()), Turn::default());
        if let Some(beginning) = &mut self.start {
            while !beginning.step(viewer) {
                turn.cost += SEARCH_COST;
                if turn.cost >= room.min(MOST_SEARCH_COST) {
                    return Ok(turn);
                }
            }
            let Beginning { start, joined, added_series, tracking, .. } = &mut **beginning;
            if let Some((id, extent)) = joined.take() {
                let series = hub.catalog.count(&viewer.subscription().selected()) as u32;
                turn.push(hub.frame_now(Body::Subscribed(Subscribed { id, series, extent }))?);
            }
            let (subscription, forgotten) = (viewer.subscription(), tracking.forgotten());
            let Some(snapshot) = hub.snapshot(*start, subscription, added_series.found(), forgotten)? else {
                *tracking = Tracking::default();
                return Ok(turn);
            };
            self.start = None;
            self.begin(snapshot);
        }
        while turn.cost < room
            && let Some(message) = self.catalog.messages.get(self.catalog.sent)
        {
            self.catalog.sent += 1;
            turn.push(hub.stamped(message, self.position));
        }
        if !self.catalog.is_sent() {
            return Ok(turn);
        }
        self.catalog = UnsentCatalog::default();
        if let Some(gap) = self.gap.take() {
            turn.push(gap);
        }
        while let Some(entries) = &mut self.entries {
            if turn.cost >= room {
                return Ok(turn);
            }
            for frame in hub.entry_frames(entries, self.held, self.position, room - turn.cost)? {
                turn.push(frame);
            }
            if entries.is_done() {
                self.entries = None;
            }
        }
        while let Some(summaries) = &mut self.summaries {
            if turn.cost >= room {
                return Ok(turn);
            }
            turn.cost += summaries.step(&hub, &viewer.subscription().selected(), &mut turn.frames)?;
            if summaries.is_done() {
                self.summaries = None;
            }
        }
        while let Some(backfill) = &mut self.backfill
            && turn.cost < room
        {
            turn.cost += hub.backfill_frames(blocks, backfill, self.held, self.position, &mut turn.frames)?;
            if backfill.is_done() {
                self.backfill = None;
            }
        }
        Ok(turn)
    }

    fn begin(&mut self, snapshot: Snapshot) {
        let Snapshot { catalog, gap, entries, missed, backfill, held, position, cursor } = snapshot;
        self.catalog = UnsentCatalog { messages: catalog, sent: 0 };
        (self.gap, self.entries, self.backfill) = (gap, Some(entries), Some(backfill));
        self.summaries = SummaryHistory::new(missed, position).map(Box::new);
        (self.held, self.position, self.next) = (held, position, cursor);
    }
}
