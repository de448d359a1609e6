//! The layout: the panels of the page, and the series that each shows.
//!
//! | file | subject |
//! | --- | --- |
//! | [`query`] | a selector and a transform: the rows of a panel |
//! | [`panel_spec`] | one panel: query, kind of chart, title, unit, axis, place |
//! | [`panel_text`] | the text form of a panel, as the address has it |
//! | [`rows`] | a layout: rows of panels |
//! | [`layout_text`] | the text form of a layout |
//! | [`arrange`] | the default layout of a catalog; a layout's panels matched with the groups of a store |
//! | `by_name` | rows of groups by the beginnings of their titles |
//! | `host`, `host_help` | the default layout of the host source; help for its panels |
//!
//! # Limits of a query
//! A panel draws the series of one group, since all series of a chart share their times. If a query matches series of
//! several groups, the panel shows those of the first group in catalog order and shows the number of hidden groups.
//!
//! # Not in this module
//! Rows, pixels, the DOM, the address.

pub mod arrange;
mod by_name;
mod host;
mod host_help;
pub mod layout_text;
pub mod panel_spec;
pub mod panel_text;
pub mod query;
pub mod rows;

pub use arrange::{PlacedPanel, PlacedRow};
pub use host::is_host;
pub use host_help::help_of;
pub use layout_text::ParseLayoutError;
pub use panel_spec::{Axis, Order, PanelSpec, Place, Size};
pub use panel_text::ParsePanelError;
pub use query::Query;
pub use rows::{Layout, LayoutRow, RowState};
