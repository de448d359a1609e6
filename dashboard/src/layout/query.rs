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

    /// The measured values of one series, by the names of its group and its own; `None` if they are too long for a selector.
    pub fn of_series(group: &str, name: &str) -> Option<Self> {
        let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('*', "\\*");
        let selector = format!("\"{}\"/\"{}\"", escaped(group), escaped(name)).parse().ok()?;
        Some(Self { selector, transform: None })
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_query_of_a_series_matches_it_and_no_other(group in "\\PC{1,12}", name in "\\PC{1,12}", other in "\\PC{1,12}") {
            let query = Query::of_series(&group, &name).expect("short names");
            prop_assert!(query.selector.matches(&group, &name, []));
            prop_assert!(other == name || !query.selector.matches(&group, &other, []));
            prop_assert!(other == group || !query.selector.matches(&other, &name, []));
        }
    }
}
