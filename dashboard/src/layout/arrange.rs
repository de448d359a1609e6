//! The default layout of a catalog, and the panels of a layout matched with the groups of a store.

use std::collections::{HashMap, HashSet};

use protocol::Prominence;
use series::Selector;

use super::panel_spec::{PanelSpec, Place};
use super::rows::{Layout, LayoutRow, RowState};
use super::{by_name, host};
use crate::store::Group;

/// A row and its panels, at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedRow {
    pub title: String,
    pub state: RowState,
    pub panels: Vec<PlacedPanel>,
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
    /// The default layout of a catalog: that of the host source, with what it does not know in rows of their own; else one panel per group,
    /// by prominence, rank and place in the catalog. Many details are in a collapsed row.
    pub fn of_catalog(groups: &[Group]) -> Self {
        let of_host = host::layout(groups);
        let has_host = of_host.is_some();
        let mut layout = of_host.unwrap_or_default();
        let known: HashSet<&str> = layout.specs().filter_map(|spec| spec.query.selector.whole_group()).collect();
        let others = ordered(groups).into_iter().filter(|group| !known.contains(group.name.as_str()));
        let (mut details, mut overview): (Vec<&Group>, Vec<&Group>) =
            others.partition(|group| group.prominence == Prominence::Detail);
        if !has_host && !by_name::are_many(details.len()) {
            overview.append(&mut details);
        }
        let is_collapsed = |row: &LayoutRow| row.state == RowState::Collapsed;
        let feed = layout.rows.len().saturating_sub(1);
        if !details.is_empty() {
            let details = details.into_iter().map(PanelSpec::of_group).collect();
            let title = if has_host { "More details" } else { "Details" };
            layout.rows.insert(feed, LayoutRow::of(title, RowState::Collapsed, details));
        }
        let first_collapsed = layout.rows.iter().position(is_collapsed).unwrap_or(feed);
        let overview = by_name::rows(&overview, if has_host { "Other" } else { "" });
        layout.rows.splice(first_collapsed..first_collapsed, overview);
        layout
    }

    fn specs(&self) -> impl Iterator<Item = &PanelSpec> {
        self.rows.iter().flat_map(|row| &row.panels)
    }

    /// Replaces the panels that have the same selector as one of `specs`, and appends the other `specs`: to the only row, or in one of their
    /// own before all others. Panels with a number come there too. A selector that is written like the name of one of `groups`, such as
    /// `a/b`, selects that group.
    #[must_use]
    pub fn with<'a>(mut self, specs: impl IntoIterator<Item = &'a PanelSpec>, groups: &[Group]) -> Self {
        let mut added = Vec::new();
        for spec in specs {
            let mut spec = spec.clone();
            let mut known = self.find(&spec.query.selector);
            if known.is_none()
                && let Some(group) = groups.iter().find(|group| group.name.parse().as_ref() == Ok(&spec.query.selector))
            {
                spec.query.selector = Selector::group(&group.name);
                known = self.find(&spec.query.selector);
            }
            match known {
                Some((row, place)) if spec.place == Place::InOrder => self.rows[row].panels[place] = spec,
                Some((row, place)) => {
                    self.rows[row].panels.remove(place);
                    added.push(spec);
                }
                None => added.push(spec),
            }
        }
        match self.rows.as_mut_slice() {
            [only] => only.panels.extend(added),
            _ => self.rows.insert(0, LayoutRow { panels: added, ..LayoutRow::default() }),
        }
        self
    }

    fn find(&self, selector: &Selector) -> Option<(usize, usize)> {
        self.rows.iter().enumerate().find_map(|(row, of_row)| {
            Some((row, of_row.panels.iter().position(|panel| panel.query.selector == *selector)?))
        })
    }

    /// The panels that select at least one series, and those of whole groups, in the order of their places. Rows without a panel are left out.
    pub fn place(self, groups: &[Group]) -> Vec<PlacedRow> {
        let by_name: HashMap<&str, usize> =
            groups.iter().enumerate().map(|(place, group)| (group.name.as_str(), place)).collect();
        let place = |spec: PanelSpec| {
            if let Some(name) = spec.query.selector.whole_group() {
                return by_name.get(name).map(|&group| PlacedPanel { spec, group, hidden_groups: 0 });
            }
            let mut matching = groups.iter().enumerate().filter(|(_, group)| spec.query.matches(group));
            let (group, _) = matching.next()?;
            let hidden_groups = matching.count();
            Some(PlacedPanel { spec, group, hidden_groups })
        };
        let place_row = |LayoutRow { title, state, panels }| {
            let mut placed: Vec<PlacedPanel> = Vec::with_capacity(panels.len());
            for panel in panels.into_iter().filter_map(place) {
                // Few panels have a number: the others are appended. A sort would be 5 KB of the page.
                let at = placed.partition_point(|before| before.spec.place <= panel.spec.place);
                placed.insert(at, panel);
            }
            PlacedRow { title, state, panels: placed }
        };
        self.rows.into_iter().map(place_row).filter(|row| !row.panels.is_empty()).collect()
    }
}

/// By prominence, rank and place in the catalog.
fn ordered(groups: &[Group]) -> Vec<&Group> {
    let place = |group: &Group| (group.prominence, group.rank);
    let mut ordered: Vec<&Group> = Vec::with_capacity(groups.len());
    for group in groups {
        // Most catalogs are in this order already. A sort would be 5 KB of the page.
        let at = ordered.partition_point(|before| place(before) <= place(group));
        ordered.insert(at, group);
    }
    ordered
}

#[cfg(test)]
mod tests;
