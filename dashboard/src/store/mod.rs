//! The store: what the page holds of the stream.
//!
//! One [`Group`] for each group of the catalog, with a time ring and a ring for each series, all of a fixed capacity
//! that the window and a memory budget set once. Frames go in by [`Store::apply`]; charts read the rings.
//!
//! | file | subject |
//! | --- | --- |
//! | [`group`] | rows of one group, in rings |
//! | [`mod@series`] | one of its series: a ring of values, and what a catalog says of it |
//! | [`column_summaries`] | summaries of each series in each pixel column |
//! | [`staleness`] | when a group's newest sample is too old to be taken for the present |
//! | [`derived`] | a group that is computed from another |
//! | [`capacity`] | how many rows the budget allows |
//! | [`position`] | where the page stands in the stream: what was lost, and when to ask for it |
//! | [`apply`] | what each kind of frame does to the store |
//!
//! # What it does not know
//! Sockets, clocks, pixels, the DOM.

pub mod apply;
pub mod capacity;
pub mod column_summaries;
pub mod derived;
pub mod group;
pub mod position;
pub mod series;
pub mod staleness;

pub use apply::{Applied, Store};
pub use column_summaries::{ColumnSummaries, ColumnUpdate};
pub use derived::DerivedGroup;
pub use group::{Group, Rows};
pub use position::Position;
pub use series::Series;
pub use staleness::Stale;

#[cfg(test)]
mod tests;
