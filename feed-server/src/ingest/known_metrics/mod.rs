//! Metrics of other programs: their names and labels become groups and series, their samples rows.
//!
//! A metric is a group: its series share a unit, and their samples the clock of the source.
//!
//! | file | subject |
//! | --- | --- |
//! | `metric`, `known_types` | what is known of a metric; its unit; types as they are stated |
//! | `known_series`, `known_groups`, `refusal` | registers series and groups, within the limits of the source; why one is refused |
//! | `place`, `open_rows`, `time_ahead` | where samples go; samples to rows; samples ahead of the clock |

mod known_groups;
mod known_series;
mod known_types;
mod metric;
mod open_rows;
mod place;
mod refusal;
mod time_ahead;

pub use known_series::KnownSeries;
pub use known_types::{Change, Described, KnownTypes};
pub use metric::{Metric, prominence_of, unit_of};
pub use open_rows::OpenRows;
pub use place::Place;
pub use time_ahead::{MAX_AHEAD, TimeAhead};
