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

pub mod bucket;
pub mod encoded;
pub mod open_buckets;
pub mod tier;

use std::collections::BTreeMap;

use protocol::{BlockBuffer, EncodeError, GroupId, Interval, Timestamp};

use crate::stream::group_history::Arrival;
use crate::stream::slab::Slab;
use crate::stream::summaries::bucket::SeriesSummary;
use crate::stream::summaries::open_buckets::OpenBuckets;
use crate::stream::summaries::tier::{Tier, TierBounds};

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
            && let Some((oldest, newest)) = rows.oldest().zip(rows.newest())
        {
            if open.newest().is_some_and(|before| before >= oldest) {
                // The clock was set back.
                open.clear();
                self.tiers.iter_mut().for_each(|tier| tier.drop_from(group, oldest));
            }
            open.set_newest(newest);
        }
        open.add(rows);
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
        let oldest = self.tiers.last().map_or(now, |tier| now - tier.bounds().keep);
        self.open.retain(|_, open| open.newest().is_none_or(|newest| newest >= oldest));
    }

    /// The closed buckets of a group in the tier of `step` that begin at `from` or later and before `to`, oldest first. A series
    /// without a finite value in a bucket is left out.
    pub fn read(
        &self,
        group: GroupId,
        step: Interval,
        from: Timestamp,
        to: Timestamp,
    ) -> Vec<(Timestamp, Vec<SeriesSummary>)> {
        let tier = self.tiers.iter().find(|tier| tier.bounds().step == step);
        tier.map_or_else(Vec::new, |tier| tier.read(group, from, to))
    }
}

#[cfg(test)]
mod tests;
