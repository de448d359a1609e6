//! The derived groups of a store, shared by their users and counted.

use std::rc::Rc;

use protocol::SeriesId;
use series::transforms::histogram::BadBuckets;

use super::derived::{Derivation, DerivedGroup};
use super::group::Group;

/// One use of a derived group. The store keeps the group up to date until the last use is dropped.
#[derive(Clone, Debug)]
pub struct DerivedUse(Rc<Key>);

#[derive(Debug, PartialEq, Eq)]
struct Key {
    group: String,
    derivation: Derivation,
}

#[derive(Debug, Default)]
pub(super) struct DerivedGroups {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    key: Rc<Key>,
    /// The place of the source at the last update.
    place: usize,
    state: Result<DerivedGroup, Failed>,
}

/// A derivation that was refused; tried again if its source changes.
#[derive(Debug)]
struct Failed {
    error: BadBuckets,
    source: (u64, u64),
}

impl DerivedGroups {
    /// The derived group of that source and derivation: the same one for equal arguments.
    pub(super) fn use_of(&mut self, source: &Group, derivation: Derivation) -> DerivedUse {
        let key = Key { group: source.name.clone(), derivation };
        if let Some(entry) = self.entries.iter().find(|entry| *entry.key == key) {
            return DerivedUse(Rc::clone(&entry.key));
        }
        let state = start(&key.derivation, source);
        let key = Rc::new(key);
        self.entries.push(Entry { key: Rc::clone(&key), place: 0, state });
        DerivedUse(key)
    }

    /// # Errors
    /// If the source has malformed histogram buckets and the transform reads them.
    pub(super) fn get(&self, used: &DerivedUse) -> Result<&Group, Option<&BadBuckets>> {
        let entry = self.entries.iter().find(|entry| Rc::ptr_eq(&entry.key, &used.0)).ok_or(None)?;
        entry.state.as_ref().map(DerivedGroup::group).map_err(|failed| Some(&failed.error))
    }

    /// The series that a derived group reads of its source, one of `groups`.
    pub(super) fn read_by(&self, used: &DerivedUse, groups: &[Group]) -> Vec<SeriesId> {
        let entry = self.entries.iter().find(|entry| Rc::ptr_eq(&entry.key, &used.0));
        let source = entry.and_then(|entry| groups.get(entry.place).filter(|group| group.name == entry.key.group));
        let derived = entry.and_then(|entry| entry.state.as_ref().ok());
        derived.zip(source).map_or_else(Vec::new, |(derived, source)| derived.read(source).collect())
    }

    /// Drops the groups without a use and computes the new rows of the others.
    ///
    /// Hot: once a display frame.
    pub(super) fn update(&mut self, groups: &[Group]) {
        self.entries.retain(|entry| Rc::strong_count(&entry.key) > 1);
        for entry in &mut self.entries {
            if groups.get(entry.place).is_none_or(|group| group.name != entry.key.group) {
                let Some(place) = groups.iter().position(|group| group.name == entry.key.group) else { continue };
                entry.place = place;
            }
            entry.update(&groups[entry.place]);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.entries.iter().filter_map(|entry| entry.state.as_ref().ok()).map(|derived| derived.group().bytes()).sum()
    }

    /// The number of series that are derived from the group of that name.
    pub(super) fn series_of(&self, group: &str) -> usize {
        let of_group = self.entries.iter().filter(|entry| entry.key.group == group);
        of_group.filter_map(|entry| entry.state.as_ref().ok()).map(|derived| derived.group().series().len()).sum()
    }
}

impl Entry {
    fn update(&mut self, source: &Group) {
        let updated = match &mut self.state {
            Ok(derived) => derived.update(source),
            Err(failed) if failed.source == shape(source) => return,
            Err(_) => {
                self.state = start(&self.key.derivation, source);
                return;
            }
        };
        if let Err(error) = updated {
            self.state = Err(Failed { error, source: shape(source) });
        }
    }
}

fn start(derivation: &Derivation, source: &Group) -> Result<DerivedGroup, Failed> {
    let start = || {
        let mut derived = DerivedGroup::new(derivation.clone(), source)?;
        derived.update(source)?;
        Ok(derived)
    };
    start().map_err(|error| Failed { error, source: shape(source) })
}

fn shape(source: &Group) -> (u64, u64) {
    (source.generation(), source.descriptions())
}
