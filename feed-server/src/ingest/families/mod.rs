//! Metrics of other programs: their names and labels become groups and series, their samples rows.
//!
//! A metric is a group: its series share a unit, and their samples the clock of the source.
//!
//! | file | subject |
//! | --- | --- |
//! | `metric`, `known_types` | what is known of a metric; its unit; types as they are stated |
//! | `known_series` | registers groups and series, within the limits of the source |
//! | `open_rows` | samples to rows |

mod known_series;
mod known_types;
mod metric;
mod open_rows;

pub use known_series::{KnownSeries, Place};
pub use known_types::{Change, Described, KnownTypes};
pub use metric::{Metric, unit_of};
pub use open_rows::OpenRows;
