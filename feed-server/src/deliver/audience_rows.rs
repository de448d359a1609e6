//! The rows of one frame for the viewers of one subscription: as rows, and as updates of buckets.

use std::sync::Arc;

use protocol::{
    BlockMode, Body, BucketState, EncodeError, Frame, GroupId, ReaderHolds, SamplesBuffer, Sequence, SeriesId,
    Timestamp,
};

use crate::deliver::hub::Hub;
use crate::deliver::subscription::Subscription;
use crate::deliver::subscriptions::{Audience, EncodedFor, NextFrame};
use crate::ingest::batch::BatchSlice;
use crate::net::framing::framed;
use crate::stream::buckets::open_bucket::OpenBucket;
use crate::stream::buckets::tracked::{GroupChange, Reading, Touched, Tracked, advance, is_too_wide};
use crate::stream::selected_series::Columns;

/// Encodes one frame.
#[derive(Debug)]
pub(super) struct AudienceRows<'a> {
    hub: &'a Hub,
    audience: Audience,
    sequence: Sequence,
    changes: Vec<(GroupId, GroupChange)>,
    /// A group is not tracked, so that its rows cannot be sent in this frame.
    is_incomplete: bool,
}

impl<'a> AudienceRows<'a> {
    pub(super) const fn new(hub: &'a Hub, audience: Audience, sequence: Sequence) -> Self {
        Self { hub, audience, sequence, changes: Vec::new(), is_incomplete: false }
    }

    /// The frame with what it changes.
    pub(super) fn encoded(self, frame: NextFrame) -> EncodedFor {
        EncodedFor { audience: self.audience, frame, changes: self.changes }
    }

    /// Encodes the selected columns of `rows`.
    ///
    /// # Errors
    /// If they cannot be encoded, which is a defect.
    pub(super) fn encode(
        &mut self,
        rows: &[BatchSlice<'_>],
        modes: &[BlockMode],
        samples: &mut SamplesBuffer,
        now: Timestamp,
    ) -> Result<NextFrame, EncodeError> {
        let series = Arc::clone(&self.audience.selected);
        // A row without a selected value closes the bucket before it too.
        let (hub, subscription) = (self.hub, Arc::clone(&self.audience.subscription));
        let are_for =
            |of: &Columns, rows: &BatchSlice<'_>| of.has_any(rows) || has_buckets(hub, &subscription, rows.group());
        let of_audience = |rows: &BatchSlice<'_>| series.of_group(rows.group()).filter(|of| are_for(of, rows));
        let selected = || rows.iter().zip(modes).filter_map(|(rows, &mode)| Some((mode, rows, of_audience(rows)?)));
        if selected().next().is_none() {
            return Ok(NextFrame::Nothing);
        }
        let collected = selected().filter_map(|(_, rows, _)| rows.times().last()).max().copied().unwrap_or(now);
        samples.start(collected);
        for (mode, rows, columns) in selected() {
            match columns {
                Columns::All => self.push(mode, rows, rows.columns(), samples)?,
                Columns::Of(series) => {
                    let is_selected = |(column, _): &(SeriesId, &[f64])| series.binary_search(column).is_ok();
                    self.push(mode, rows, rows.columns().filter(is_selected), samples)?;
                }
            }
        }
        if self.is_incomplete {
            return Ok(NextFrame::LeftOut);
        }
        let header = self.hub.numbered(self.sequence, self.audience.last);
        self.hub.telemetry.frames_encoded.inc();
        match (Frame { header, body: Body::Samples(samples.samples()) }).to_bytes() {
            Ok(bytes) => Ok(NextFrame::Numbered(framed(&bytes))),
            // Updates of many series whose values cannot be packed. A history is divided into messages.
            Err(EncodeError::TooLong { .. }) if !self.changes.is_empty() => Ok(NextFrame::LeftOut),
            Err(error) => Err(error),
        }
    }

    fn push<'v>(
        &mut self,
        mode: BlockMode,
        rows: &BatchSlice<'_>,
        columns: impl Iterator<Item = (SeriesId, &'v [f64])> + Clone,
        samples: &mut SamplesBuffer,
    ) -> Result<(), EncodeError> {
        let (group, times) = (rows.group(), rows.times());
        let step = match self.tracked(group, mode) {
            None | Some(Tracked::Rows) => return samples.push(mode, group, times, columns),
            Some(Tracked::Buckets { step, open, skipped }) if mode != BlockMode::Late => {
                let mut parts = OpenBucket::of_rows(step, times, &columns);
                parts.retain(|bucket| Some(bucket.start) != skipped);
                let touched = advance(open.as_ref(), parts);
                if is_too_wide(&touched) {
                    self.leave_out(group, GroupChange::Untrack);
                    return Ok(());
                }
                if let Some(last) = touched.last() {
                    self.changes.push((group, GroupChange::Open(last.bucket.clone())));
                }
                return touched.iter().try_for_each(|touched| push_update(group, touched, samples));
            }
            Some(Tracked::Reading(reading)) if mode != BlockMode::Late => reading.step,
            Some(_) => {
                self.leave_out(group, GroupChange::Untrack);
                return Ok(());
            }
        };
        self.leave_out(group, GroupChange::Rows(OpenBucket::of_rows(step, times, &columns)));
        Ok(())
    }

    fn leave_out(&mut self, group: GroupId, change: GroupChange) {
        self.is_incomplete = true;
        self.changes.push((group, change));
    }

    /// How a group is sent in this frame; `None` if the subscription has no steps.
    fn tracked(&self, group: GroupId, mode: BlockMode) -> Option<Tracked> {
        let (all, to) = self.audience.subscription.tracked().zip(self.audience.subscription.to())?;
        // Rows of the same group may be before these in the frame.
        let earlier = self.changes.iter().rev().find(|(changed, _)| *changed == group);
        let held = all.lock().get(group).cloned();
        Some(match (held, earlier) {
            (Some(Tracked::Buckets { step, skipped, .. }), Some((_, GroupChange::Open(open)))) => {
                Tracked::Buckets { step, open: Some(open.clone()), skipped }
            }
            // The viewers hold nothing that these rows join.
            (Some(Tracked::Buckets { step, .. }), None) if mode == BlockMode::Replace => Tracked::empty(step),
            (Some(held), _) => held,
            (None, None) if mode == BlockMode::Replace => {
                // The history has no row of it.
                let tracked = self.hub.summarizes(&to.steps, group).map_or(Tracked::Rows, Tracked::empty);
                all.lock().set(group, tracked.clone());
                tracked
            }
            (None, _) => {
                let reading = |step| Tracked::Reading(Reading::new(step, Timestamp::default(), Arc::default(), true));
                self.hub.summarizes(&to.steps, group).map_or(Tracked::Rows, reading)
            }
        })
    }
}

/// Returns true if a group is sent as summaries, or will be when it is tracked.
fn has_buckets(hub: &Hub, subscription: &Subscription, group: GroupId) -> bool {
    let Some((tracked, to)) = subscription.tracked().zip(subscription.to()) else { return false };
    let held = tracked.lock().get(group).map(|tracked| !matches!(tracked, Tracked::Rows));
    held.unwrap_or_else(|| hub.summarizes(&to.steps, group).is_some())
}

fn push_update(group: GroupId, touched: &Touched, samples: &mut SamplesBuffer) -> Result<(), EncodeError> {
    let Touched { bucket, before, is_closed } = touched;
    let held = before.as_ref().map(|before| (before.start, before.fields()));
    let (start, step) = (bucket.start, bucket.step);
    let reader = match &held {
        None => ReaderHolds::Nothing { start, step },
        Some((of, summaries)) if *of == start => ReaderHolds::Summaries(summaries),
        Some((_, summaries)) => ReaderHolds::Before { start, summaries },
    };
    let (newest, series, summaries) = (bucket.newest, bucket.series(), bucket.fields());
    samples.push_update(&BucketState { group, newest, series, summaries: &summaries, reader, is_closed: *is_closed })
}
