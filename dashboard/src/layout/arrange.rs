//! The default layout of a catalog, and the panels of a layout matched with the groups of a store.

use std::collections::{HashMap, HashSet};

use protocol::Prominence;
use series::Selector;

use super::host;
use super::panel_spec::{PanelSpec, Place};
use super::rows::{Layout, LayoutRow, RowState};
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

/// Catalogs with more groups show those of one series as tiles, if there are several.
const MANY_GROUPS: usize = 8;
const SEVERAL_SINGLE: usize = 4;

impl Layout {
    /// The default layout of a catalog: that of the host source, with what it does not know in rows of their own; else one panel per group,
    /// by prominence, rank and place in the catalog.
    pub fn of_catalog(groups: &[Group]) -> Self {
        let Some(mut layout) = host::layout(groups) else { return Self::by_shape(ordered(groups)) };
        let known: HashSet<&str> = layout.specs().filter_map(|spec| spec.query.selector.whole_group()).collect();
        let others: Vec<&Group> =
            ordered(groups).into_iter().filter(|group| !known.contains(group.name.as_str())).collect();
        let of = |prominence| others.iter().filter(move |group| group.prominence == prominence);
        let specs = |prominence| of(prominence).map(|group| PanelSpec::of_group(group)).collect();
        let feed = layout.rows.len() - 1;
        let details = LayoutRow::of("More details", RowState::Collapsed, specs(Prominence::Detail));
        let overview = LayoutRow::of("Other", RowState::Open, specs(Prominence::Overview));
        layout.rows.insert(feed, details);
        let first_collapsed = layout.rows.iter().position(|row| row.state == RowState::Collapsed).unwrap_or(feed);
        layout.rows.insert(first_collapsed, overview);
        layout
    }

    /// One panel for each group. Of many groups, those of one series are tiles before the others.
    fn by_shape(groups: Vec<&Group>) -> Self {
        let is_single = |group: &&Group| group.series().len() == 1;
        let has_tiles =
            groups.len() > MANY_GROUPS && groups.iter().filter(|group| is_single(group)).count() >= SEVERAL_SINGLE;
        let (tiles, charts): (Vec<&Group>, Vec<&Group>) =
            groups.into_iter().partition(|group| has_tiles && is_single(group));
        let row = |panels: Vec<PanelSpec>| LayoutRow { panels, ..LayoutRow::default() };
        let tiles = row(tiles.into_iter().map(PanelSpec::tile_of_group).collect());
        let charts = row(charts.into_iter().map(PanelSpec::of_group).collect());
        Self { rows: [tiles, charts].into_iter().filter(|row| !row.panels.is_empty()).collect() }
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
