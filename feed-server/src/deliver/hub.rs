//! The hub: what all viewers share, and the start of each viewer's stream.
//!
//! Batches come in from sources at any rate. The [ticker](super::ticker) passes them to the hub, which numbers them in the
//! [`Sequencer`], encodes the frames, frames them for the WebSocket, and puts them into the ring of recent frames. It never
//! waits for a viewer. The lock of the state is held for a bounded time: the batches are divided into portions, and frames are
//! encoded outside the lock.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use protocol::column::encoding;
use protocol::{
    BlockBuffer, Body, EncodeError, EntriesBuffer, Epoch, Feature, Frame, GroupId, Header, Heartbeat, Hello, Interval,
    QueryLimits, Role, SamplesBuffer, Sequence, Start, Timestamp, ViewerLimits,
};
use tokio::sync::watch;

use super::catalog_frames;
use crate::clock;
use crate::deliver::catalog_frames::WholeCatalog;
use crate::deliver::subscription::Subscription;
use crate::deliver::subscriptions::Subscriptions;
use crate::deliver::unsealed_rows::UnsealedRows;
use crate::net::framing::framed;
use crate::stream::backfill::Backfill;
use crate::stream::buckets::missed::{MissedBuckets, NotTracked};
use crate::stream::catalog::Catalog;
use crate::stream::entry_log::{EntryCursor, EntryKind};
use crate::stream::history::History;
use crate::stream::selected_series::SelectedSeries;
use crate::stream::sequencer::{Beginning, Sequencer};
use crate::stream::summaries::Summaries;
use crate::stream::summaries::tier::TierBounds;
use crate::telemetry::Telemetry;

/// A viewer that receives nothing for several of these intervals has lost its server.
pub const HEARTBEAT: Interval = Interval::from_secs(1);

/// A group is silent if its newest row is older than both: this long, and this many of its intervals.
const SILENT_AFTER: Interval = Interval::from_secs(1);
const SILENT_INTERVALS: u64 = 3;
/// Groups that are looked up before the lock is released.
const GROUPS_AT_ONCE: usize = 1_024;

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

/// Shared by the ticker and all sessions.
#[derive(Debug)]
pub struct Hub {
    pub epoch: Epoch,
    /// The most age of samples in the history.
    pub(super) history: Interval,
    host: String,
    /// Sources register in it.
    pub catalog: Catalog,
    pub telemetry: Telemetry,
    /// Held while batches are published or sealed, by one thread at a time.
    pub(super) publishing: Mutex<Encoders>,
    pub(super) state: Mutex<State>,
    whole_catalog: WholeCatalog,
    pub(super) unsealed: UnsealedRows,
    /// Has a lock of its own, so that queries do not delay frames.
    pub(super) summaries: Mutex<Summaries>,
    /// Changes of the rings that were announced.
    ring_changes: watch::Sender<u64>,
}

/// Reused from frame to frame.
#[derive(Debug, Default)]
pub(super) struct Encoders {
    pub(super) samples: SamplesBuffer,
    pub(super) segments: BlockBuffer,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) sequencer: Sequencer,
    pub(super) subscriptions: Subscriptions,
}

/// The start of a viewer's stream: catalog, gap, entries, summaries, backfill, in this order; then the ring from `cursor` on.
#[derive(Debug)]
pub struct Snapshot {
    /// Each message is passed through [`Hub::stamped`].
    pub catalog: Arc<Vec<Vec<u8>>>,
    pub gap: Option<Bytes>,
    /// Sent by [`Hub::entry_frames`].
    pub entries: EntryCursor,
    /// The buckets that the viewer misses.
    pub missed: MissedBuckets,
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
            history: bounds.history,
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
    pub(super) fn announce(&self, subscriptions: &Subscriptions) {
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
        let silent_of = |groups: &[(GroupId, Interval)]| {
            self.read(|sequencer| {
                let is_silent = |&&(group, interval): &&(GroupId, Interval)| {
                    let intervals = Interval::from_micros(interval.micros().saturating_mul(SILENT_INTERVALS));
                    let newest = sequencer.history().newest(group);
                    newest.is_none_or(|newest| newest < now - SILENT_AFTER.max(intervals))
                };
                groups.iter().filter(is_silent).count() as u32
            })
        };
        let silent = intervals.chunks(GROUPS_AT_ONCE).map(silent_of).sum();
        let subscriptions = &mut self.state.lock().subscriptions;
        let body = Body::Heartbeat(Heartbeat { next_within: HEARTBEAT, groups, silent });
        let pushed = subscriptions.push_each(None, |last| self.frame(last, body));
        self.announce(subscriptions);
        pushed
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
        features.push(&Feature::SUMMARIES)?;
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

    /// The start of the stream of a viewer of `subscription` that asks for `start`. It does not hold all rows of `added`. `None` if a
    /// group of the subscription was forgotten since their number was `forgotten`: then it must be tracked again.
    ///
    /// # Errors
    /// If a frame cannot be encoded, which is a defect.
    pub fn snapshot(
        &self,
        start: Start,
        subscription: &Subscription,
        added: &SelectedSeries,
        forgotten: u64,
    ) -> Result<Option<Snapshot>, EncodeError> {
        let (Beginning { gap, entries, backfill, held, position }, cursor, missed) = {
            let state = self.state.lock();
            let selected = subscription.selected();
            let mut beginning = state.sequencer.begin(start, &selected, added, clock::now());
            let missed = match subscription.tracked() {
                None => MissedBuckets::default(),
                Some(tracked) => {
                    let (tracked, history) = (tracked.lock(), state.sequencer.history());
                    match MissedBuckets::take_from(&mut beginning.backfill, &tracked, forgotten, history) {
                        Ok(missed) => missed,
                        Err(NotTracked) => return Ok(None),
                    }
                }
            };
            (beginning, subscription.ring_end(), missed)
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
        Ok(Some(Snapshot { catalog, gap: gap.transpose()?, entries, missed, backfill, held, position, cursor }))
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

    pub(super) const fn header(&self, sequence: Sequence, sent: Timestamp) -> Header {
        Header { epoch: self.epoch, sequence, sent, skipped: 0 }
    }

    pub(super) fn numbered(&self, sequence: Sequence, previous: Sequence) -> Header {
        let skipped = sequence.0.saturating_sub(previous.0).saturating_sub(1);
        Header { skipped, ..self.header(sequence, clock::now()) }
    }
}
