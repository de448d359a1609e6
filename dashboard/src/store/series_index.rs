//! Finds the series of a group: by id within an epoch, by key across epochs.

use std::collections::HashMap;

use protocol::{SeriesDescriptor, SeriesId};

use super::series::Series;
use super::sorted::sorted;

/// Places of the series of one group.
#[derive(Debug, Default)]
pub(super) struct SeriesIndex {
    ids: HashMap<SeriesId, usize>,
    keys: HashMap<Key, usize>,
}

/// Identifies a series of a group in every epoch: its labels in any order, or its name if it has none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key(Vec<(String, String)>);

impl Key {
    fn new(name: &str, labels: Vec<(String, String)>) -> Self {
        let mut labels = sorted(labels);
        if labels.is_empty() {
            // No label has an empty name.
            labels.push((String::new(), name.to_owned()));
        }
        Self(labels)
    }

    fn of(series: &Series) -> Self {
        Self::new(&series.name, series.labels.clone())
    }
}

impl SeriesIndex {
    pub(super) fn new(series: &[Series]) -> Self {
        let mut index = Self::default();
        series.iter().enumerate().for_each(|(place, series)| index.insert(place, series));
        index
    }

    /// Hot: once per column that does not follow the previous column of the group.
    pub(super) fn find(&self, id: SeriesId) -> Option<usize> {
        self.ids.get(&id).copied()
    }

    /// The place of the series with that id or, if the id is new, with that key. Two series may have the same name.
    pub(super) fn place_of(&self, descriptor: &SeriesDescriptor<'_>) -> Option<usize> {
        self.find(descriptor.id).or_else(|| {
            let key = Key::new(descriptor.name, super::series::labels_of(descriptor));
            self.keys.get(&key).copied()
        })
    }

    pub(super) fn insert(&mut self, place: usize, series: &Series) {
        self.keys.insert(Key::of(series), place);
        self.ids.extend(series.id.map(|id| (id, place)));
    }

    /// Removes the series at `place`, whose description or id is about to change. Another series may have taken its key.
    pub(super) fn remove(&mut self, place: usize, series: &Series) {
        let key = Key::of(series);
        if self.keys.get(&key) == Some(&place) {
            self.keys.remove(&key);
        }
        if let Some(id) = series.id {
            self.ids.remove(&id);
        }
    }

    pub(super) fn remove_id(&mut self, id: SeriesId) -> Option<usize> {
        self.ids.remove(&id)
    }

    /// Removes every id: a new epoch assigns new ones.
    pub(super) fn forget_ids(&mut self) {
        self.ids.clear();
    }
}
