//! A subscription: the part of the stream that some viewers asked for, and the last seconds of it as frames, encoded once for all of them.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use protocol::{Sequence, SeriesId};

use crate::deliver::frame_ring::{FrameMemory, FrameRing, RingFrame};
use crate::stream::buckets::steps::Steps;
use crate::stream::buckets::tracked::TrackedGroups;
use crate::stream::catalog::{Catalog, Changes};
use crate::stream::selected_by::SelectedBy;
use crate::stream::selected_series::SelectedSeries;

#[derive(Debug)]
pub struct Subscription {
    /// `None` for the rows of everything.
    to: Option<Part>,
    live: Mutex<Live>,
    /// Changed under the lock of the hub's state, besides the end of a reading. `None` if all groups are sent as rows.
    tracked: Option<Mutex<TrackedGroups>>,
}

/// A part of the stream: some series, at some resolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub by: SelectedBy,
    pub steps: Steps,
}

impl Part {
    /// Returns true if it is the rows of every series that a catalog can have.
    pub fn is_everything(&self) -> bool {
        self.by.is_everything() && self.steps.are_rows()
    }

    /// Forgets ids that are of another epoch.
    pub fn forget_ids(&mut self) {
        self.by.forget_ids();
        self.steps.forget_ids();
    }
}

#[derive(Debug)]
struct Live {
    selected: Arc<SelectedSeries>,
    /// The catalog has been searched. Until then, nothing is encoded.
    is_resolved: bool,
    ring: FrameRing,
    /// The number of the last numbered frame.
    last: Sequence,
}

/// Frames of a ring, framed for the WebSocket.
#[derive(Debug)]
pub struct RecentFrames {
    /// Number of the first frame.
    pub first: u64,
    pub frames: Vec<RingFrame>,
}

/// The ring no longer holds the frame at the viewer's cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FellBehind;

impl Subscription {
    pub(super) fn to_everything() -> Self {
        let selected = Arc::new(SelectedSeries::Everything);
        Self {
            to: None,
            live: Mutex::new(Live { selected, is_resolved: true, ring: FrameRing::new(), last: Sequence(0) }),
            tracked: None,
        }
    }

    /// Its series are to be [resolved](Self::resolve). `last` is the number of the last frame of the stream.
    pub(super) fn new(to: Part, last: Sequence) -> Self {
        let is_resolved = to.by.is_everything();
        let selected = if is_resolved { SelectedSeries::Everything } else { SelectedSeries::default() };
        let live = Live { selected: Arc::new(selected), is_resolved, ring: FrameRing::new(), last };
        let tracked = (!to.steps.are_rows()).then(Mutex::default);
        Self { to: Some(to), live: Mutex::new(live), tracked }
    }

    /// The part that viewers asked for; `None` for the rows of everything.
    pub const fn to(&self) -> Option<&Part> {
        self.to.as_ref()
    }

    /// The groups that are sent as summaries; `None` if all are sent as rows.
    pub(super) const fn tracked(&self) -> Option<&Mutex<TrackedGroups>> {
        self.tracked.as_ref()
    }

    pub fn selected(&self) -> Arc<SelectedSeries> {
        Arc::clone(&self.live.lock().selected)
    }

    /// The same; `None` if the catalog has not been searched yet.
    pub(super) fn resolved(&self) -> Option<Arc<SelectedSeries>> {
        let live = self.live.lock();
        live.is_resolved.then(|| Arc::clone(&live.selected))
    }

    /// Adds the series that the catalog had. Those that it got meanwhile have been added.
    pub(super) fn resolve(&self, found: &SelectedSeries) {
        let mut live = self.live.lock();
        if !live.is_resolved {
            Arc::make_mut(&mut live.selected).extend(found);
            live.is_resolved = true;
        }
    }

    /// Adds series that the catalog has got, and removes those that were retired or that it no longer selects.
    pub(super) fn catalog_changed(&self, changes: &Changes, catalog: &Catalog) {
        // Subscriptions to groups have every series of theirs.
        let Some(Part { by: by @ (SelectedBy::Selector(_) | SelectedBy::Ids(_)), .. }) = &self.to else { return };
        if by.is_everything() {
            return;
        }
        // Both rise.
        let described: Vec<SeriesId> = changes.series.iter().map(|(id, _)| *id).collect();
        let found = catalog.select_of(by, &described);
        let is_found = |id: &SeriesId| found.binary_search_by_key(id, |(_, series)| *series).is_ok();
        let mut gone: Vec<SeriesId> = described.into_iter().filter(|id| !is_found(id)).collect();
        gone.extend(&changes.retired);
        gone.sort_unstable();
        let mut live = self.live.lock();
        if !found.is_empty() || live.selected.has_any(&gone) {
            let selected = Arc::make_mut(&mut live.selected);
            selected.remove(&gone);
            let mut tracked = self.tracked.as_ref().map(Mutex::lock);
            for (group, series) in found {
                // Its rows in the open bucket were not selected.
                if selected.insert(group, series)
                    && let Some(tracked) = &mut tracked
                {
                    tracked.forget(group);
                }
            }
        }
    }

    /// The number of the last numbered frame.
    pub(super) fn last(&self) -> Sequence {
        self.live.lock().last
    }

    /// Appends a numbered frame, or one that has no number for `None`. Returns the bytes that it takes.
    pub(super) fn push(&self, bytes: Bytes, number: Option<Sequence>, order: u64, memory: FrameMemory) -> usize {
        let mut live = self.live.lock();
        live.last = number.unwrap_or(live.last);
        let frame = RingFrame { bytes, sequence: live.last, order, memory };
        live.ring.push(frame)
    }

    /// Leaves out a frame: viewers are sent its rows as history. Returns the bytes that are freed.
    pub(super) fn leave_out(&self, number: Sequence) -> usize {
        let mut live = self.live.lock();
        live.last = number;
        live.ring.skip()
    }

    /// The place of the oldest frame that is held in the order of the frames of all rings.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.live.lock().ring.oldest().map(|frame| frame.order)
    }

    /// Drops the oldest frame. Returns the bytes that are freed.
    pub(super) fn drop_oldest(&self) -> usize {
        self.live.lock().ring.drop_oldest()
    }

    /// Bytes of memory of the frames.
    pub(super) fn bytes(&self) -> usize {
        self.live.lock().ring.bytes()
    }

    /// The number that the ring's next frame will have.
    pub fn ring_end(&self) -> u64 {
        self.live.lock().ring.end()
    }

    /// Appends the frames from `cursor` on to `out`, up to `room` bytes but at least one, and returns the new cursor.
    ///
    /// # Errors
    /// [`FellBehind`] if the ring no longer holds the frame at `cursor`.
    pub fn frames_from(&self, cursor: u64, room: usize, out: &mut Vec<RingFrame>) -> Result<u64, FellBehind> {
        let live = self.live.lock();
        let mut bytes = 0;
        let before = out.len();
        for frame in live.ring.from(cursor).ok_or(FellBehind)? {
            bytes += frame.bytes.len();
            if bytes > room && out.len() > before {
                break;
            }
            out.push(frame.clone());
        }
        Ok(cursor + (out.len() - before) as u64)
    }

    /// The recent frames from number `oldest` on, or all if the ring begins later.
    pub fn recent(&self, oldest: u64) -> RecentFrames {
        let live = self.live.lock();
        let first = oldest.max(live.ring.first());
        RecentFrames { first, frames: live.ring.from(first).into_iter().flatten().cloned().collect() }
    }
}
