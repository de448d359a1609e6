//! The rows of a panel: a group of the store, or a group derived from it.

use protocol::SeriesId;

use crate::layout::PlacedPanel;
use crate::store::{DerivedUse, Group, Store};

#[derive(Debug)]
pub(super) struct PanelSource {
    name: String,
    /// The place of the group with that name at the last binding.
    place: usize,
    derived: Option<DerivedUse>,
}

impl PanelSource {
    /// The rows of a panel's query. A derived group is used until the source is dropped or bound again.
    pub(super) fn bind(panel: &PlacedPanel, store: &mut Store) -> Option<Self> {
        let group = store.groups().get(panel.group)?;
        let name = group.name.clone();
        let derivation = panel.spec.query.derivation(group);
        let derived = derivation.and_then(|derivation| store.derive(panel.group, derivation));
        Some(Self { name, place: panel.group, derived })
    }

    /// The name of the measured group.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn is_derived(&self) -> bool {
        self.derived.is_some()
    }

    pub(super) fn measured<'a>(&self, store: &'a Store) -> Option<&'a Group> {
        let is_named = |group: &&Group| group.name == self.name;
        store.groups().get(self.place).filter(is_named).or_else(|| store.groups().iter().find(is_named))
    }

    /// The group to draw: the derived one, or the measured one if nothing is derived or the derivation failed.
    pub(super) fn shown<'a>(&self, store: &'a Store) -> Option<&'a Group> {
        let derived = self.derived.as_ref().and_then(|used| store.derived(used).ok());
        derived.or_else(|| self.measured(store))
    }

    /// The series that a derived group reads; `None` if nothing is derived.
    pub(super) fn read(&self, store: &Store) -> Option<Vec<SeriesId>> {
        Some(store.read_by(self.derived.as_ref()?))
    }

    /// The error of a failed derivation.
    pub(super) fn error(&self, store: &Store) -> Option<String> {
        store.derived(self.derived.as_ref()?).err().flatten().map(ToString::to_string)
    }
}
