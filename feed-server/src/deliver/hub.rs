//! The hub: numbers batches, encodes each frame once for all viewers, and wakes the fan-out.
//!
//! Batches come in from sources at any rate. Sixty times a second the hub passes them to the [`Sequencer`], encodes the
//! frames, frames them for the WebSocket, and puts them into the ring of recent frames. It never waits for a viewer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use protocol::{
    BlockBuffer, Body, CatalogScope, EncodeError, Epoch, Frame, Header, Heartbeat, Hello, Interval, Samples, Sequence,
    Start, Timestamp,
};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::catalog_frames;
use crate::clock;
use crate::deliver::catalog_frames::WholeCatalog;
use crate::deliver::frame_ring::{FrameRing, RingFrame};
use crate::ingest::batch::Batch;
use crate::net::framing::framed;
use crate::stream::catalog::Catalog;
use crate::stream::history::{Backfill, History};
use crate::stream::sequencer::{Beginning, Sequencer};
use crate::telemetry::Telemetry;

/// Frames are made this often: a display cannot show more.
const TICK: Duration = Duration::from_micros(16_667);

/// A viewer that receives nothing for several of these intervals has lost its server.
const HEARTBEAT: Interval = Interval::from_secs(1);

/// Batches that may wait for the next tick. A source that sends more waits.
pub const BATCH_QUEUE: usize = 4_096;

/// The bounds and limits of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// A bound on the age of samples in the history.
    pub history: Interval,
    /// A bound on the bytes of samples in the history.
    pub history_bytes: usize,
    /// A bound on the bytes of recent frames, for viewers that are a little late.
    pub ring_bytes: usize,
    /// A limit on the series in the catalog.
    pub series: usize,
}

/// Shared by its own task and all sessions.
#[derive(Debug)]
pub struct Hub {
    pub epoch: Epoch,
    host: String,
    /// Sources register in it.
    pub catalog: Catalog,
    pub telemetry: Telemetry,
    state: Mutex<State>,
    whole_catalog: WholeCatalog,
    ring_end: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    sequencer: Sequencer,
    ring: FrameRing,
    viewers: usize,
    blocks: BlockBuffer,
}

/// The start of a viewer's stream: catalog, gap, backfill, in this order; then the ring from `cursor` on.
#[derive(Debug)]
pub struct Snapshot {
    /// Each message is passed through [`Hub::stamped`].
    pub catalog: Arc<Vec<Vec<u8>>>,
    pub gap: Option<Bytes>,
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
            state: Mutex::new(State {
                sequencer: Sequencer::new(epoch, History::new(bounds.history, bounds.history_bytes)),
                ring: FrameRing::new(bounds.ring_bytes),
                viewers: 0,
                blocks: BlockBuffer::default(),
            }),
            whole_catalog: WholeCatalog::default(),
            ring_end: watch::Sender::new(0),
        }
    }

    /// Receives batches and makes frames until every sender is dropped.
    pub async fn run(self: Arc<Self>, mut batches: mpsc::Receiver<Batch>) {
        let heartbeat = Duration::from_micros(HEARTBEAT.micros());
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pending = Vec::new();
        let mut heartbeat_due = Instant::now() + heartbeat;
        loop {
            tick.tick().await;
            while let Ok(batch) = batches.try_recv() {
                pending.push(batch);
            }
            if batches.is_closed() && pending.is_empty() {
                return;
            }
            let mut published = self.publish(pending.drain(..), clock::now());
            if Instant::now() >= heartbeat_due {
                // After a sleep of the machine one heartbeat is sent, not one for each second.
                while heartbeat_due <= Instant::now() {
                    heartbeat_due += heartbeat;
                }
                published = published.and_then(|()| self.heartbeat());
            }
            if let Err(error) = published {
                tracing::error!(%error, "cannot encode a frame");
            }
        }
    }

    /// Numbers the batches of this tick, keeps their rows, and makes the frames.
    ///
    /// # Errors
    /// If a frame cannot be encoded, which is a defect.
    pub fn publish(&self, batches: impl IntoIterator<Item = Batch>, now: Timestamp) -> Result<(), EncodeError> {
        let mut state = self.state.lock();
        let state = &mut *state;
        let changes = self.catalog.take_changes();
        if !changes.is_empty() {
            let header = self.header(state.sequencer.sequence(), now);
            for frame in catalog_frames::encode(&changes, CatalogScope::Changes, header)? {
                self.push(state, &frame);
            }
            let (groups, series) = self.catalog.len();
            self.telemetry.groups.set(groups as i64);
            self.telemetry.series.set(series as i64);
        }
        let mut accepted = state.sequencer.accept(batches, now);
        self.telemetry.rows.inc_by(accepted.rows as u64);
        self.telemetry.samples.inc_by(accepted.values as u64);
        self.telemetry.rows_out_of_order.inc_by(accepted.out_of_order as u64);
        while let Some(rows) = accepted.frames.next_frame() {
            self.publish_rows(state, &rows, now)?;
        }
        let oldest = state.sequencer.evict(now);
        self.catalog.retire_before(oldest);
        self.telemetry.history_bytes.set(state.sequencer.history().bytes() as f64);
        self.announce(&state.ring);
        Ok(())
    }

    /// Numbers the rows of one frame, and encodes them if there is a viewer.
    fn publish_rows(&self, state: &mut State, rows: &[Batch], now: Timestamp) -> Result<(), EncodeError> {
        let sequence = state.sequencer.commit(rows);
        self.telemetry.frames_sequenced.inc();
        if state.viewers == 0 {
            state.ring.skip();
            return Ok(());
        }
        let collected = rows.iter().filter_map(|batch| batch.times.last()).max().copied().unwrap_or(now);
        state.blocks.start(collected);
        for batch in rows {
            let columns = batch.columns.iter().map(|column| (column.series, column.values.as_slice()));
            state.blocks.push(batch.group, &batch.times, columns)?;
        }
        let samples = Samples { collected, queued: now, blocks: state.blocks.blocks() };
        let header = self.header(sequence, clock::now());
        let frame = Frame { header, body: Body::Samples(samples) }.to_bytes()?;
        self.push(state, &frame);
        Ok(())
    }

    /// Wakes the tasks that wait for frames, if the ring has new ones.
    fn announce(&self, ring: &FrameRing) {
        self.ring_end.send_if_modified(|end| std::mem::replace(end, ring.end()) != ring.end());
    }

    fn heartbeat(&self) -> Result<(), EncodeError> {
        let mut state = self.state.lock();
        let header = self.header(state.sequencer.sequence(), clock::now());
        let frame = Frame { header, body: Body::Heartbeat(Heartbeat { next_within: HEARTBEAT }) }.to_bytes()?;
        self.push(&mut state, &frame);
        self.announce(&state.ring);
        Ok(())
    }

    fn push(&self, state: &mut State, frame: &[u8]) {
        self.telemetry.frames_encoded.inc();
        state.ring.push(RingFrame { bytes: framed(frame), sequence: state.sequencer.sequence() });
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

    /// The first frame of every connection, framed for the WebSocket as is every frame that the hub returns.
    ///
    /// # Errors
    /// If the host's name is too long.
    pub fn hello(&self) -> Result<Bytes, EncodeError> {
        let state = self.state.lock();
        let body = Body::Hello(Hello {
            server: concat!("kymograph ", env!("CARGO_PKG_VERSION")),
            host: &self.host,
            history: state.sequencer.history().span(),
            heartbeat: HEARTBEAT,
        });
        self.frame(state.sequencer.sequence(), body)
    }

    /// A frame with any body, for one viewer.
    ///
    /// # Errors
    /// If the frame would be too long.
    pub fn frame_now(&self, body: Body<'_>) -> Result<Bytes, EncodeError> {
        let sequence = self.state.lock().sequencer.sequence();
        self.frame(sequence, body)
    }

    /// The start of the stream of a viewer that asks for `start`.
    ///
    /// # Errors
    /// If a frame cannot be encoded, which is a defect.
    pub fn snapshot(&self, start: Start) -> Result<Snapshot, EncodeError> {
        let (Beginning { gap, backfill, held, position }, cursor) = {
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
        let catalog = self.whole_catalog.messages(&self.catalog, header, &self.telemetry)?;
        Ok(Snapshot { catalog, gap: gap.transpose()?, backfill, held, position, cursor })
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
