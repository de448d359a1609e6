//! Exact summaries of rows in buckets of time, kept for longer than the rows.
//!
//! A tier has buckets of one step, which begin at multiples of the step since the Unix epoch: they do not depend on how rows were
//! divided into batches or segments. When rows are sealed, they are added to the open buckets of the finest tier. A bucket that can get
//! no more rows is closed: it is kept in its tier, and added to the open bucket of the next.
//!
//! | file | subject |
//! | --- | --- |
//! | [`bucket`] | the summary of one series in one bucket, while rows are added |
//! | [`open_buckets`] | the open buckets of one group |
//! | [`tier`] | the closed buckets of all groups in one tier, with its bounds |
//! | [`encoded`] | closed buckets in columns, encoded |
//! | [`tier_parts`] | what a tier has of some series in a range |

pub mod bucket;
pub mod encoded;
pub mod open_buckets;
pub mod tier;
pub mod tier_parts;

use std::collections::BTreeMap;
use std::ops::Range;

use protocol::{BlockBuffer, EncodeError, GroupId, Interval, SeriesId, Timestamp};

use crate::stream::group_history::Arrival;
use crate::stream::query::resolution::Level;
use crate::stream::slab::Slab;
use crate::stream::summaries::bucket::Bucket;
use crate::stream::summaries::open_buckets::OpenBuckets;
use crate::stream::summaries::tier::{Tier, TierBounds};
use crate::stream::summaries::tier_parts::TierParts;

/// The summaries of all groups.
#[derive(Debug, Default)]
pub struct Summaries {
    /// From the finest to the coarsest.
    tiers: Vec<Tier>,
    open: BTreeMap<GroupId, OpenBuckets>,
    /// Of open buckets of groups that ended.
    cleanup_due: Timestamp,
}

/// Groups that ended are looked for at this interval.
const CLEANUP: Interval = Interval::from_secs(60);

impl Summaries {
    /// Tiers from the finest to the coarsest; each step must be a multiple of the one before.
    pub fn new(tiers: impl IntoIterator<Item = TierBounds>) -> Self {
        let tiers = tiers.into_iter().map(Tier::new).collect();
        Self { tiers, open: BTreeMap::new(), cleanup_due: Timestamp::default() }
    }

    /// The steps of the tiers, from the finest, and the bytes of memory that each takes.
    pub fn bytes(&self) -> impl Iterator<Item = (Interval, usize)> {
        self.tiers.iter().map(|tier| (tier.bounds().step, tier.bytes()))
    }

    /// Drops what is not before `time`, because the clock of a group was set back to it.
    pub fn restart(&mut self, group: GroupId, time: Timestamp) {
        let steps: Vec<Interval> = self.tiers.iter().map(|tier| tier.bounds().step).collect();
        if let Some(open) = self.open.get_mut(&group) {
            open.drop_from(time, &steps);
        }
        self.tiers.iter_mut().for_each(|tier| tier.drop_from(group, time));
    }

    /// Adds rows that are sealed. Rows that come later have times above the newest row in order, less `merge_window`.
    ///
    /// # Errors
    /// If summaries cannot be encoded, which is a defect.
    pub fn add(
        &mut self,
        group: GroupId,
        arrival: Arrival,
        rows: &Slab,
        merge_window: Interval,
        buffer: &mut BlockBuffer,
    ) -> Result<(), EncodeError> {
        let Some(finest) = self.tiers.first() else { return Ok(()) };
        let steps: Vec<Interval> = self.tiers.iter().map(|tier| tier.bounds().step).collect();
        let open = self.open.entry(group).or_insert_with(|| OpenBuckets::new(finest.bounds().step));
        if arrival == Arrival::InOrder
            && let Some(newest) = rows.newest()
        {
            open.set_newest(newest);
        }
        open.add(arrival, rows);
        let Some(complete) = open.newest().map(|newest| newest - merge_window) else { return Ok(()) };
        for (level, tier) in self.tiers.iter_mut().enumerate() {
            for bucket in open.close(level, complete, &steps) {
                tier.push(group, bucket, buffer)?;
            }
        }
        Ok(())
    }

    /// Evicts what exceeds the bounds of its tier.
    pub fn evict(&mut self, now: Timestamp) {
        self.tiers.iter_mut().for_each(|tier| tier.evict(now));
        if now < self.cleanup_due {
            return;
        }
        self.cleanup_due = now + CLEANUP;
        let keep = self.tiers.iter().map(|tier| tier.bounds().keep).max();
        let oldest = keep.map_or(now, |keep| now - keep);
        self.open.retain(|_, open| open.newest().is_none_or(|newest| newest >= oldest));
    }

    /// The tiers, from the finest: the step of each, and the time from which it has every value of the group.
    pub fn levels(&self, group: GroupId) -> impl Iterator<Item = Level> {
        let level = move |tier: &Tier| Level { step: tier.bounds().step, complete_from: tier.complete_from(group) };
        self.tiers.iter().map(level)
    }

    /// What the tier of `step` has of some series of a group in a range. With the rows from its `next_rows` on, these are all values.
    /// `series` must rise.
    pub fn parts(&self, group: GroupId, step: Interval, range: &Range<Timestamp>, series: &[SeriesId]) -> TierParts {
        let mut parts = TierParts::default();
        let level = self.tiers.iter().position(|tier| tier.bounds().step == step);
        let Some((level, tier)) = level.and_then(|level| self.tiers.get(level).map(|tier| (level, tier))) else {
            return parts;
        };
        tier.add_parts(group, range, series, &mut parts);
        if let Some(open) = self.open.get(&group) {
            let is_selected = |(start, id, _): &(Timestamp, SeriesId, Bucket)| {
                range.contains(start) && series.binary_search(id).is_ok()
            };
            parts.newest.extend(open.up_to(level).filter(is_selected));
            parts.next_rows = Arrival::BOTH.map(|arrival| open.next_row(arrival));
        }
        parts
    }
}

#[cfg(test)]
mod tests;
