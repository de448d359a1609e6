//! The effect of rows: live ones and history.

use protocol::{BlockMode, Blocks, Interval, SampleList};

use super::{Source, Store};
use crate::store::position::Overlap;

impl Store {
    /// Merges short rows.
    pub(super) fn samples(&mut self, list: &SampleList<'_>) {
        let mut locator = std::mem::take(&mut self.locator);
        self.counts.unknown += locator.locate(list, &self.groups);
        for samples in locator.by_group() {
            let place = samples[0].group;
            if self.groups[place].holds_buckets() {
                self.hold(place, Interval::ZERO);
            }
            let group = &mut self.groups[place];
            if group.newest().is_some_and(|newest| samples[0].time <= newest) {
                self.only_late.get_or_insert(true);
                group.merge_late_samples(samples);
            } else {
                self.only_late = Some(false);
                samples.chunk_by(|one, other| one.time == other.time).for_each(|row| group.append_row(row));
            }
            self.counts.samples += samples.len() as u64;
        }
        self.locator = locator;
    }

    pub(super) fn blocks(&mut self, blocks: &Blocks<'_>, source: Source) -> Overlap {
        let mut overlap = Overlap::None;
        for block in blocks {
            let Some(&place) = self.places.get(&block.group) else {
                self.counts.unknown += 1;
                continue;
            };
            let Some(first) = block.times.iter().next() else { continue };
            if self.groups[place].holds_buckets() {
                self.hold(place, Interval::ZERO);
            }
            let group = &mut self.groups[place];
            self.only_late = Some(block.mode == BlockMode::Late && self.only_late != Some(false));
            let begins_history = source == Source::History && group.begin_history();
            let (stored, unknown) = match block.mode {
                // Later rows follow, so that those of an incomplete history need not be merged, one block after another. Late
                // rows that are held do not follow.
                BlockMode::Merge if begins_history && !group.has_late_rows() => {
                    if group.newest() > block.times.iter().last() {
                        overlap = Overlap::Replaced;
                    }
                    group.truncate_from(first);
                    group.append(&block)
                }
                BlockMode::Merge if group.newest().is_some_and(|newest| first <= newest) => group.merge(&block),
                BlockMode::Merge => group.append(&block),
                BlockMode::Late => group.merge_late(&block),
                BlockMode::Replace => {
                    if group.truncate_from(first) {
                        overlap = Overlap::Replaced;
                    } else if begins_history && group.break_line() {
                        // The server does not know what the page holds, so it declares no gap.
                        self.counts.gaps += 1;
                    }
                    group.append(&block)
                }
            };
            self.counts.samples += stored;
            self.counts.unknown += unknown;
        }
        overlap
    }
}
