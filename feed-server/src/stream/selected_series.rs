//! A set of series, by group.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use protocol::{GroupId, SeriesId};

use crate::ingest::batch::BatchSlice;

/// The default has no series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectedSeries {
    /// Also those that the catalog gets later.
    Everything,
    Of(BTreeMap<GroupId, Columns>),
}

/// The selected series of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    All,
    /// At least one, in rising order.
    Of(Arc<Vec<SeriesId>>),
}

impl Default for SelectedSeries {
    fn default() -> Self {
        Self::Of(BTreeMap::new())
    }
}

impl SelectedSeries {
    /// All series of these groups.
    pub fn of_groups(groups: &[GroupId]) -> Self {
        Self::Of(groups.iter().map(|&group| (group, Columns::All)).collect())
    }

    /// Adds a series. Returns false if it had it.
    pub fn insert(&mut self, group: GroupId, series: SeriesId) -> bool {
        let Self::Of(groups) = self else { return false };
        match groups.entry(group) {
            Entry::Vacant(place) => {
                place.insert(Columns::Of(Arc::new(vec![series])));
                true
            }
            Entry::Occupied(mut columns) => columns.get_mut().insert(series),
        }
    }

    /// Adds all series of another set.
    pub fn extend(&mut self, other: &Self) {
        let Self::Of(others) = other else {
            *self = Self::Everything;
            return;
        };
        let Self::Of(groups) = self else { return };
        for (&group, columns) in others {
            match groups.entry(group) {
                Entry::Vacant(place) => {
                    place.insert(columns.clone());
                }
                Entry::Occupied(mut held) => match columns {
                    Columns::All => *held.get_mut() = Columns::All,
                    Columns::Of(series) => series.iter().for_each(|&series| {
                        held.get_mut().insert(series);
                    }),
                },
            }
        }
    }

    /// Returns true if it has one of these series, which rise, by its id.
    pub fn has_any(&self, ids: &[SeriesId]) -> bool {
        let has_any = |columns: &Columns| match columns {
            Columns::All => false,
            Columns::Of(series) => series.iter().any(|id| ids.binary_search(id).is_ok()),
        };
        self.groups().is_some_and(|groups| groups.values().any(has_any))
    }

    /// Removes series that are no longer in the catalog, which rise.
    pub fn remove(&mut self, retired: &[SeriesId]) {
        let Self::Of(groups) = self else { return };
        for columns in groups.values_mut() {
            if let Columns::Of(series) = columns
                && series.iter().any(|id| retired.binary_search(id).is_ok())
            {
                Arc::make_mut(series).retain(|id| retired.binary_search(id).is_err());
            }
        }
        groups.retain(|_, columns| !matches!(columns, Columns::Of(series) if series.is_empty()));
    }

    /// The selected series of a group; `None` if it has none.
    pub fn of_group(&self, group: GroupId) -> Option<&Columns> {
        match self {
            Self::Everything => Some(&Columns::All),
            Self::Of(groups) => groups.get(&group),
        }
    }

    /// Returns true if it has every series of `other`, also those that come later.
    pub fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everything, _) => true,
            (Self::Of(_), Self::Everything) => false,
            (Self::Of(groups), Self::Of(others)) => {
                others.iter().all(|(group, columns)| groups.get(group).is_some_and(|held| held.includes(columns)))
            }
        }
    }

    /// The selected columns of each group; `None` for everything.
    pub const fn groups(&self) -> Option<&BTreeMap<GroupId, Columns>> {
        match self {
            Self::Everything => None,
            Self::Of(groups) => Some(groups),
        }
    }
}

impl Columns {
    /// Returns false if it had the series.
    fn insert(&mut self, series: SeriesId) -> bool {
        if let Self::Of(held) = self
            && let Err(place) = held.binary_search(&series)
        {
            Arc::make_mut(held).insert(place, series);
            return true;
        }
        false
    }

    /// Returns true if it has every series of `other`.
    pub fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Of(_), Self::All) => false,
            (Self::Of(held), Self::Of(series)) => series.iter().all(|series| held.binary_search(series).is_ok()),
        }
    }

    /// The series of both; `None` if there are none.
    pub fn of(&self, other: &Self) -> Option<Self> {
        let (Self::Of(held), Self::Of(series)) = (self, other) else {
            return Some(if *self == Self::All { other.clone() } else { self.clone() });
        };
        let both: Vec<_> = series.iter().filter(|series| held.binary_search(series).is_ok()).copied().collect();
        (!both.is_empty()).then(|| Self::Of(Arc::new(both)))
    }

    /// Returns true if some rows have a selected column. All are selected also of rows without columns.
    pub fn has_any(&self, rows: &BatchSlice<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Of(series) => rows.columns().any(|(column, _)| series.binary_search(&column).is_ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(series: &[(u32, u32)]) -> SelectedSeries {
        let mut selected = SelectedSeries::default();
        for &(group, series) in series {
            selected.insert(GroupId(group), SeriesId(series));
        }
        selected
    }

    #[test]
    fn a_set_includes_the_series_that_were_inserted_in_any_order() {
        let set = of(&[(1, 7), (1, 3), (2, 5), (1, 3)]);
        assert_eq!(set.of_group(GroupId(1)), Some(&Columns::Of(Arc::new(vec![SeriesId(3), SeriesId(7)]))));
        assert_eq!(set.of_group(GroupId(3)), None);
        assert!(set.includes(&of(&[(1, 3), (2, 5)])) && !set.includes(&of(&[(1, 4)])));
        let groups = SelectedSeries::of_groups(&[GroupId(1), GroupId(2)]);
        assert!(groups.includes(&set) && !set.includes(&groups) && SelectedSeries::Everything.includes(&groups));
        assert!(!groups.includes(&SelectedSeries::Everything));
        assert!(set.includes(&SelectedSeries::default()));
    }

    #[test]
    fn retired_series_leave_a_set_and_a_union_has_the_series_of_both() {
        let mut set = of(&[(1, 3), (1, 7), (2, 5)]);
        set.remove(&[SeriesId(5), SeriesId(7)]);
        assert_eq!(set, of(&[(1, 3)]));
        set.extend(&of(&[(1, 9), (4, 1)]));
        assert_eq!(set, of(&[(1, 3), (1, 9), (4, 1)]));
        set.extend(&SelectedSeries::of_groups(&[GroupId(1)]));
        assert_eq!(set.of_group(GroupId(1)), Some(&Columns::All));
        set.extend(&SelectedSeries::Everything);
        assert_eq!(set, SelectedSeries::Everything);
    }
}
