//! The selection of a request.

use protocol::{GroupId, SeriesId};
use series::Selector;

/// What selects series.
#[derive(Clone, Debug, PartialEq)]
pub enum SelectedBy {
    Selector(Selector),
    /// In rising order.
    Ids(Vec<SeriesId>),
    /// In rising order.
    Groups(Vec<GroupId>),
}

impl SelectedBy {
    /// The number of patterns that are compared with a series.
    pub fn patterns(&self) -> usize {
        match self {
            Self::Selector(selector) => selector.size(),
            Self::Ids(_) | Self::Groups(_) => 0,
        }
    }

    /// Returns true if it selects every series that a catalog can have.
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::Selector(selector) if selector.to_string() == "*")
    }

    /// Selects nothing by ids: they are of another epoch.
    pub fn forget_ids(&mut self) {
        match self {
            Self::Selector(_) => {}
            Self::Ids(ids) => ids.clear(),
            Self::Groups(groups) => groups.clear(),
        }
    }

    /// Returns true if it selects a series.
    pub fn selects(&self, group: GroupId, id: SeriesId, matches: impl FnOnce(&Selector) -> bool) -> bool {
        match self {
            Self::Selector(selector) => matches(selector),
            Self::Ids(ids) => ids.binary_search(&id).is_ok(),
            Self::Groups(groups) => groups.binary_search(&group).is_ok(),
        }
    }
}
