//! The series of a group: which there are, and where.

use protocol::{SeriesDescriptor, SeriesId};

use super::Group;
use crate::store::series::Series;
use crate::store::series_index::SeriesIndex;

impl Group {
    pub fn find(&self, id: SeriesId) -> Option<usize> {
        self.index.find(id)
    }

    /// The place of the series with a [number](Series::number).
    pub fn place_of_number(&self, number: usize) -> Option<usize> {
        self.series.binary_search_by_key(&number, |series| series.number).ok()
    }

    /// The place of a series of a list, which usually has the order of the series: the place `next`, after that of the last one, is tried first.
    pub(super) fn place_of(&self, id: SeriesId, next: &mut usize) -> Option<usize> {
        let is_next = self.series.get(*next).is_some_and(|series| series.id == Some(id));
        let place = if is_next { *next } else { self.find(id)? };
        *next = place + 1;
        Some(place)
    }

    pub(in crate::store) fn holds(&self, descriptor: &SeriesDescriptor<'_>) -> bool {
        self.index.place_of(descriptor).is_some()
    }

    /// Adds a series, or updates the description of the known one.
    pub(in crate::store) fn admit(&mut self, descriptor: &SeriesDescriptor<'_>) {
        let place = self.index.place_of(descriptor).unwrap_or(self.series.len());
        if let Some(series) = self.series.get_mut(place) {
            self.index.remove(place, series);
            self.descriptions += u64::from(series.describe(descriptor));
        } else {
            let (number, content) = (self.next_number, self.content());
            self.series.push(Series::new(descriptor, number, content, self.capacity(), self.rows.start));
            self.next_number += 1;
            self.descriptions += 1;
        }
        self.index.insert(place, &self.series[place]);
    }

    /// Adds a computed series, which no catalog describes. Two may have the same name. Its number must be above that of the last one.
    pub(in crate::store) fn add_computed(&mut self, name: &str, number: usize) {
        self.series.push(Series::computed(name, number, self.capacity(), self.rows.start));
        self.next_number = number + 1;
        self.descriptions += 1;
    }

    /// Drops every id: a new epoch assigns new ones.
    pub(in crate::store) fn forget_ids(&mut self) {
        self.index.forget_ids();
        self.series.iter_mut().for_each(|series| series.id = None);
    }

    /// Ends a series. Its rows stay until [`prune`](Self::prune) drops it.
    pub(in crate::store) fn end(&mut self, id: SeriesId) {
        if let Some(place) = self.index.remove_id(id) {
            self.series[place].id = None;
        }
    }

    /// Drops series that have ended and have no value from row `oldest` on. Returns their number.
    pub(in crate::store) fn prune(&mut self, oldest: u64) -> usize {
        let stays = |series: &Series| series.id.is_some() || series.last_present() > oldest;
        let kept: Vec<bool> = self.series.iter().map(stays).collect();
        self.series.retain(stays);
        let pruned = kept.len() - self.series.len();
        if pruned > 0 {
            self.past.retain_series(&kept);
            self.retain_begun(&kept);
            self.generation += 1;
            self.descriptions += 1;
            self.index = SeriesIndex::new(&self.series);
        }
        pruned
    }
}
