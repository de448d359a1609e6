//! Groups and series as a source describes them, and the registry that assigns their ids.
//!
//! A group is identified by its name; a series by its group and its label set, in any order of the labels. The
//! same key always has the same id. Everything else (titles, units, display names) is description: the newest
//! registration decides. Two sources that register one key share it: their rows are merged, and a row that is older than the
//! newest by more than the merge window of the source is dropped and counted.
//! [`Registrar`](crate::ingest::context::Registrar) keeps two sources of one kind apart.

use std::fmt::Debug;

use protocol::limits::{MAX_GROUP_SERIES, MAX_LABELS, MAX_NAME_BYTES};
use protocol::{Bounds, GroupId, Interval, Prominence, SeriesId, SeriesKind, Timestamp};
use thiserror::Error;

use crate::ingest::health::SourceHealth;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// The key, such as `network.bytes`.
    pub name: String,
    pub title: String,
    /// UCUM unit of every value.
    pub unit: String,
    /// Intended time from row to row.
    pub interval: Interval,
    /// Ends of the value axis.
    pub bounds: Bounds,
    /// A default layout shows groups of details after all others.
    pub prominence: Prominence,
    /// Suggested place among the groups of its prominence; 0 if the source suggests none.
    pub rank: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub group: GroupId,
    pub name: String,
    pub kind: SeriesKind,
    /// The key within the group.
    pub labels: Vec<(String, String)>,
}

/// The source that sends the rows of a group.
#[derive(Clone, Debug)]
pub struct GroupSource {
    pub health: SourceHealth,
    /// A row may be older than the newest of its group by at most this.
    pub merge_window: Interval,
}

#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RegisterError {
    #[error("group {0} is not registered")]
    NoSuchGroup(GroupId),
    #[error(
        "series {series:?} is left out: group {group:?} already has {MAX_GROUP_SERIES} series, the limit for a group"
    )]
    GroupFull { series: String, group: String },
    #[error(
        "series {series:?} is left out: {limit} series are registered, the limit that `series` in the configuration sets"
    )]
    Full { series: String, limit: usize },
    #[error("{what} must have at most {MAX_NAME_BYTES} bytes, found {found} (it begins with {begin:?})")]
    NameTooLong { what: &'static str, found: usize, begin: String },
    #[error("a series must have at most {MAX_LABELS} labels, found {found} (series {series:?})")]
    TooManyLabels { series: String, found: usize },
}

/// Assigns ids to groups and series.
pub trait Registry: Debug + Send + Sync {
    /// # Errors
    /// If a text is too long.
    fn register_group(&self, group: Group) -> Result<GroupId, RegisterError>;

    /// Sets the source of a group, in place of the last one.
    fn set_source(&self, group: GroupId, source: GroupSource);

    /// Registers a series, or revives it if it has ended.
    ///
    /// # Errors
    /// If the group does not exist, a limit is exceeded, or a text is too long.
    fn register_series(&self, series: Series) -> Result<SeriesId, RegisterError>;

    /// Marks a series as ended at `time`. It is removed when its last sample leaves the history.
    fn end_series(&self, series: SeriesId, time: Timestamp);
}
