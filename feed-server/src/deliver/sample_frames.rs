//! The frames of samples: batches are numbered, kept, encoded once for each subscription, and later sealed.

use bytes::Bytes;
use protocol::{BlockMode, CatalogScope, EncodeError, SamplesBuffer, Timestamp};

use crate::deliver::audience_rows::AudienceRows;
use crate::deliver::catalog_frames;
use crate::deliver::hub::{Hub, State};
use crate::deliver::subscriptions::NextFrame;
use crate::ingest::batch::{Batch, BatchSlice};
use crate::net::framing::framed;
use crate::stream::joined_rows::join;
use crate::stream::sequencer::Sequencer;

/// Bytes of samples after which the hub releases its lock: four frames of raw values.
const PORTION_BYTES: usize = 256 << 10;

/// The recent frames count in the bound of the history, up to this part of it.
const RING_PART: usize = 4;

/// The cost of sealing a segment of any size, in values.
const SEGMENT_COST: usize = 32;

impl Hub {
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
            let mut of_audience = AudienceRows::new(self, audience, sequence);
            let frame = of_audience.encode(rows, &modes, samples, now).unwrap_or_else(|error| {
                encoded = Err(error);
                NextFrame::LeftOut
            });
            of_audience.encoded(frame)
        });
        let frames: Vec<_> = frames.collect();
        let mut state = self.state.lock();
        state.sequencer.commit(rows);
        self.telemetry.frames_sequenced.inc();
        // Without a frame in the ring, viewers are sent its rows as history.
        state.subscriptions.commit(frames, sequence);
        encoded
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
}
