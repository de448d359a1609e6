//! The hub: numbers batches, encodes each frame once for each subscription, and wakes the fan-out.
//!
//! Batches come in from sources at any rate. The [publisher](super::publisher) passes them to the hub, which numbers them in the
//! [`Sequencer`], encodes the frames, frames them for the WebSocket, and puts them into the ring of recent frames. It never
//! waits for a viewer. The lock of the state is held for a bounded time: the batches are divided into portions, and frames are
//! encoded outside the lock.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use protocol::column::encoding;
use protocol::{
    BlockBuffer, BlockMode, Body, CatalogScope, EncodeError, EntriesBuffer, Epoch, Extent, Feature, Frame, GroupId,
    Header, Heartbeat, Hello, Interval, QueryLimits, Role, SamplesBuffer, Sequence, Start, Timestamp, ViewerLimits,
};
use tokio::sync::watch;

use super::catalog_frames;
use crate::clock;
use crate::deliver::catalog_frames::WholeCatalog;
use crate::deliver::subscription::Subscription;
use crate::deliver::subscriptions::{Audience, NextFrame, Subscriptions};
use crate::deliver::unsealed_rows::UnsealedRows;
use crate::ingest::batch::{Batch, BatchSlice};
use crate::net::framing::framed;
use crate::stream::catalog::Catalog;
use crate::stream::entry_log::{EntryCursor, EntryKind};
use crate::stream::history::{Backfill, History};
use crate::stream::joined_rows::join;
use crate::stream::selected_by::SelectedBy;
use crate::stream::selected_series::SelectedSeries;
use crate::stream::selecting::Selecting;
use crate::stream::sequencer::{Beginning, Sequencer};
use crate::stream::summaries::Summaries;
use crate::stream::summaries::tier::TierBounds;
use crate::telemetry::Telemetry;

/// A viewer that receives nothing for several of these intervals has lost its server.
pub const HEARTBEAT: Interval = Interval::from_secs(1);

/// A group is silent if its newest row is older than both: this long, and this many of its intervals.
const SILENT_AFTER: Interval = Interval::from_secs(1);
const SILENT_INTERVALS: u64 = 3;

/// Bytes of samples after which the hub releases its lock: four frames of raw values.
const PORTION_BYTES: usize = 256 << 10;

/// The recent frames count in the bound of the history, up to this part of it.
const RING_PART: usize = 4;

/// The cost of sealing a segment of any size, in values.
const SEGMENT_COST: usize = 32;

/// The bounds and limits of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// A bound on the age of samples in the history.
    pub history: Interval,
    /// A bound on the memory of the history. The recent frames count in it, up to a quarter.
    pub history_bytes: usize,
    /// A bound on the memory of recent frames, for viewers that are a little late.
    pub ring_bytes: usize,
    /// A limit on the series in the catalog.
    pub series: usize,
}

/// Shared by the publisher and all sessions.
#[derive(Debug)]
pub struct Hub {
    pub epoch: Epoch,
    host: String,
    /// Sources register in it.
    pub catalog: Catalog,
    pub telemetry: Telemetry,
    /// Held while batches are published or sealed, by one thread at a time.
    publishing: Mutex<Encoders>,
    state: Mutex<State>,
    whole_catalog: WholeCatalog,
    pub(super) unsealed: UnsealedRows,
    /// Has a lock of its own, so that queries do not delay frames.
    summaries: Mutex<Summaries>,
    /// Changes of the rings that were announced.
    ring_changes: watch::Sender<u64>,
}

/// Reused from frame to frame.
#[derive(Debug, Default)]
struct Encoders {
    samples: SamplesBuffer,
    segments: BlockBuffer,
}

#[derive(Debug)]
struct State {
    sequencer: Sequencer,
    subscriptions: Subscriptions,
}

/// The start of a viewer's stream: catalog, gap, entries, backfill, in this order; then the ring from `cursor` on.
#[derive(Debug)]
pub struct Snapshot {
    /// Each message is passed through [`Hub::stamped`].
    pub catalog: Arc<Vec<Vec<u8>>>,
    pub gap: Option<Bytes>,
    /// Sent by [`Hub::entry_frames`].
    pub entries: EntryCursor,
    /// Sent frame by frame by [`Hub::backfill_frames`].
    pub backfill: Backfill,
    /// The position that the viewer holds before the backfill; 0 for none.
    pub held: Sequence,
    /// The position that the viewer holds after the backfill.
    pub position: Sequence,
    /// The ring's end at that position.
    pub cursor: u64,
}

impl Hub {
    /// A hub whose epoch begins now, on the machine `host`.
    pub fn new(host: String, bounds: Bounds, telemetry: Telemetry) -> Self {
        telemetry.history_limit_bytes.set(bounds.history_bytes as f64);
        let epoch = Epoch(clock::now().micros() as u64);
        Self {
            epoch,
            host,
            catalog: Catalog::new(bounds.series),
            telemetry,
            publishing: Mutex::default(),
            state: Mutex::new(State {
                sequencer: Sequencer::new(epoch, History::new(bounds.history, bounds.history_bytes)),
                subscriptions: Subscriptions::new(bounds.ring_bytes),
            }),
            whole_catalog: WholeCatalog::default(),
            unsealed: UnsealedRows::default(),
            summaries: Mutex::default(),
            ring_changes: watch::Sender::new(0),
        }
    }

    /// The same with summaries in these tiers, from the finest to the coarsest; each step must be a multiple of the one before.
    #[must_use]
    pub fn with_summaries(mut self, tiers: impl IntoIterator<Item = TierBounds>) -> Self {
        self.summaries = Mutex::new(Summaries::new(tiers));
        self
    }

    /// Reads summaries. `read` must take a bounded time.
    pub fn read_summaries<T>(&self, read: impl FnOnce(&Summaries) -> T) -> T {
        read(&self.summaries.lock())
    }

    /// Numbers batches, keeps their rows, and makes the frames. The batches are taken in portions.
    ///
    /// # Errors
    /// If a frame cannot be encoded, which is a defect. The other frames are made.
    pub fn publish(&self, batches: impl IntoIterator<Item = Batch>, now: Timestamp) -> Result<(), EncodeError> {
        let samples = &mut self.publishing.lock().samples;
        let mut published = Ok(());
        let mut batches = batches.into_iter();
        loop {
            let (mut portion, mut bytes) = (Vec::new(), 0);
            while bytes < PORTION_BYTES
                && let Some(batch) = batches.next()
            {
                bytes += batch.bytes();
                portion.push(batch);
            }
            // After the batches were taken: the catalog has every series of theirs.
            published = published.and(self.publish_catalog(now));
            published = published.and(self.publish_portion(portion, samples, now));
            if bytes < PORTION_BYTES {
                return published;
            }
        }
    }

    fn publish_catalog(&self, now: Timestamp) -> Result<(), EncodeError> {
        let changes = self.catalog.take_changes();
        if changes.is_empty() {
            return Ok(());
        }
        // Outside the lock. A subscription that is made meanwhile finds the series by itself.
        let parts = self.state.lock().subscriptions.parts();
        for part in parts {
            part.catalog_changed(&changes, &self.catalog);
        }
        let (groups, series) = self.catalog.len();
        self.telemetry.groups.set(groups as i64);
        self.telemetry.series.set(series as i64);
        let header = self.header(self.read(Sequencer::sequence), now);
        let frames = catalog_frames::encode(&changes, CatalogScope::Changes, header)?;
        let frames: Vec<Bytes> = frames.iter().map(|frame| framed(frame)).collect();
        let subscriptions = &mut self.state.lock().subscriptions;
        for frame in frames {
            self.telemetry.frames_encoded.inc();
            subscriptions.push_to_all(&frame);
        }
        Ok(())
    }

    fn publish_portion(
        &self,
        batches: Vec<Batch>,
        samples: &mut SamplesBuffer,
        now: Timestamp,
    ) -> Result<(), EncodeError> {
        let mut accepted = self.state.lock().sequencer.accept(batches, self.catalog.sources(), now);
        for &(group, rows) in &accepted.out_of_order {
            self.telemetry.rows_out_of_order.inc_by(rows.dropped());
            self.telemetry.rows_merged.inc_by(rows.merged);
            self.catalog.sources().count(group, rows);
        }
        for &(group, time) in &accepted.cleared {
            self.summaries.lock().restart(group, time);
            tracing::warn!(%group, "clock was set back: history of this group cleared");
        }
        for group in &accepted.defective {
            tracing::error!(%group, "batch dropped: each column must have a value for each row, and a group at most 2,048 columns");
        }
        self.telemetry.rows.inc_by(accepted.rows as u64);
        self.telemetry.samples.inc_by(accepted.values as u64);
        let mut published = Ok(());
        while let Some(rows) = accepted.frames.next_frame() {
            published = published.and(self.publish_rows(&rows, samples, now));
        }
        let oldest = {
            let State { sequencer, subscriptions } = &mut *self.state.lock();
            let recent = subscriptions.bytes().min(sequencer.history().limit_bytes() / RING_PART);
            let oldest = sequencer.evict(now, recent);
            self.telemetry.history_bytes.set(sequencer.history().bytes() as f64);
            self.announce(subscriptions);
            oldest
        };
        self.catalog.retire_before(oldest);
        self.summaries.lock().evict(now);
        self.unsealed.clear();
        published
    }

    /// Encodes the rows of one frame once for each subscription that has viewers, and then numbers and keeps them. No other thread
    /// numbers frames.
    fn publish_rows(
        &self,
        rows: &[BatchSlice<'_>],
        samples: &mut SamplesBuffer,
        now: Timestamp,
    ) -> Result<(), EncodeError> {
        let (sequence, modes, audiences) = {
            let state = self.state.lock();
            let history = state.sequencer.history();
            // Of a group without rows, viewers may hold some: of another epoch, or from before the clock was set back.
            let mode = |rows: &BatchSlice<'_>| match history.newest(rows.group()) {
                None => BlockMode::Replace,
                newest if rows.times().first().copied() <= newest => BlockMode::Late,
                Some(_) => BlockMode::Merge,
            };
            let audiences = state.subscriptions.audiences();
            let modes = if audiences.is_empty() { Vec::new() } else { rows.iter().map(mode).collect() };
            (state.sequencer.sequence().next(), modes, audiences)
        };
        let mut encoded = Ok(());
        let frames = audiences.into_iter().map(|audience| {
            let frame = self.encode_rows(rows, &modes, sequence, &audience, samples, now);
            let frame = frame.unwrap_or_else(|error| {
                encoded = Err(error);
                NextFrame::Defective
            });
            (audience, frame)
        });
        let frames: Vec<_> = frames.collect();
        let mut state = self.state.lock();
        state.sequencer.commit(rows);
        self.telemetry.frames_sequenced.inc();
        // Without a frame in the ring, viewers are sent its rows as history.
        state.subscriptions.commit(frames, sequence);
        encoded
    }

    fn encode_rows(
        &self,
        rows: &[BatchSlice<'_>],
        modes: &[BlockMode],
        sequence: Sequence,
        audience: &Audience,
        samples: &mut SamplesBuffer,
        now: Timestamp,
    ) -> Result<NextFrame, EncodeError> {
        let selected = rows.iter().zip(modes).filter_map(|(rows, &mode)| {
            let columns = audience.selected.of_group(rows.group())?.of_rows(rows);
            (!columns.is_empty()).then_some((mode, rows, columns))
        });
        let selected: Vec<_> = selected.collect();
        if selected.is_empty() {
            return Ok(NextFrame::Nothing);
        }
        let collected = selected.iter().filter_map(|(_, rows, _)| rows.times().last()).max().copied().unwrap_or(now);
        samples.start(collected);
        for (mode, rows, columns) in selected {
            samples.push(mode, rows.group(), rows.times(), columns)?;
        }
        let header = self.numbered(sequence, audience.last);
        self.telemetry.frames_encoded.inc();
        Ok(NextFrame::Numbered(framed(&Frame { header, body: Body::Samples(samples.samples()) }.to_bytes()?)))
    }

    /// Encodes rows that are closed, so that viewers are sent copies, summarizes them, and joins short segments, both up to about the cost of
    /// `most_values` values. The lock is held only to take rows and to put them back.
    ///
    /// # Errors
    /// If rows cannot be encoded, which is a defect. They are encoded for each viewer then.
    pub fn seal(&self, most_values: usize) -> Result<(), EncodeError> {
        let blocks = &mut self.publishing.lock().segments;
        let mut values = 0;
        while values < most_values {
            let next = {
                let state = &mut *self.state.lock();
                let history = state.sequencer.history_mut();
                history.next_unsealed().map(|(group, arrival, slab)| {
                    (group, arrival, slab, history.merge_window(group).unwrap_or_default())
                })
            };
            let Some((group, arrival, slab, merge_window)) = next else { break };
            let encoded = slab.encode(group, blocks)?;
            values += encoded.values() + encoded.rows() + SEGMENT_COST;
            self.summaries.lock().add(group, arrival, &slab, merge_window, blocks)?;
            self.telemetry.history_blocks_encoded.inc();
            self.state.lock().sequencer.history_mut().seal(group, arrival, slab, encoded);
        }
        while values < most_values {
            let next = self.state.lock().sequencer.history_mut().next_joinable();
            let Some((group, parts)) = next else { break };
            values += 2 * parts.iter().map(|part| part.content.values() + SEGMENT_COST).sum::<usize>();
            if let Some(joined) = join(group, &parts, blocks)? {
                self.telemetry.history_blocks_encoded.inc();
                self.state.lock().sequencer.history_mut().join(group, joined);
            }
        }
        if values == 0 {
            return Ok(());
        }
        for (step, bytes) in self.summaries.lock().bytes() {
            self.telemetry.summaries(step).set(bytes as f64);
        }
        Ok(())
    }

    /// Held while frames are numbered.
    pub(super) fn number_frames(&self) -> impl Drop + '_ {
        self.publishing.lock()
    }

    /// Encodes an entry with the next number, keeps it, and puts it into the ring. [`Hub::number_frames`] must be held, and
    /// [`Hub::announce_frames`] called afterwards.
    pub(super) fn commit_entry(&self, kind: EntryKind, body: Body<'_>, now: Timestamp) -> Result<(), EncodeError> {
        let sequence = self.read(Sequencer::sequence).next();
        let whole = self.numbered_frame(sequence, Sequence(sequence.0.saturating_sub(1)), body)?;
        let mut state = self.state.lock();
        state.sequencer.commit_entry(kind, now, whole.clone());
        state.subscriptions.push_each(Some(sequence), |last| match last.next() {
            next if next == sequence => Ok(whole.clone()),
            _ => self.numbered_frame(sequence, last, body),
        })
    }

    fn numbered_frame(&self, sequence: Sequence, previous: Sequence, body: Body<'_>) -> Result<Bytes, EncodeError> {
        self.telemetry.frames_encoded.inc();
        Ok(framed(&Frame { header: self.numbered(sequence, previous), body }.to_bytes()?))
    }

    pub(super) fn announce_frames(&self) {
        self.announce(&self.state.lock().subscriptions);
    }

    /// Wakes the tasks that wait for frames, if there are new ones.
    fn announce(&self, subscriptions: &Subscriptions) {
        let changes = subscriptions.changes();
        self.ring_changes.send_if_modified(|announced| std::mem::replace(announced, changes) != changes);
    }

    /// Makes a heartbeat for each subscription, with the number of its last numbered frame.
    ///
    /// # Errors
    /// If it cannot be encoded, which is a defect.
    pub fn heartbeat(&self, now: Timestamp) -> Result<(), EncodeError> {
        let intervals = self.catalog.intervals();
        let groups = intervals.len() as u32;
        let silent = self.read(|sequencer| {
            let is_silent = |&(group, interval): &(GroupId, Interval)| {
                let limit = SILENT_AFTER.max(Interval::from_micros(interval.micros().saturating_mul(SILENT_INTERVALS)));
                sequencer.history().newest(group).is_none_or(|newest| newest < now - limit)
            };
            intervals.iter().filter(|group| is_silent(group)).count() as u32
        });
        let subscriptions = &mut self.state.lock().subscriptions;
        let body = Body::Heartbeat(Heartbeat { next_within: HEARTBEAT, groups, silent });
        let pushed = subscriptions.push_each(None, |last| self.frame(last, body));
        self.announce(subscriptions);
        pushed
    }

    /// Counts a viewer until the guard is dropped.
    pub fn join(self: &Arc<Self>) -> ViewerGuard {
        let (subscription, _) = self.join_subscription(None);
        self.telemetry.viewers.inc();
        self.telemetry.viewers_connected.inc();
        ViewerGuard { hub: Arc::clone(self), subscription }
    }

    fn join_subscription(&self, by: Option<SelectedBy>) -> (Arc<Subscription>, Extent) {
        let State { sequencer, subscriptions } = &mut *self.state.lock();
        let joined = subscriptions.join(by, sequencer.sequence());
        self.telemetry.subscriptions.set(subscriptions.with_viewers() as i64);
        joined
    }

    fn leave_subscription(&self, subscription: &Arc<Subscription>) {
        let subscriptions = &mut self.state.lock().subscriptions;
        subscriptions.leave(subscription);
        self.telemetry.subscriptions.set(subscriptions.with_viewers() as i64);
    }

    /// The subscription of viewers that select nothing.
    pub fn everything(&self) -> Arc<Subscription> {
        Arc::clone(self.state.lock().subscriptions.everything())
    }

    /// A signal that changes when frames are added to a ring.
    pub fn new_frames(&self) -> watch::Receiver<u64> {
        self.ring_changes.subscribe()
    }

    /// The first frame of a connection, framed for the WebSocket as is every frame that the hub returns.
    ///
    /// # Errors
    /// If the host's name is too long.
    pub fn hello(&self, role: Role, limits: ViewerLimits, queries: QueryLimits) -> Result<Bytes, EncodeError> {
        let (sequence, history) = self.read(|sequencer| (sequencer.sequence(), sequencer.history().span()));
        let server = concat!("kymograph ", env!("CARGO_PKG_VERSION"));
        let mut features = EntriesBuffer::default();
        features.push(&Feature::REVISIONS)?;
        features.push(&Feature::QUERIES)?;
        features.push(&Feature::SUBSETS)?;
        self.frame(
            sequence,
            Body::Hello(Hello {
                server,
                host: &self.host,
                history,
                heartbeat: HEARTBEAT,
                role,
                limits,
                encodings: &encoding::WRITTEN,
                features: features.entries(),
                queries,
            }),
        )
    }

    /// A frame with any body, for one viewer.
    ///
    /// # Errors
    /// If the frame would be too long.
    pub fn frame_now(&self, body: Body<'_>) -> Result<Bytes, EncodeError> {
        self.frame(self.read(Sequencer::sequence), body)
    }

    /// The start of the stream of a viewer of `subscription` that asks for `start`. It does not hold all rows of `added`.
    ///
    /// # Errors
    /// If a frame cannot be encoded, which is a defect.
    pub fn snapshot(
        &self,
        start: Start,
        subscription: &Subscription,
        added: &SelectedSeries,
    ) -> Result<Snapshot, EncodeError> {
        let (Beginning { gap, entries, backfill, held, position }, cursor) = {
            let state = self.state.lock();
            let selected = subscription.selected();
            (state.sequencer.begin(start, &selected, added, clock::now()), subscription.ring_end())
        };
        let gap = gap.map(|gap| {
            self.telemetry.gaps.inc();
            self.frame(position, Body::Gap(gap))
        });
        // Encoded after the position was taken, without the lock that publishing needs: a catalog that is newer than the
        // position is harmless.
        let header = self.header(position, clock::now());
        let catalog = match start {
            Start::After { epoch, revision, .. } if epoch == self.epoch && revision == self.catalog.revision() => {
                Arc::new(vec![catalog_frames::unchanged(revision, header)?])
            }
            Start::After { .. } | Start::Window(_) => {
                self.whole_catalog.messages(&self.catalog, header, &self.telemetry)?
            }
        };
        Ok(Snapshot { catalog, gap: gap.transpose()?, entries, backfill, held, position, cursor })
    }

    /// One viewer's copy of a message that was encoded for all, framed for the WebSocket.
    pub fn stamped(&self, message: &[u8], position: Sequence) -> Bytes {
        let mut message = message.to_vec();
        Frame::stamp(&mut message, &self.header(position, clock::now()));
        framed(&message)
    }

    /// Reads numbers and history under the lock. `read` must take a bounded time.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Sequencer) -> T) -> T {
        read(&self.state.lock().sequencer)
    }

    pub(super) fn frame(&self, sequence: Sequence, body: Body<'_>) -> Result<Bytes, EncodeError> {
        self.telemetry.frames_encoded.inc();
        Frame { header: self.header(sequence, clock::now()), body }.to_bytes().map(|frame| framed(&frame))
    }

    const fn header(&self, sequence: Sequence, sent: Timestamp) -> Header {
        Header { epoch: self.epoch, sequence, sent, skipped: 0 }
    }

    fn numbered(&self, sequence: Sequence, previous: Sequence) -> Header {
        let skipped = sequence.0.saturating_sub(previous.0).saturating_sub(1);
        Header { skipped, ..self.header(sequence, clock::now()) }
    }
}

/// Counts one viewer, of one subscription, until it is dropped.
#[derive(Debug)]
pub struct ViewerGuard {
    hub: Arc<Hub>,
    subscription: Arc<Subscription>,
}

impl ViewerGuard {
    pub const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    pub const fn subscription(&self) -> &Arc<Subscription> {
        &self.subscription
    }

    /// Changes to another subscription; `None` is everything. The caller then calls [`resolve`](Self::resolve) until it returns true.
    pub fn subscribe(&mut self, by: Option<SelectedBy>) -> Extent {
        let (joined, extent) = {
            let State { sequencer, subscriptions } = &mut *self.hub.state.lock();
            let joined = subscriptions.change(&self.subscription, by, sequencer.sequence());
            self.hub.telemetry.subscriptions.set(subscriptions.with_viewers() as i64);
            joined
        };
        self.subscription = joined;
        extent
    }

    /// Looks for the series of the subscription in the next part of the catalog. Returns true after the last.
    pub fn resolve(&self, selecting: &mut Selecting) -> bool {
        let subscription = &self.subscription;
        let Some(by) = subscription.by().filter(|_| subscription.resolved().is_none()) else { return true };
        let is_done = selecting.step(by, &self.hub.catalog);
        if is_done {
            subscription.resolve(&selecting.found());
        }
        is_done
    }
}

impl Drop for ViewerGuard {
    fn drop(&mut self) {
        self.hub.leave_subscription(&self.subscription);
        self.hub.telemetry.viewers.dec();
    }
}
