//! Errors. Each names the value found, and the value allowed.

use std::time::Duration;

use protocol::limits::{MAX_GROUP_SERIES, MAX_LABELS, MAX_NAME_BYTES};
use thiserror::Error;

/// The reason why an address is not accepted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AddressError {
    /// The address has another scheme.
    #[error(
        "the scheme of an address must be ws or http, found {0:?} (TLS is not supported: send through a proxy or a tunnel)"
    )]
    Scheme(String),
    /// The address has no host, or an invalid port.
    #[error("an address must have the form ws://HOST:PORT/PATH, with /PATH only behind a proxy, found {0:?}")]
    Form(String),
}

/// The reason why a publisher does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address is not accepted.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The name is not accepted.
    #[error("a publisher's name must have 1 to 64 letters, digits, `-`, `_` or `.`, found {0:?}")]
    Name(String),
    /// The token cannot be sent in a header.
    #[error("a token must have printable ASCII characters only")]
    Token,
    /// The system has no thread.
    #[error("cannot start the thread of the publisher: {0}")]
    Thread(#[from] std::io::Error),
}

/// The reason why a group, a series or a gauge is not announced.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AnnounceError {
    /// The publisher already has the group.
    #[error("group {0:?} was announced already")]
    Again(String),
    /// The group has no series, or too many.
    #[error("group {group:?} must have 1 to {MAX_GROUP_SERIES} series, found {found}")]
    Series {
        /// The group's name.
        group: String,
        /// The number of its series.
        found: usize,
    },
    /// Two series have the same labels.
    #[error("two series of group {group:?} have the labels {labels:?}")]
    SameLabels {
        /// The group's name.
        group: String,
        /// The labels.
        labels: Vec<(String, String)>,
    },
    /// A series has too many labels.
    #[error("a series must have at most {MAX_LABELS} labels, found {0}")]
    Labels(usize),
    /// A text is too long.
    #[error("a name, title, unit or label must have at most {MAX_NAME_BYTES} bytes, found {0}")]
    Text(usize),
    /// The interval is zero or longer than a day.
    #[error("the interval of a group must be above 0 and at most a day, found {0:?}")]
    Interval(Duration),
}

/// The reason why a row is not accepted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RowError {
    /// The row has too few or too many values.
    #[error("a row of group {group:?} must have {expected} values, one for each series, found {found}")]
    Values {
        /// The group's name.
        group: String,
        /// The number of series.
        expected: usize,
        /// The number of values.
        found: usize,
    },
    /// The row is not later than the last one of its group.
    #[error("a row of group {group:?} must be later than the last one, found one that is {micros} us earlier")]
    Order {
        /// The group's name.
        group: String,
        /// By how much it is earlier, in microseconds; 0 for the same time.
        micros: i64,
    },
    /// The publisher has ended, and sends no more rows.
    #[error("the publisher has ended: {0}")]
    Ended(String),
}

/// The reason why rows are not all held by the server.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FlushError {
    /// The time is over. The rows stay in the buffer.
    #[error("the server does not hold all rows after {waited:?}: {why}")]
    TimedOut {
        /// The time that was allowed.
        waited: Duration,
        /// The last error of the connection, or that there is none.
        why: String,
    },
    /// The publisher has ended, and sends no more rows.
    #[error("the publisher has ended: {0}")]
    Ended(String),
}
