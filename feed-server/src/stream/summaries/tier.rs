//! The closed buckets of all groups in one tier, with its bounds.

use std::ops::Range;

use protocol::limits::MAX_GROUP_SERIES;
use protocol::{BlockBuffer, EncodeError, GroupId, Interval, Sequence, SeriesId, Timestamp};

use crate::stream::bounded_groups::{Bounded, BoundedGroups};
use crate::stream::segment::{MemoryStore, Place, Segment, SegmentStore};
use crate::stream::slab::most_rows;
use crate::stream::summaries::bucket::{Bucket, SeriesSummary};
use crate::stream::summaries::encoded::EncodedSummaries;
use crate::stream::summaries::open_buckets::{ClosedBucket, bucket_of};
use crate::stream::summaries::tier_parts::TierParts;

/// Buckets of a segment.
const MAX_BUCKETS: usize = 128;
/// A group's buckets are encoded when they are this part of those that it holds: not encoded, they take several times the memory.
const SEGMENTS_PER_GROUP: u64 = 8;
const MIN_BUCKETS: usize = 8;

/// Bytes of a group without buckets, with its places in the maps of the tier.
const GROUP_BYTES: usize = size_of::<TierGroup>() + 128;

/// The step of a tier, and its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierBounds {
    /// The length of a bucket.
    pub step: Interval,
    /// A bound on the age of buckets.
    pub keep: Interval,
    /// A bound on their memory.
    pub bytes: usize,
}

#[derive(Debug)]
pub struct Tier {
    bounds: TierBounds,
    groups: BoundedGroups<TierGroup>,
}

/// The closed buckets of one group.
#[derive(Debug, Default)]
struct TierGroup {
    sealed: MemoryStore<EncodedSummaries>,
    /// The newest buckets, which are not encoded.
    newest: Vec<ClosedBucket>,
    newest_bytes: usize,
    end_row: u64,
    has_evicted: bool,
}

impl Tier {
    pub fn new(bounds: TierBounds) -> Self {
        Self { bounds, groups: BoundedGroups::default() }
    }

    pub const fn bounds(&self) -> TierBounds {
        self.bounds
    }

    #[cfg(test)]
    pub(super) const fn set_bounds(&mut self, bounds: TierBounds) {
        self.bounds = bounds;
    }

    /// Bytes of memory.
    pub const fn bytes(&self) -> usize {
        self.groups.bytes()
    }

    /// Appends a bucket. One that is not later than the group's last is dropped: its rows are late rows from before the restart of their group.
    ///
    /// # Errors
    /// If buckets cannot be encoded, which is a defect.
    pub fn push(
        &mut self,
        group: GroupId,
        mut bucket: ClosedBucket,
        buffer: &mut BlockBuffer,
    ) -> Result<(), EncodeError> {
        // Series come and go within a bucket.
        bucket.series.truncate(MAX_GROUP_SERIES);
        self.groups.change(group, TierGroup::default, |held| held.push(group, bucket, buffer))
    }

    /// Drops the bucket of `time` of a group and later ones, because the clock was set back to it.
    pub fn drop_from(&mut self, group: GroupId, time: Timestamp) {
        let bucket = bucket_of(time, self.bounds.step);
        self.groups.change_held(group, |held| held.drop_from(bucket));
    }

    pub fn evict(&mut self, now: Timestamp) {
        self.groups.evict_before(now - self.bounds.keep, |_| {});
        self.groups.evict_to(self.bounds.bytes, |_| {});
    }

    /// The time from which it has every value of a group, besides those of buckets that are not closed; `None` if it has all that there were.
    pub fn complete_from(&self, group: GroupId) -> Option<Timestamp> {
        let held = self.groups.get(group)?;
        held.has_evicted.then(|| held.oldest().unwrap_or(Timestamp::MAX))
    }

    /// Adds the closed buckets of some series of a group, which rise, that may be in a range.
    pub fn add_parts(&self, group: GroupId, range: &Range<Timestamp>, series: &[SeriesId], parts: &mut TierParts) {
        let Some(held) = self.groups.get(group) else { return };
        let sealed = held.sealed.from(Place::Since(range.start)).take_while(|segment| segment.oldest < range.end);
        parts.sealed.extend(sealed.map(|segment| segment.content.clone()));
        for bucket in held.newest.iter().filter(|bucket| range.contains(&bucket.start)) {
            let selected = bucket.series.iter().filter(|of| series.binary_search(&of.series).is_ok());
            let selected = selected.map(|of| (bucket.start, of.series, Bucket::at(bucket.start, &of.summary)));
            parts.newest.extend(selected);
        }
    }
}

impl TierGroup {
    /// The start of the oldest bucket.
    fn oldest(&self) -> Option<Timestamp> {
        let newest = || self.newest.first().map(|bucket| bucket.start);
        self.sealed.first().map(|segment| segment.oldest).or_else(newest)
    }

    fn push(&mut self, group: GroupId, bucket: ClosedBucket, buffer: &mut BlockBuffer) -> Result<(), EncodeError> {
        let sealed = || self.sealed.last().map(|segment| segment.newest);
        if self.newest.last().map(|last| last.start).or_else(sealed).is_some_and(|last| bucket.start <= last) {
            return Ok(());
        }
        let widest = self.newest.iter().map(|bucket| bucket.series.len()).max().unwrap_or(0).max(bucket.series.len());
        let first_row = self.sealed.first().map_or(self.end_row, |segment| segment.rows.start);
        let part = ((self.end_row - first_row) / SEGMENTS_PER_GROUP) as usize;
        let room = part.clamp(MIN_BUCKETS, MAX_BUCKETS).min(most_rows(widest));
        let sealed = if self.newest.len() >= room { self.seal(group, buffer) } else { Ok(()) };
        self.newest_bytes += bytes_of(&bucket);
        self.newest.push(bucket);
        sealed
    }

    fn seal(&mut self, group: GroupId, buffer: &mut BlockBuffer) -> Result<(), EncodeError> {
        let buckets = std::mem::take(&mut self.newest);
        self.newest_bytes = 0;
        let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else { return Ok(()) };
        let rows = self.end_row..self.end_row + buckets.len() as u64;
        let content = EncodedSummaries::encode(group, &buckets, buffer)?;
        self.end_row = rows.end;
        let (oldest, newest, last_sequence) = (first.start, last.start, Sequence(0));
        self.sealed.push(Segment { rows, oldest, newest, last_sequence, content });
        Ok(())
    }

    fn drop_from(&mut self, time: Timestamp) {
        let mut kept = MemoryStore::default();
        let mut newest = Vec::new();
        while let Some(segment) = self.sealed.pop_first() {
            if segment.newest < time {
                kept.push(segment);
            } else if segment.oldest < time {
                newest = segment.content.decode();
                self.end_row = segment.rows.start;
            }
        }
        self.sealed = kept;
        newest.append(&mut self.newest);
        self.newest = newest;
        self.newest.retain(|bucket| bucket.start < time);
        self.newest_bytes = self.newest.iter().map(bytes_of).sum();
    }
}

impl Bounded for TierGroup {
    fn bytes(&self) -> usize {
        GROUP_BYTES + self.sealed.heap_bytes() + self.newest_bytes
    }

    fn expires(&self) -> Option<Timestamp> {
        let newest = || self.newest.last().map(|bucket| bucket.start);
        self.sealed.first().map(|segment| segment.newest).or_else(newest)
    }

    fn evict_before(&mut self, time: Timestamp) -> Option<Sequence> {
        let mut evicted = None;
        while self.expires().is_some_and(|newest| newest < time) {
            evicted = self.evict_first();
        }
        evicted
    }

    fn evict_first(&mut self) -> Option<Sequence> {
        self.has_evicted = true;
        if let Some(segment) = self.sealed.pop_first() {
            return Some(segment.last_sequence);
        }
        self.newest_bytes = 0;
        (!std::mem::take(&mut self.newest).is_empty()).then_some(Sequence(0))
    }
}

fn bytes_of(bucket: &ClosedBucket) -> usize {
    size_of::<ClosedBucket>() + bucket.series.capacity() * size_of::<SeriesSummary>()
}
