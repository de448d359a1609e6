//! The rules that a publisher can break, with close code and reason of each.

use protocol::close_codes::{MAX_REASON_BYTES, REPLACED};
use protocol::{GroupId, SeriesId};
use thiserror::Error;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::limits::{MAX_IDS, MAX_INTERVAL, MAX_PUBLISHER_BYTES, OPEN_DEADLINE};
use crate::deliver::session::violation::Violation as SessionViolation;
use crate::telemetry::RefusalReason;

#[derive(Debug, Error)]
pub enum Violation {
    /// A rule of every session.
    #[error(transparent)]
    Session(#[from] SessionViolation),
    #[error("no `Open` message within {} s", OPEN_DEADLINE.as_secs())]
    NotOpened,
    #[error("expected `Open` (kind 6) first, found kind {found}")]
    OpenFirst { found: u8 },
    #[error("`Open` was sent twice on one connection")]
    OpenedTwice,
    #[error(
        "a publisher's name must have 1 to {MAX_PUBLISHER_BYTES} letters, digits, `-`, `_` or `.`, found {found:?}"
    )]
    Name { found: String },
    #[error("too many publishers: the limit is {limit}; raise `publishers` of the source `publish`")]
    TooManyPublishers { limit: usize },
    #[error("another connection has opened the same publisher")]
    Replaced,
    #[error("the interval of group {group} must be above 0 and at most {MAX_INTERVAL}")]
    Interval { group: GroupId },
    #[error("group {group} was announced with another name")]
    OtherName { group: GroupId },
    #[error("group {0} was not announced")]
    UnknownGroup(GroupId),
    #[error("series {0} was not announced, or has ended")]
    UnknownSeries(SeriesId),
    #[error("series {series} is not of group {group}")]
    OtherGroup { series: SeriesId, group: GroupId },
    #[error("series {series} was announced with other labels or another group: end it first")]
    OtherLabels { series: SeriesId },
    #[error("series {series} has the group and labels of series {first}")]
    SameSeries { series: SeriesId, first: SeriesId },
    #[error("too many ids: the limit is {MAX_IDS} groups and {MAX_IDS} series on one connection")]
    TooManyIds,
    #[error("numbers of `Rows` count from 1, found 0")]
    NumberZero,
    #[error("a block of `Rows` must have the mode 0 (Merge), found otherwise in group {group}")]
    Mode { group: GroupId },
    #[error("the column of series {series} has the encoding {encoding}, which `Hello` does not list")]
    Encoding { series: SeriesId, encoding: u8 },
}

impl Violation {
    pub fn close_code(&self) -> CloseCode {
        match self {
            Self::Session(violation) => violation.close_code(),
            Self::NotOpened | Self::TooManyPublishers { .. } => CloseCode::Policy,
            Self::Replaced => CloseCode::Library(REPLACED),
            _ => CloseCode::Invalid,
        }
    }

    /// The close reason, cut to the limit.
    pub fn reason(&self) -> String {
        let mut reason = self.to_string();
        reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
        reason
    }

    /// The label under which the violation is counted.
    pub const fn label(&self) -> RefusalReason {
        match self {
            Self::Session(violation) => violation.label(),
            Self::NotOpened => RefusalReason::Timeout,
            Self::Replaced => RefusalReason::Replaced,
            Self::TooManyPublishers { .. } => RefusalReason::Publishers,
            _ => RefusalReason::Malformed,
        }
    }
}
