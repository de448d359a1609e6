//! The effect of buckets: their history, and updates of the newest ones.

use protocol::{BucketUpdates, Interval, Summaries};

use super::Store;
use crate::store::position::Overlap;

impl Store {
    /// Takes a part of a history of summaries.
    pub(super) fn summaries(&mut self, summaries: &Summaries<'_>) -> Overlap {
        let mut overlap = Overlap::None;
        for block in &summaries.blocks {
            let place = self.places.get(&block.group).copied().filter(|_| block.step > Interval::ZERO);
            let Some(place) = place else {
                self.counts.unknown += 1;
                continue;
            };
            let mut times = block.times.iter();
            let Some(first) = times.next() else { continue };
            if self.groups[place].step() != block.step {
                self.hold(place, block.step);
            }
            let group = &mut self.groups[place];
            if group.begin_history() {
                let newest = group.rows().next_back().map(|row| group.time(row));
                if newest > Some(times.last().unwrap_or(first)) {
                    overlap = Overlap::Replaced;
                }
                group.truncate_from(first);
            }
            let (stored, unknown) = group.take_buckets(&block, &mut self.fields);
            self.counts.samples += stored;
            self.counts.unknown += unknown;
        }
        // They begin buckets, so that nothing before them can be missing.
        let _are_applied = self.updates(&summaries.open);
        overlap
    }

    /// Applies the updates of a frame. Returns false if one of them changes a bucket that was not begun: frames are missing.
    ///
    /// Hot: once a frame with updates; the loop once a group.
    pub(super) fn updates(&mut self, updates: &BucketUpdates<'_>) -> bool {
        if updates.is_empty() {
            return true;
        }
        self.only_late = Some(false);
        let mut are_applied = true;
        for update in updates {
            let Some(&place) = self.places.get(&update.group) else {
                self.counts.unknown += update.series as u64;
                continue;
            };
            let shape = update.begins.and_then(|begins| begins.shape);
            if let Some(shape) = shape.filter(|shape| shape.step != self.groups[place].step()) {
                self.hold(place, shape.step);
            }
            if let Ok((stored, unknown)) = self.groups[place].update_bucket(&update) {
                self.counts.samples += stored;
                self.counts.unknown += unknown;
            } else {
                are_applied = false;
            }
        }
        are_applied
    }

    /// Makes a group hold buckets of this length, or rows for 0, because such have arrived. Everything else that it held is dropped.
    pub(super) fn hold(&mut self, place: usize, step: Interval) {
        self.groups[place].hold(step);
        self.fit_memory();
    }
}
