//! Matches the panels of a layout with the groups of a store.

use std::collections::HashMap;

use series::Selector;

use super::panel_spec::PanelSpec;
use crate::store::Group;

/// The panels of the page, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    pub panels: Vec<PanelSpec>,
}

/// A panel and the group that it shows.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedPanel {
    pub spec: PanelSpec,
    /// Place of the first group, in catalog order, of which a series is selected.
    pub group: usize,
    /// Further groups with selected series, which the panel does not show.
    pub hidden_groups: usize,
}

impl Layout {
    /// The default layout of a catalog: one panel per group, by prominence, rank and place in the catalog.
    pub fn of_catalog(groups: &[Group]) -> Self {
        let place = |group: &Group| (group.prominence, group.rank);
        let mut ordered: Vec<&Group> = Vec::with_capacity(groups.len());
        for group in groups {
            // Most catalogs are in this order already. As below, a sort would be 5 KB of the page.
            let at = ordered.partition_point(|before| place(before) <= place(group));
            ordered.insert(at, group);
        }
        Self { panels: ordered.into_iter().map(PanelSpec::of_group).collect() }
    }

    /// Replaces the panels that have the same selector as one of `specs`, and appends the other `specs`. A selector that is
    /// written like the name of one of `groups`, such as `a/b`, selects that group.
    #[must_use]
    pub fn with<'a>(mut self, specs: impl IntoIterator<Item = &'a PanelSpec>, groups: &[Group]) -> Self {
        for spec in specs {
            let mut spec = spec.clone();
            let mut place = self.place_of(&spec.query.selector);
            if place.is_none()
                && let Some(group) = groups.iter().find(|group| group.name.parse().as_ref() == Ok(&spec.query.selector))
            {
                spec.query.selector = Selector::group(&group.name);
                place = self.place_of(&spec.query.selector);
            }
            match place {
                Some(place) => self.panels[place] = spec,
                None => self.panels.push(spec),
            }
        }
        self
    }

    fn place_of(&self, selector: &Selector) -> Option<usize> {
        self.panels.iter().position(|panel| panel.query.selector == *selector)
    }

    /// The panels that select at least one series, and those of whole groups, in the order of their places.
    pub fn place(self, groups: &[Group]) -> Vec<PlacedPanel> {
        let by_name: HashMap<&str, usize> =
            groups.iter().enumerate().map(|(place, group)| (group.name.as_str(), place)).collect();
        let place = |spec: PanelSpec| {
            if let Some(&group) = spec.query.selector.whole_group().and_then(|name| by_name.get(name)) {
                return Some(PlacedPanel { spec, group, hidden_groups: 0 });
            }
            let mut matching = groups.iter().enumerate().filter(|(_, group)| spec.query.matches(group));
            let (group, _) = matching.next()?;
            let hidden_groups = matching.count();
            Some(PlacedPanel { spec, group, hidden_groups })
        };
        let mut placed: Vec<PlacedPanel> = Vec::with_capacity(self.panels.len());
        for panel in self.panels.into_iter().filter_map(place) {
            // Few panels have a number: the others are appended. A sort would be 5 KB of the page.
            let at = placed.partition_point(|before| before.spec.place <= panel.spec.place);
            placed.insert(at, panel);
        }
        placed
    }
}

#[cfg(test)]
mod tests;
