//! The frames of a history of summaries, made in turns: closed buckets, read from the rows of the history, then the open ones.

use std::collections::BTreeSet;

use bytes::Bytes;
use protocol::{
    Body, BucketState, BucketUpdatesBuffer, EncodeError, GroupId, Interval, ReaderHolds, Sequence, SeriesId, Summaries,
    Timestamp,
};

use crate::deliver::hub::Hub;
use crate::deliver::summary_frames::{Purpose, SummaryFrames};
use crate::stream::buckets::missed::{MissedBuckets, MissedGroup};
use crate::stream::buckets::open_bucket::start_of;
use crate::stream::buckets::steps::MAX_SERIES;
use crate::stream::query::bucket_table::BucketTable;
use crate::stream::query::row_part::RowPart;
use crate::stream::query::scan::{Scan, Table};
use crate::stream::selected_series::{Columns, SelectedSeries};

/// Summaries of one scan: 82 KB, which one viewer holds.
const SCAN_SUMMARIES: usize = 1_024;

/// The cost of a scan besides its values.
const SCAN_COST: usize = 1_024;

/// The rest of a history of summaries.
#[derive(Debug)]
pub struct SummaryHistory {
    missed: MissedBuckets,
    scan: Option<(GroupId, Scan)>,
    frames: SummaryFrames,
    position: Sequence,
}

impl SummaryHistory {
    /// A history up to `position`; `None` if there are no buckets.
    pub fn new(missed: MissedBuckets, position: Sequence) -> Option<Self> {
        let is_empty = missed.closed.is_empty() && missed.open.is_empty();
        let frames = SummaryFrames::new(Purpose::History { position });
        (!is_empty).then_some(Self { missed, scan: None, frames, position })
    }

    pub fn is_done(&self) -> bool {
        self.scan.is_none() && self.missed.closed.is_empty() && self.missed.open.is_empty()
    }

    /// Does the next part of the work, and appends the frames that are full. Returns its cost, in values and bytes.
    ///
    /// # Errors
    /// If a frame cannot be encoded, which is a defect.
    pub fn step(&mut self, hub: &Hub, selected: &SelectedSeries, out: &mut Vec<Bytes>) -> Result<usize, EncodeError> {
        if let Some((group, scan)) = &mut self.scan {
            if !scan.is_done() {
                return Ok(scan.step());
            }
            let before = out.len();
            self.frames.add(*group, scan, hub, out)?;
            self.scan = None;
            return Ok(out[before..].iter().map(Bytes::len).sum());
        }
        if let Some(missed) = self.missed.closed.front_mut() {
            self.scan = next_scan(missed, hub, selected);
            if missed.range.is_empty() {
                self.missed.closed.pop_front();
            }
            return Ok(SCAN_COST);
        }
        let before = out.len();
        self.frames.end(hub, out)?;
        self.open_frames(hub, out)?;
        Ok(out[before..].iter().map(Bytes::len).sum())
    }

    fn open_frames(&mut self, hub: &Hub, out: &mut Vec<Bytes>) -> Result<(), EncodeError> {
        let mut updates = BucketUpdatesBuffer::default();
        let mut open = std::mem::take(&mut self.missed.open).into_iter().peekable();
        while open.peek().is_some() {
            let (mut part, mut series) = (Vec::new(), 0);
            while let Some((_, bucket)) = open.peek()
                && (part.is_empty() || series + bucket.series().len() <= MAX_SERIES)
            {
                series += bucket.series().len();
                part.extend(open.next());
            }
            updates.start(part.iter().map(|(_, bucket)| bucket.newest).max().unwrap_or_default());
            for (group, bucket) in part {
                let (series, summaries) = (bucket.series(), bucket.fields());
                let reader = ReaderHolds::Nothing { start: bucket.start, step: bucket.step };
                let (newest, is_closed) = (bucket.newest, false);
                updates.push(&BucketState { group, newest, series, summaries: &summaries, reader, is_closed })?;
            }
            let summaries = Summaries { open: updates.updates(), ..Summaries::default() };
            out.push(hub.frame(self.position, Body::Summaries(summaries))?);
        }
        Ok(())
    }
}

/// Takes the next buckets from the range of a group. Returns `None` if no row is in them.
fn next_scan(missed: &mut MissedGroup, hub: &Hub, selected: &SelectedSeries) -> Option<(GroupId, Scan)> {
    let MissedGroup { group, step, ref mut range } = *missed;
    let (parts, complete_from) = hub.read(|sequencer| {
        let history = sequencer.history();
        (history.parts_in(group, range), history.complete_from(group))
    });
    // Of a bucket of which rows were evicted, nothing is sent.
    if let Some(complete) = complete_from.filter(|complete| *complete > range.start) {
        let whole = start_of(complete - Interval::from_micros(1), step) + step;
        range.start = whole.min(range.end);
    }
    let columns = selected.of_group(group).filter(|_| !parts.is_empty() && !range.is_empty());
    let series: Vec<SeriesId> = match columns {
        None => Vec::new(),
        Some(Columns::Of(series)) => series.to_vec(),
        Some(Columns::All) => parts.iter().flat_map(RowPart::series).collect::<BTreeSet<_>>().into_iter().collect(),
    };
    if series.is_empty() {
        range.start = range.end;
        return None;
    }
    let buckets = (SCAN_SUMMARIES / series.len()).max(1) as u64;
    let first = parts.iter().map(|part| part.times.0).min().unwrap_or(range.start).max(range.start);
    let start = start_of(first, step);
    let end = (start + Interval::from_micros(step.micros().saturating_mul(buckets))).min(range.end);
    let of_scan = start..end;
    range.start = end;
    let is_in = |times: (Timestamp, Timestamp)| times.0 < of_scan.end && times.1 >= of_scan.start;
    let parts = parts.into_iter().filter(|part| is_in(part.times)).collect();
    let table = BucketTable::new(&of_scan, step, series.len());
    Some((group, Scan::of_rows(series, Table::Buckets(table), parts)))
}
