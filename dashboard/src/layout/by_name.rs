//! Rows of groups by the beginnings of their titles, such as `node_memory` of `node_memory_MemFree_bytes`.

use super::panel_spec::PanelSpec;
use super::rows::{LayoutRow, RowState};
use crate::store::Group;

/// So many groups or fewer are in one row.
const MANY_GROUPS: usize = 8;
/// At least so many groups share a row, or become tiles.
const SEVERAL: usize = 4;
/// Words are separated by one of these.
const SEPARATORS: [char; 3] = ['_', '.', ' '];

pub(super) const fn are_many(groups: usize) -> bool {
    groups > MANY_GROUPS
}

/// The panels of groups, in their order. Of many groups, those whose titles begin alike have a row, and those of one series are tiles before the
/// others. Rows are in the order of their first groups. The row of the rest has the title `alone` if it is the only one.
pub(super) fn rows(groups: &[&Group], alone: &str) -> Vec<LayoutRow> {
    let is_single = |group: &&&Group| group.series().len() == 1;
    let has_tiles = are_many(groups.len()) && groups.iter().filter(is_single).count() >= SEVERAL;
    let mut rows: Vec<(&str, Vec<PanelSpec>, Vec<PanelSpec>)> = Vec::new();
    for group in groups {
        let name = row_of(&group.title, groups);
        let known = rows.iter().position(|row| row.0 == name);
        let place = known.unwrap_or_else(|| {
            rows.push((name, Vec::new(), Vec::new()));
            rows.len() - 1
        });
        let (_, tiles, charts) = &mut rows[place];
        if has_tiles && is_single(&group) {
            let mut tile = PanelSpec::tile_of_group(group);
            // The title of the row has the rest.
            tile.title = (!name.is_empty()).then(|| group.title[name.len() + 1..].to_owned());
            tiles.push(tile);
        } else {
            charts.push(PanelSpec::of_group(group));
        }
    }
    let rest = if rows.len() > 1 { "Other" } else { alone };
    let row = |(name, mut panels, charts): (&str, Vec<PanelSpec>, Vec<PanelSpec>)| {
        panels.extend(charts);
        LayoutRow::of(if name.is_empty() { rest } else { name }, RowState::Open, panels)
    };
    rows.into_iter().map(row).filter(|row| !row.panels.is_empty()).collect()
}

/// The beginning of a title that several groups have, but not all: two words, or one. Empty if there is none.
fn row_of<'t>(title: &'t str, groups: &[&Group]) -> &'t str {
    let beginning = |words: usize| title.match_indices(SEPARATORS).nth(words - 1).map(|(end, _)| &title[..end]);
    let is_shared = |beginning: &&str| {
        let has_it = |group: &&&Group| {
            group.title.strip_prefix(*beginning).is_some_and(|rest| rest.len() > 1 && rest.starts_with(SEPARATORS))
        };
        let count = groups.iter().filter(has_it).count();
        (SEVERAL..groups.len()).contains(&count)
    };
    if !are_many(groups.len()) {
        return "";
    }
    [2, 1].into_iter().filter_map(beginning).find(is_shared).unwrap_or_default()
}
