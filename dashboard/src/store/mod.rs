//! The store: the part of the stream that the page keeps.
//!
//! One [`Group`] for each group of the catalog, with a ring of times and a ring for each series, of rows or of buckets. Their capacity follows
//! from the window and a memory budget. [`Store::apply`] adds frames; charts read the rings.
//!
//! | file | subject |
//! | --- | --- |
//! | [`group`] | rows of one group, in rings; `group/append` writes them, `group/buckets` holds buckets instead, `group/members` adds and removes series, `group/values` reads values at a time, `group/reading` those of a column, `group/activity` tells which series live |
//! | [`display_order`] | the living and largest series first |
//! | `bucket_state` | the newest bucket of a group that is held as buckets |
//! | [`mod@series`], `ring` | one of its series: its description, and a ring of values or summaries |
//! | `locator`, `located` | finds the groups of samples that come without them; such a sample at its place |
//! | [`past`], [`past_answer`] | summaries of the time before the rows; the answers that they come in |
//! | `merge` | rows that arrive late, or once more |
//! | `series_index` | finds the series of a group by id or key |
//! | `measured_rate` | the rate at which rows were measured |
//! | [`mod@sorted`] | a sort with little code |
//! | [`span_statistics`] | statistics of a series over a span |
//! | [`column_summaries`] | summaries of each series in each pixel column |
//! | [`staleness`] | detects a newest sample that is too old |
//! | [`derived`] | a group that is computed from another one by a transform |
//! | `derived_groups` | all derived groups, shared and counted |
//! | [`capacity`] | the number of rows within the budget |
//! | [`following`] | the groups that the page subscribes to |
//! | `steps`, `catalog_group` | as rows or in buckets of which length; what is known of a group |
//! | [`position`] | the position in the stream: lost frames, and their requests |
//! | [`apply`] | the effect of each kind of frame on the store; `apply/catalog` that of catalogs, `apply/rows` that of rows, `apply/buckets` that of buckets, `apply/past` that of answers |
//!
//! # Not in this module
//! Sockets, clocks, pixels, the DOM.

pub mod apply;
mod bucket_state;
pub mod capacity;
mod catalog_group;
pub mod column_summaries;
pub mod derived;
mod derived_groups;
pub mod display_order;
pub mod following;
pub mod group;
mod located;
mod locator;
mod measured_rate;
mod merge;
pub mod past;
pub mod past_answer;
pub mod position;
mod ring;
pub mod series;
mod series_index;
pub mod sorted;
pub mod span_statistics;
pub mod staleness;
mod steps;

pub use apply::{Applied, Store};
pub use bucket_state::OpenBucket;
pub use catalog_group::{CatalogGroup, Needs};
pub use column_summaries::{ColumnSummaries, ColumnUpdate};
pub use derived::{Derivation, DerivedGroup, selects};
pub use derived_groups::DerivedUse;
pub use display_order::{Activity, DisplayOrder, largest_first};
pub use following::{Following, Leaving, StreamRequest, Support};
pub use group::reading::Reading;
pub use group::{Group, Rows};
pub use past::{Past, PastSummary};
pub use past_answer::{AnswerSummary, PastAnswer};
pub use position::Position;
pub use series::Series;
pub use sorted::sorted;
pub use span_statistics::{Exactness, SpanStatistics};
pub use staleness::{Freshness, SampleAge};

#[cfg(test)]
pub(crate) mod bucket_sender;
#[cfg(test)]
mod bucket_tests;
#[cfg(test)]
pub(crate) mod row_sender;
#[cfg(test)]
mod tests;
