//! A group of the catalog, as far as the page's subscription is concerned.

use protocol::{GroupId, Interval};

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CatalogGroup {
    pub id: GroupId,
    pub interval: Interval,
    /// Values a second, as far as its interval says.
    pub values_per_s: f64,
    pub is_on_screen: bool,
    pub needs: Needs,
}

/// What the panels need of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Needs {
    /// Not known, as of a group that is not on screen: it stays as it is.
    #[default]
    Unknown,
    Rows,
    /// Summaries of columns of this length.
    Columns(Interval),
}
