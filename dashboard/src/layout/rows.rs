//! The layout of a page: rows of panels.

use super::panel_spec::PanelSpec;

/// The rows of the page, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    pub rows: Vec<LayoutRow>,
}

/// Panels beside each other, below a title.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayoutRow {
    /// Empty for a row that is always open.
    pub title: String,
    pub state: RowState,
    pub panels: Vec<PanelSpec>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowState {
    #[default]
    Open,
    /// Only its title is shown until the user opens it.
    Collapsed,
}

impl LayoutRow {
    pub(super) fn of(title: &str, state: RowState, panels: Vec<PanelSpec>) -> Self {
        Self { title: title.to_owned(), state, panels }
    }
}
