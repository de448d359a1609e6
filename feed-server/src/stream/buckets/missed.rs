//! The buckets that one viewer misses.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use protocol::{GroupId, Interval, Timestamp};

use super::open_bucket::{OpenBucket, start_of};
use super::tracked::{Tracked, TrackedGroups};
use crate::stream::backfill::Backfill;
use crate::stream::history::History;

/// The buckets that one viewer misses.
#[derive(Debug, Default)]
pub struct MissedBuckets {
    pub closed: VecDeque<MissedGroup>,
    /// Complete up to the position of the viewer's beginning.
    pub open: Vec<(GroupId, Arc<OpenBucket>)>,
}

/// The closed buckets of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissedGroup {
    pub group: GroupId,
    pub step: Interval,
    pub range: Range<Timestamp>,
}

/// A group of the subscription is not tracked, since it got other series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotTracked;

impl MissedBuckets {
    /// Removes the groups that are sent as summaries from a backfill.
    ///
    /// # Errors
    /// [`NotTracked`] if a group was forgotten since their number was `forgotten`, or a group of the backfill is not tracked.
    pub fn take_from(
        backfill: &mut Backfill,
        tracked: &TrackedGroups,
        forgotten: u64,
        history: &History,
    ) -> Result<Self, NotTracked> {
        if tracked.forgotten() != forgotten {
            return Err(NotTracked);
        }
        let mut closed: BTreeMap<GroupId, MissedGroup> = BTreeMap::new();
        for (group, arrival, row) in backfill.take_groups(|group| !matches!(tracked.get(group), Some(Tracked::Rows))) {
            let Some(Tracked::Buckets { step, open, .. }) = tracked.get(group) else { return Err(NotTracked) };
            // Of the bucket that was open at the viewer's position, it misses the sum and the count.
            let Some((held, open)) = history.time_before(group, arrival, row).zip(open.as_ref()) else { continue };
            let start = start_of(held, *step);
            let missed = MissedGroup { group, step: *step, range: start..open.start };
            let held = closed.entry(group).or_insert(missed);
            held.range.start = held.range.start.min(start);
        }
        let closed = closed.into_values().filter(|missed| !missed.range.is_empty()).collect();
        Ok(Self { closed, open: tracked.open() })
    }
}
