//! The open bucket of each group of a subscription, from frame to frame.
//!
//! A bucket that is sent must have every row since its start. When a group is first tracked, rows of its newest bucket may be in the
//! history already. They are read by a session, not by the ticker, which meanwhile adds the rows that arrive.

use std::collections::HashMap;
use std::sync::Arc;

use protocol::{GroupId, Interval, Timestamp};

use super::open_bucket::OpenBucket;
use super::steps::MAX_SERIES;
use crate::stream::query::row_part::RowPart;

/// The groups of one subscription. A group that is not there is not tracked yet.
#[derive(Debug, Default)]
pub struct TrackedGroups {
    groups: HashMap<GroupId, Tracked>,
    /// Rises when a group is forgotten.
    forgotten: u64,
}

/// How a group is sent.
#[derive(Clone, Debug)]
pub enum Tracked {
    /// As rows.
    Rows,
    /// As summaries, but the earlier rows of the newest bucket are not read yet.
    Reading(Reading),
    /// As summaries.
    Buckets {
        step: Interval,
        /// `None` without rows.
        open: Option<Arc<OpenBucket>>,
        /// The start of a bucket of which rows were evicted before the group was tracked. Nothing of it is sent.
        skipped: Option<Timestamp>,
    },
}

impl Tracked {
    /// As summaries, without rows.
    pub const fn empty(step: Interval) -> Self {
        Self::Buckets { step, open: None, skipped: None }
    }
}

/// The rows of a bucket, of which the earlier ones are not read yet.
#[derive(Clone, Debug)]
pub struct Reading {
    pub step: Interval,
    /// The start of the bucket.
    pub start: Timestamp,
    /// The rows in the history when the group was first tracked.
    pub parts: Arc<Vec<RowPart>>,
    /// No row of the bucket was evicted. Otherwise nothing of it is sent.
    is_whole: bool,
    /// The rows that arrived since.
    later: Option<Arc<OpenBucket>>,
}

impl Reading {
    pub const fn new(step: Interval, start: Timestamp, parts: Arc<Vec<RowPart>>, is_whole: bool) -> Self {
        Self { step, start, parts, is_whole, later: None }
    }
}

/// A bucket that a frame changes.
#[derive(Debug)]
pub struct Touched {
    pub bucket: Arc<OpenBucket>,
    /// The open bucket that viewers hold, of the same series: this one, or the one before it; `None` if there is none.
    pub before: Option<Arc<OpenBucket>>,
    /// A later row is in another bucket.
    pub is_closed: bool,
}

/// What a frame changes in one group, once it has its number.
#[derive(Debug)]
pub enum GroupChange {
    /// The open bucket is this.
    Open(Arc<OpenBucket>),
    /// These rows are added. The frame was not encoded.
    Rows(Vec<OpenBucket>),
    /// The group is not tracked from here on.
    Untrack,
}

impl TrackedGroups {
    pub fn get(&self, group: GroupId) -> Option<&Tracked> {
        self.groups.get(&group)
    }

    pub fn set(&mut self, group: GroupId, tracked: Tracked) {
        self.groups.insert(group, tracked);
    }

    /// Tracks a group no longer: other series of it are selected.
    pub fn forget(&mut self, group: GroupId) {
        self.groups.remove(&group);
        self.forgotten += 1;
    }

    /// A number that rises when a group is forgotten. While it stays, groups that were tracked are.
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The open buckets of all groups that are sent as summaries.
    pub fn open(&self) -> Vec<(GroupId, Arc<OpenBucket>)> {
        let open = |(&group, tracked): (&GroupId, &Tracked)| match tracked {
            Tracked::Buckets { open: Some(open), .. } => Some((group, Arc::clone(open))),
            _ => None,
        };
        let mut all: Vec<_> = self.groups.iter().filter_map(open).collect();
        all.sort_unstable_by_key(|(group, _)| *group);
        all
    }

    /// Adds the earlier rows of the bucket that is being read, which are those of `read`. Does nothing if it is not read any more, or anew.
    pub fn finish_reading(&mut self, group: GroupId, read: &Reading, earlier: Option<OpenBucket>) {
        let Some(Tracked::Reading(reading)) = self.groups.get(&group) else { return };
        if !Arc::ptr_eq(&reading.parts, &read.parts) {
            return;
        }
        let open = match (earlier, &reading.later) {
            (Some(mut earlier), Some(later)) => {
                earlier.add(later);
                Some(Arc::new(earlier))
            }
            (earlier, later) => earlier.map(Arc::new).or_else(|| later.clone()),
        };
        let (step, skipped) = (reading.step, (!reading.is_whole).then_some(reading.start));
        let open = open.filter(|open| Some(open.start) != skipped);
        self.groups.insert(group, Tracked::Buckets { step, open, skipped });
    }

    /// Records what a frame changed.
    pub fn commit(&mut self, changes: Vec<(GroupId, GroupChange)>) {
        for (group, change) in changes {
            match (self.groups.get_mut(&group), change) {
                (Some(Tracked::Buckets { open, .. }), GroupChange::Open(bucket)) => *open = Some(bucket),
                (Some(Tracked::Buckets { open, skipped, .. }), GroupChange::Rows(mut rows)) => {
                    rows.retain(|bucket| Some(bucket.start) != *skipped);
                    *open = advance(open.as_ref(), rows).pop().map(|last| last.bucket).or_else(|| open.take());
                }
                (Some(Tracked::Reading(reading)), GroupChange::Rows(rows)) => {
                    let step = reading.step;
                    for bucket in rows {
                        if bucket.start == reading.start {
                            let later = reading.later.get_or_insert_with(|| {
                                Arc::new(OpenBucket::new(bucket.start, bucket.step, bucket.newest))
                            });
                            Arc::make_mut(later).add(&bucket);
                        } else {
                            // Every row of it has arrived since.
                            *reading = Reading::new(step, bucket.start, Arc::default(), true);
                            reading.later = Some(Arc::new(bucket));
                        }
                    }
                }
                (_, GroupChange::Untrack) => self.forget(group),
                _ => {}
            }
        }
    }
}

/// Adds rows to the open bucket of a group. Returns the buckets that change, of which the last is open.
pub fn advance(open: Option<&Arc<OpenBucket>>, rows: Vec<OpenBucket>) -> Vec<Touched> {
    let mut touched: Vec<Touched> = Vec::with_capacity(rows.len() + 1);
    let mut open = open.cloned();
    for part in rows {
        match open.take() {
            Some(before) if before.start == part.start => {
                let mut bucket = OpenBucket::clone(&before);
                bucket.add(&part);
                let is_known = bucket.series() == before.series();
                touched.push(Touched {
                    bucket: Arc::new(bucket),
                    before: is_known.then_some(before),
                    is_closed: false,
                });
            }
            before => {
                // An earlier bucket follows if the clock was set back. It replaces the others.
                let open_before = before.filter(|before| before.start < part.start);
                if let Some(before) = open_before.clone() {
                    if let Some(last) = touched.last_mut() {
                        last.is_closed = true;
                    } else {
                        let bucket = Arc::clone(&before);
                        touched.push(Touched { bucket, before: Some(before), is_closed: true });
                    }
                }
                let before = open_before.filter(|before| before.series() == part.series());
                touched.push(Touched { bucket: Arc::new(part), before, is_closed: false });
            }
        }
        open = touched.last().map(|last| Arc::clone(&last.bucket));
    }
    touched
}

/// Returns true if a bucket has too many series to be sent.
pub fn is_too_wide(touched: &[Touched]) -> bool {
    touched.iter().any(|touched| touched.bucket.series().len() > MAX_SERIES)
}
