//! The hub: numbers batches, encodes each frame once for all viewers, and wakes the fan-out.
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
    BlockBuffer, BlockMode, Body, CatalogScope, EncodeError, EntriesBuffer, Epoch, Feature, Frame, Header, Heartbeat,
    Hello, Interval, QueryLimits, Role, SamplesBuffer, Sequence, Start, Timestamp, ViewerLimits,
};
use tokio::sync::watch;

use super::catalog_frames;
use crate::clock;
use crate::deliver::catalog_frames::WholeCatalog;
use crate::deliver::frame_ring::{FrameRing, RingFrame};
use crate::deliver::unsealed_rows::UnsealedRows;
use crate::ingest::batch::{Batch, BatchSlice};
use crate::net::framing::framed;
use crate::stream::catalog::Catalog;
use crate::stream::entry_log::{EntryCursor, EntryKind};
use crate::stream::history::{Backfill, History};
use crate::stream::joined_rows::join;
use crate::stream::sequencer::{Beginning, Sequencer};
use crate::stream::summaries::Summaries;
use crate::stream::summaries::tier::TierBounds;
use crate::telemetry::Telemetry;

/// A viewer that receives nothing for several of these intervals has lost its server.
pub const HEARTBEAT: Interval = Interval::from_secs(1);

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
    ring_end: watch::Sender<u64>,
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
    ring: FrameRing,
    viewers: usize,
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

/// Frames of the ring, framed for the WebSocket.
#[derive(Debug)]
pub struct RecentFrames {
    /// Number of the first frame.
    pub first: u64,
    pub frames: Vec<RingFrame>,
}

/// The ring no longer holds the frame at the viewer's cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FellBehind;

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
                ring: FrameRing::new(bounds.ring_bytes),
                viewers: 0,
            }),
            whole_catalog: WholeCatalog::default(),
            unsealed: UnsealedRows::default(),
            summaries: Mutex::default(),
            ring_end: watch::Sender::new(0),
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
        let (groups, series) = self.catalog.len();
        self.telemetry.groups.set(groups as i64);
        self.telemetry.series.set(series as i64);
        let header = self.header(self.read(Sequencer::sequence), now);
        let frames = catalog_frames::encode(&changes, CatalogScope::Changes, header)?;
        let frames: Vec<Bytes> = frames.iter().map(|frame| framed(frame)).collect();
        let mut state = self.state.lock();
        for frame in frames {
            self.push(&mut state, frame);
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
            let State { sequencer, ring, .. } = &mut *self.state.lock();
            let oldest = sequencer.evict(now, ring.bytes().min(sequencer.history().limit_bytes() / RING_PART));
            self.telemetry.history_bytes.set(sequencer.history().bytes() as f64);
            self.announce(ring);
            oldest
        };
        self.catalog.retire_before(oldest);
        self.summaries.lock().evict(now);
        self.unsealed.clear();
        published
    }

    /// Encodes the rows of one frame if there is a viewer, and then numbers and keeps them. No other thread numbers frames.
    fn publish_rows(
        &self,
        rows: &[BatchSlice<'_>],
        samples: &mut SamplesBuffer,
        now: Timestamp,
    ) -> Result<(), EncodeError> {
        let (sequence, modes) = {
            let state = self.state.lock();
            let history = state.sequencer.history();
            // Of a group without rows, viewers may hold some: of another epoch, or from before the clock was set back.
            let mode = |rows: &BatchSlice<'_>| match history.newest(rows.group()) {
                None => BlockMode::Replace,
                newest if rows.times().first().copied() <= newest => BlockMode::Late,
                Some(_) => BlockMode::Merge,
            };
            let modes = (state.viewers > 0).then(|| rows.iter().map(mode).collect::<Vec<_>>());
            (state.sequencer.sequence().next(), modes)
        };
        let frame = modes.map(|modes| self.encode_rows(rows, &modes, sequence, samples, now)).transpose();
        let mut state = self.state.lock();
        state.sequencer.commit(rows);
        self.telemetry.frames_sequenced.inc();
        // Without the frame in the ring, viewers are sent its rows as history.
        match frame {
            Ok(Some(frame)) => self.push(&mut state, frame),
            Ok(None) => state.ring.skip(),
            Err(error) => {
                state.ring.skip();
                return Err(error);
            }
        }
        Ok(())
    }

    fn encode_rows(
        &self,
        rows: &[BatchSlice<'_>],
        modes: &[BlockMode],
        sequence: Sequence,
        samples: &mut SamplesBuffer,
        now: Timestamp,
    ) -> Result<Bytes, EncodeError> {
        let collected = rows.iter().filter_map(|rows| rows.times().last()).max().copied().unwrap_or(now);
        samples.start(collected);
        for (rows, &mode) in rows.iter().zip(modes) {
            samples.push(mode, rows.group(), rows.times(), rows.columns())?;
        }
        let header = self.header(sequence, clock::now());
        Ok(framed(&Frame { header, body: Body::Samples(samples.samples()) }.to_bytes()?))
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
        let frame = framed(&Frame { header: self.header(sequence, clock::now()), body }.to_bytes()?);
        let mut state = self.state.lock();
        state.sequencer.commit_entry(kind, now, frame.clone());
        self.push(&mut state, frame);
        Ok(())
    }

    pub(super) fn announce_frames(&self) {
        self.announce(&self.state.lock().ring);
    }

    /// Wakes the tasks that wait for frames, if the ring has new ones.
    fn announce(&self, ring: &FrameRing) {
        self.ring_end.send_if_modified(|end| std::mem::replace(end, ring.end()) != ring.end());
    }

    /// Makes a frame that shows every viewer that the server is alive.
    ///
    /// # Errors
    /// If it cannot be encoded, which is a defect.
    pub fn heartbeat(&self) -> Result<(), EncodeError> {
        let mut state = self.state.lock();
        let header = self.header(state.sequencer.sequence(), clock::now());
        let frame = Frame { header, body: Body::Heartbeat(Heartbeat { next_within: HEARTBEAT }) }.to_bytes()?;
        self.push(&mut state, framed(&frame));
        self.announce(&state.ring);
        Ok(())
    }

    fn push(&self, state: &mut State, frame: Bytes) {
        self.telemetry.frames_encoded.inc();
        state.ring.push(RingFrame { bytes: frame, sequence: state.sequencer.sequence() });
    }

    /// Counts a viewer until the guard is dropped.
    pub fn join(self: &Arc<Self>) -> ViewerGuard {
        self.state.lock().viewers += 1;
        self.telemetry.viewers.inc();
        self.telemetry.viewers_connected.inc();
        ViewerGuard(Arc::clone(self))
    }

    /// A signal that changes when frames are added to the ring.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.ring_end.subscribe()
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

    /// The start of the stream of a viewer that asks for `start`.
    ///
    /// # Errors
    /// If a frame cannot be encoded, which is a defect.
    pub fn snapshot(&self, start: Start) -> Result<Snapshot, EncodeError> {
        let (Beginning { gap, entries, backfill, held, position }, cursor) = {
            let state = self.state.lock();
            (state.sequencer.begin(start, clock::now()), state.ring.end())
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

    /// Appends the frames from `cursor` on to `out`, up to `room` bytes but at least one, and returns the new cursor.
    ///
    /// # Errors
    /// [`FellBehind`] if the ring no longer holds the frame at `cursor`.
    pub fn frames_from(&self, cursor: u64, room: usize, out: &mut Vec<RingFrame>) -> Result<u64, FellBehind> {
        let state = self.state.lock();
        let mut bytes = 0;
        let before = out.len();
        for frame in state.ring.from(cursor).ok_or(FellBehind)? {
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
        let state = self.state.lock();
        let first = oldest.max(state.ring.first());
        RecentFrames { first, frames: state.ring.from(first).into_iter().flatten().cloned().collect() }
    }

    /// The number that the ring's next frame will have.
    pub fn ring_end(&self) -> u64 {
        *self.ring_end.borrow()
    }

    pub(super) fn frame(&self, sequence: Sequence, body: Body<'_>) -> Result<Bytes, EncodeError> {
        self.telemetry.frames_encoded.inc();
        Frame { header: self.header(sequence, clock::now()), body }.to_bytes().map(|frame| framed(&frame))
    }

    const fn header(&self, sequence: Sequence, sent: Timestamp) -> Header {
        Header { epoch: self.epoch, sequence, sent }
    }
}

/// Counts one viewer until it is dropped.
#[derive(Debug)]
pub struct ViewerGuard(Arc<Hub>);

impl Drop for ViewerGuard {
    fn drop(&mut self) {
        self.0.state.lock().viewers -= 1;
        self.0.telemetry.viewers.dec();
    }
}
