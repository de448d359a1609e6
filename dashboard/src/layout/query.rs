//! Queries: the rows that a panel shows.

use series::{Selector, Transform};

use crate::store::{Derivation, Group, selects};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub selector: Selector,
    /// `None` shows the measured values.
    pub transform: Option<Transform>,
}

impl Query {
    /// The measured values of all series of the group with this name.
    pub fn of_group(name: &str) -> Self {
        Self { selector: Selector::group(name), transform: None }
    }

    /// Returns true if at least one series of the group is selected.
    pub fn matches(&self, group: &Group) -> bool {
        self.selector.matches_group(&group.name)
            && (0..group.series().len()).any(|place| selects(&self.selector, group, place))
    }

    /// The derived group that shows this query of a matching group; `None` if the group itself does.
    pub fn derivation(&self, group: &Group) -> Option<Derivation> {
        let mut places = 0..group.series().len();
        let is_whole = self.selector.whole_group() == Some(&group.name)
            || places.all(|place| selects(&self.selector, group, place));
        let selector = (!is_whole).then(|| self.selector.clone());
        (selector.is_some() || self.transform.is_some()).then_some(Derivation { selector, transform: self.transform })
    }
}
