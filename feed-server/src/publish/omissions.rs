//! What an announcement leaves out, because it exceeds a limit.

use protocol::{GroupId, SeriesDescriptor, SeriesId};

use super::limits::MAX_GROUPS;
use crate::ingest::registry::RegisterError;

/// What an announcement leaves out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Omissions {
    pub groups: Vec<GroupId>,
    pub series: Vec<SeriesId>,
    /// The reason for the first of them.
    pub reason: String,
}

impl Omissions {
    pub const fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.series.is_empty() && self.reason.is_empty()
    }

    pub(super) fn because(&mut self, reason: impl FnOnce() -> String) {
        if self.reason.is_empty() {
            self.reason = reason();
        }
    }
}

/// Why a series is left out. Its text is made for the first of an announcement only.
#[derive(Debug)]
pub(super) enum Reason {
    Series {
        limit: usize,
    },
    /// Its group is left out.
    Group,
    Registry(RegisterError),
}

impl Reason {
    pub(super) fn text(&self, series: &SeriesDescriptor<'_>) -> String {
        let name = series.name;
        match self {
            Self::Series { limit } => {
                format!("series {name:?} is left out: the publisher has {limit} series, the limit for one")
            }
            Self::Group => format!("series {name:?} is left out with its group: the limit is {MAX_GROUPS} groups"),
            Self::Registry(error) => error.to_string(),
        }
    }
}

pub(super) fn too_many_groups(name: &str) -> String {
    format!("group {name:?} is left out: the publisher has {MAX_GROUPS} groups, the limit for one")
}
