//! The hub: gives samples their sequence numbers, keeps the history, and makes frames, once for all viewers.
//!
//! Batches come in from sources at any rate. Sixty times a second the hub joins what has come, cuts it into frames,
//! numbers them, writes them to the history and to the ring of recent frames, and wakes the sessions. It never waits
//! for a viewer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use protocol::{
    BlockBuffer, Body, CatalogScope, EncodeError, Epoch, Frame, Gap, GapCause, Header, Heartbeat, Hello, HistoryPart,
    Interval, Samples, Sequence, Start, Timestamp,
};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::catalog_frames;
use crate::clock;
use crate::ingest::batch::Batch;
use crate::net::framing::framed;
use crate::stream::catalog::Catalog;
use crate::stream::catalog_frames::WholeCatalog;
use crate::stream::frame_cutter::FrameCutter;
use crate::stream::frame_ring::{FrameRing, RingFrame};
use crate::stream::history::{Backfill, Filled, History};
use crate::telemetry::Telemetry;

/// Frames are made this often: a display cannot show more.
const TICK: Duration = Duration::from_micros(16_667);

/// A viewer that hears nothing for several of these has lost its server.
pub const HEARTBEAT: Duration = Duration::from_secs(1);

/// What was measured further ahead of the clock than this lies in the future: the clock was set back since. Nothing could follow on
/// it until the clock has caught up. By less, rows are left out for so long.
const FUTURE: Interval = Interval::from_secs(5);

/// Batches that may wait for the next tick; a source that is ahead of that waits.
pub const BATCH_QUEUE: usize = 4_096;

/// How much a hub may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How far back the history reaches.
    pub history: Interval,
    /// Bytes of samples in it.
    pub history_bytes: usize,
    /// Bytes of recent frames, for viewers that are a little late.
    pub ring_bytes: usize,
    /// Series in the catalog.
    pub series: usize,
}

/// The hub, shared by its own task and all sessions.
#[derive(Debug)]
pub struct Hub {
    epoch: Epoch,
    host: String,
    catalog: Catalog,
    telemetry: Telemetry,
    state: Mutex<State>,
    whole_catalog: WholeCatalog,
    end: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    sequence: Sequence,
    history: History,
    ring: FrameRing,
    viewers: usize,
    last_batch: Option<Timestamp>,
    blocks: BlockBuffer,
}

/// Where a viewer's stream stands.
#[derive(Debug)]
pub struct Snapshot {
    /// To be sent first, by [`Hub::stamped`]: the catalog.
    pub catalog: Arc<Vec<Vec<u8>>>,
    /// Then the gap, where there is one.
    pub gap: Option<Bytes>,
    /// To be sent next, frame by frame, by [`Hub::backfill_frames`].
    pub backfill: Backfill,
    /// The position that the viewer holds before that; 0 for none.
    pub held: Sequence,
    /// The position that the viewer holds after that.
    pub position: Sequence,
    /// The ring's end at that position.
    pub cursor: u64,
}

/// Frames of the ring.
#[derive(Debug)]
pub struct Recent {
    /// Number of the first of them.
    pub first: u64,
    /// The frames, framed for the WebSocket.
    pub frames: Vec<RingFrame>,
}

/// The ring no longer reaches back to the viewer's cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FellBehind;

impl Hub {
    /// A hub whose epoch begins now, on the machine `host`.
    pub fn new(host: String, bounds: Bounds, telemetry: Telemetry) -> Self {
        telemetry.history_limit_bytes.set(bounds.history_bytes as f64);
        Self {
            epoch: Epoch(clock::now().micros() as u64),
            host,
            catalog: Catalog::new(bounds.series),
            telemetry,
            state: Mutex::new(State {
                sequence: Sequence(0),
                history: History::new(bounds.history, bounds.history_bytes),
                ring: FrameRing::new(bounds.ring_bytes),
                viewers: 0,
                last_batch: None,
                blocks: BlockBuffer::default(),
            }),
            whole_catalog: WholeCatalog::default(),
            end: watch::Sender::new(0),
        }
    }

    /// The catalog that sources register in.
    pub const fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Where the server counts what it does.
    pub const fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// When a source last handed something over.
    pub fn last_batch(&self) -> Option<Timestamp> {
        self.lock().last_batch
    }

    /// Takes batches and makes frames until every sender is gone.
    pub async fn run(self: Arc<Self>, mut batches: mpsc::Receiver<Batch>) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pending = Vec::new();
        let mut heartbeat_due = Instant::now() + HEARTBEAT;
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
                // After a sleep there is one, not one for each second.
                while heartbeat_due <= Instant::now() {
                    heartbeat_due += HEARTBEAT;
                }
                published = published.and_then(|()| self.heartbeat());
            }
            if let Err(error) = published {
                tracing::error!(%error, "frame could not be encoded");
            }
        }
    }

    /// Numbers these batches, keeps them, and makes their frames.
    ///
    /// # Errors
    /// Only what the encoder refuses, which would be a defect here.
    pub fn publish(&self, batches: impl IntoIterator<Item = Batch>, now: Timestamp) -> Result<(), EncodeError> {
        let mut state = self.lock();
        let state = &mut *state;
        let changes = self.catalog.take_changes();
        if !changes.is_empty() {
            let header = self.header(state.sequence, now);
            for frame in catalog_frames::encode(&changes, CatalogScope::Changes, header)? {
                self.push(state, &frame);
            }
            let (groups, series) = self.catalog.len();
            self.telemetry.groups.set(groups as i64);
            self.telemetry.series.set(series as i64);
        }
        let batches = self.accept(state, batches, now);
        let mut cutter = FrameCutter::new(batches);
        while let Some(rows) = cutter.next_frame() {
            self.sequence(state, &rows, now)?;
        }
        let oldest = state.history.evict(now);
        self.catalog.retire_before(oldest);
        self.telemetry.history_bytes.set(state.history.bytes() as f64);
        self.announce(&state.ring);
        Ok(())
    }

    /// Joins batches that go on where the last ended, and drops rows that step back in time. Where those before them lie in the
    /// future, which these do not, it drops those.
    fn accept(&self, state: &mut State, batches: impl IntoIterator<Item = Batch>, now: Timestamp) -> Vec<Batch> {
        let mut joined: Vec<Batch> = Vec::new();
        for mut batch in batches {
            state.last_batch = Some(now);
            batch.sort_columns();
            self.telemetry.rows.inc_by(batch.rows() as u64);
            self.telemetry.samples.inc_by(batch.values() as u64);
            let last = |batch: &Batch| batch.times.last().copied();
            let is_ahead = |time: Option<Timestamp>| time.is_some_and(|time| time > now + FUTURE);
            let earlier = joined.iter().rev().find(|earlier| earlier.group == batch.group).and_then(last);
            let newest = earlier.or_else(|| state.history.newest(batch.group));
            if is_ahead(newest) && !is_ahead(last(&batch)) {
                tracing::warn!(group = %batch.group, "the clock was set back: the history of this group begins anew");
                state.history.forget(batch.group);
                joined.retain(|earlier| earlier.group != batch.group);
            }
            let open = joined.iter_mut().rev().find(|earlier| earlier.group == batch.group);
            let newest = open.as_deref().and_then(last).or_else(|| state.history.newest(batch.group));
            let dropped = batch.keep_rising(newest);
            self.telemetry.rows_out_of_order.inc_by(dropped as u64);
            let rest = match open {
                Some(earlier) => earlier.append(batch).err(),
                None => Some(batch),
            };
            joined.extend(rest.filter(|batch| batch.rows() > 0));
        }
        joined
    }

    /// Gives one frame's rows their number.
    fn sequence(&self, state: &mut State, rows: &[Batch], now: Timestamp) -> Result<(), EncodeError> {
        state.sequence = state.sequence.next();
        self.telemetry.frames_sequenced.inc();
        for batch in rows {
            state.history.push(batch, state.sequence);
        }
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
        let header = self.header(state.sequence, clock::now());
        let frame = Frame { header, body: Body::Samples(samples) }.to_bytes()?;
        self.push(state, &frame);
        Ok(())
    }

    /// Wakes those who wait for frames, where there are any.
    fn announce(&self, ring: &FrameRing) {
        self.end.send_if_modified(|end| std::mem::replace(end, ring.end()) != ring.end());
    }

    fn heartbeat(&self) -> Result<(), EncodeError> {
        let mut state = self.lock();
        let next_within = Interval::from_micros(HEARTBEAT.as_micros() as u64);
        let body = Body::Heartbeat(Heartbeat { next_within });
        let frame = Frame { header: self.header(state.sequence, clock::now()), body }.to_bytes()?;
        self.push(&mut state, &frame);
        self.announce(&state.ring);
        Ok(())
    }

    fn push(&self, state: &mut State, frame: &[u8]) {
        self.telemetry.frames_encoded.inc();
        state.ring.push(RingFrame { bytes: framed(frame), sequence: state.sequence });
    }

    /// Counts a viewer in, until the returned seat is dropped.
    pub fn join(self: &Arc<Self>) -> Seat {
        self.lock().viewers += 1;
        self.telemetry.viewers.inc();
        self.telemetry.viewers_connected.inc();
        Seat(Arc::clone(self))
    }

    /// A signal that moves with the ring's end.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    /// The frame that opens every connection, framed for the WebSocket as all that are handed out here.
    ///
    /// # Errors
    /// When the host's name is longer than a name may be.
    pub fn hello(&self) -> Result<Bytes, EncodeError> {
        let state = self.lock();
        let body = Body::Hello(Hello {
            server: concat!("kymograph ", env!("CARGO_PKG_VERSION")),
            host: &self.host,
            history: state.history.span(),
            heartbeat: Interval::from_micros(HEARTBEAT.as_micros() as u64),
        });
        self.frame(state.sequence, body)
    }

    /// A frame of this stream with any body, for one viewer.
    ///
    /// # Errors
    /// When it would be too long.
    pub fn frame_now(&self, body: Body<'_>) -> Result<Bytes, EncodeError> {
        let sequence = self.lock().sequence;
        self.frame(sequence, body)
    }

    /// What a viewer that wants to begin at `start` has to be given.
    ///
    /// # Errors
    /// Only what the encoder refuses, which would be a defect here.
    pub fn snapshot(&self, start: Start) -> Result<Snapshot, EncodeError> {
        let mut snapshot = self.place(start)?;
        // After its place in the stream, and not under the lock that the source waits for: a catalog that knows more than the
        // stream does no harm.
        let header = self.header(snapshot.position, clock::now());
        snapshot.catalog = self.whole_catalog.messages(&self.catalog, header, &self.telemetry)?;
        Ok(snapshot)
    }

    fn place(&self, start: Start) -> Result<Snapshot, EncodeError> {
        let state = self.lock();
        let now = clock::now();
        let (gap, backfill) = match start {
            Start::Window(window) => (None, state.history.since(now - window)),
            Start::After { epoch, sequence, window } => {
                let cause = if epoch != self.epoch {
                    Some(GapCause::EpochChanged)
                } else if sequence > state.sequence {
                    Some(GapCause::UnknownPosition)
                } else {
                    (sequence < state.history.evicted_through()).then_some(GapCause::HistoryExpired)
                };
                let backfill = match cause {
                    None | Some(GapCause::HistoryExpired) => state.history.after(sequence),
                    Some(GapCause::UnknownPosition) => state.history.since(now - window).joined(),
                    // The viewer has nothing of this epoch yet.
                    Some(GapCause::EpochChanged) => state.history.since(now - window),
                };
                let until = state.history.evicted_through().next();
                (cause.map(|cause| Gap { after: sequence, until, cause }), backfill)
            }
        };
        let gap = match gap {
            Some(gap) => {
                self.telemetry.gaps.inc();
                Some(self.frame(state.sequence, Body::Gap(gap))?)
            }
            None => None,
        };
        let held = match start {
            Start::After { epoch, sequence, .. } if epoch == self.epoch && sequence <= state.sequence => sequence,
            Start::After { .. } | Start::Window(_) => Sequence(0),
        };
        let (catalog, position, cursor) = (Arc::default(), state.sequence, state.ring.end());
        Ok(Snapshot { catalog, gap, backfill, held, position, cursor })
    }

    /// One viewer's copy of a message that was encoded for all, framed for the WebSocket.
    pub fn stamped(&self, message: &[u8], position: Sequence) -> Bytes {
        let mut message = message.to_vec();
        Frame::stamp(&mut message, &self.header(position, clock::now()));
        framed(&message)
    }

    /// Appends the next frame of a backfill from `held` to `position`. The last one says so. Before one that goes on behind
    /// rows that are no more stands a gap. Returns how many bytes were appended.
    ///
    /// # Errors
    /// Only what the encoder refuses, which would be a defect here.
    pub fn backfill_frames(
        &self,
        backfill: &mut Backfill,
        held: Sequence,
        position: Sequence,
        out: &mut Vec<Bytes>,
    ) -> Result<usize, EncodeError> {
        let mut state = self.lock();
        let State { history, blocks, .. } = &mut *state;
        let before = out.len();
        if history.fill(backfill, blocks)? == Filled::WithHole {
            let until = history.evicted_through().next();
            self.telemetry.gaps.inc();
            out.push(self.frame(position, Body::Gap(Gap { after: held, until, cause: GapCause::HistoryExpired }))?);
        }
        let part = if backfill.is_done() { HistoryPart::Last } else { HistoryPart::More };
        let body = Body::History(protocol::History { part, blocks: blocks.blocks() });
        out.push(self.frame(position, body)?);
        Ok(out[before..].iter().map(Bytes::len).sum())
    }

    /// Appends the frames from `cursor` on to `out`, up to `room` bytes, and returns the new cursor.
    ///
    /// # Errors
    /// [`FellBehind`] when the ring no longer holds the frame at `cursor`.
    pub fn frames_from(&self, cursor: u64, room: usize, out: &mut Vec<RingFrame>) -> Result<u64, FellBehind> {
        let state = self.lock();
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

    /// The recent frames from number `oldest` on, or from where the ring begins.
    pub fn recent(&self, oldest: u64) -> Recent {
        let state = self.lock();
        let first = oldest.max(state.ring.first());
        Recent { first, frames: state.ring.from(first).into_iter().flatten().cloned().collect() }
    }

    /// The number that the ring's next frame will have.
    pub fn ring_end(&self) -> u64 {
        *self.end.borrow()
    }

    fn frame(&self, sequence: Sequence, body: Body<'_>) -> Result<Bytes, EncodeError> {
        self.telemetry.frames_encoded.inc();
        Frame { header: self.header(sequence, clock::now()), body }.to_bytes().map(|frame| framed(&frame))
    }

    /// The epoch of this process.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    const fn header(&self, sequence: Sequence, sent: Timestamp) -> Header {
        Header { epoch: self.epoch, sequence, sent }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A viewer's place; dropping it counts the viewer out.
#[derive(Debug)]
pub struct Seat(Arc<Hub>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.lock().viewers -= 1;
        self.0.telemetry.viewers.dec();
    }
}
