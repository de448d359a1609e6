//! Finds the places of samples that come one by one, without their groups.

use std::collections::HashMap;

use protocol::{Sample, SampleList, SeriesId};

use super::group::Group;
use super::located::Located;

/// The groups of all series, and the samples of a list with their places.
#[derive(Debug, Default)]
pub(super) struct Locator {
    groups: HashMap<SeriesId, usize>,
    samples: Vec<Located>,
}

impl Locator {
    pub(super) fn insert(&mut self, series: SeriesId, group: usize) {
        self.groups.insert(series, group);
    }

    pub(super) fn remove(&mut self, series: SeriesId) {
        self.groups.remove(&series);
    }

    pub(super) fn clear(&mut self) {
        self.groups.clear();
    }

    /// Records the new place of each group; groups without one have no series.
    pub(super) fn groups_moved(&mut self, to: &[Option<usize>]) {
        self.groups.values_mut().for_each(|place| *place = to[*place].unwrap_or(*place));
    }

    /// Finds the places of the samples of a list. Returns the number of those of unknown series.
    ///
    /// Hot: once a frame; the search once a sample.
    pub(super) fn locate(&mut self, list: &SampleList<'_>, groups: &[Group]) -> u64 {
        self.samples.clear();
        let mut unknown = 0;
        let mut next = (0, 0);
        for Sample { time, series: id, value } in list {
            // Samples usually have the order of the series of a group: the next one is tried first.
            let is_next = |&(group, series): &(usize, usize)| {
                groups
                    .get(group)
                    .and_then(|group| group.series().get(series))
                    .is_some_and(|series| series.id == Some(id))
            };
            let search = || {
                let group = *self.groups.get(&id)?;
                Some((group, groups.get(group)?.find(id)?))
            };
            let Some((group, series)) = Some(next).filter(is_next).or_else(search) else {
                unknown += 1;
                continue;
            };
            self.samples.push(Located { group, time, series, value });
            next = (group, series + 1);
        }
        let order = |located: &Located| (located.group, located.time);
        if !self.samples.is_sorted_by_key(order) {
            self.samples.sort_unstable_by_key(order);
        }
        unknown
    }

    /// The samples that were found, sorted by time, for each group.
    pub(super) fn by_group(&self) -> impl Iterator<Item = &[Located]> {
        self.samples.chunk_by(|one, other| one.group == other.group)
    }
}

#[cfg(test)]
mod tests;
