//! What can be wrong with bytes from a peer, or with a value that is to be sent.

use thiserror::Error;

use crate::id::{GroupId, SeriesId};
use crate::integers::BadIntegers;
use crate::scaled::BadScaled;

/// Why bytes are not a valid message.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The message ends before its fixed part does.
    #[error("message of {found} bytes is shorter than the {expected} bytes it must open with")]
    TooShort {
        /// Bytes there are.
        found: usize,
        /// Bytes there must be.
        expected: usize,
    },
    /// The message is longer than any may be.
    #[error("message of {found} bytes is longer than the limit of {limit}")]
    TooLong {
        /// Bytes there are.
        found: usize,
        /// Bytes there may be.
        limit: usize,
    },
    /// The first two bytes are not `KY`: not a Kymograph message.
    #[error("message opens with {found:02x?} where `KY` (4b 59) is expected")]
    BadMagic {
        /// The two bytes found.
        found: [u8; 2],
    },
    /// The peer speaks another version of the protocol.
    #[error("protocol version {found}, this side speaks {supported}")]
    UnsupportedVersion {
        /// The peer's.
        found: u8,
        /// Ours.
        supported: u8,
    },
    /// The body's length is not what the preamble says.
    #[error("preamble announces a body of {declared} bytes, {found} follow")]
    BodyLength {
        /// As announced.
        declared: usize,
        /// As found.
        found: usize,
    },
    /// A kind of client message that does not exist in this version.
    #[error("client message of unknown kind {kind}")]
    UnknownKind {
        /// The kind found.
        kind: u8,
    },
    /// bincode refused the bytes.
    #[error("malformed {what}: {source}")]
    Malformed {
        /// The structure that was being read.
        what: &'static str,
        /// bincode's reason.
        source: bincode::error::DecodeError,
    },
    /// The structure ended before its bytes did.
    #[error("{count} bytes left over after {what}")]
    TrailingBytes {
        /// The structure that was being read.
        what: &'static str,
        /// How many were left.
        count: usize,
    },
    /// A number is above its limit.
    #[error("{what} is {found}, the limit is {limit}")]
    Limit {
        /// What was counted.
        what: &'static str,
        /// As found.
        found: u64,
        /// As allowed.
        limit: u64,
    },
    /// A time column's bytes do not fit its encoding and row count.
    #[error("time column of group {group} has {found} bytes, its {rows} rows need {expected}")]
    TimesLength {
        /// The group.
        group: GroupId,
        /// Rows of the block.
        rows: u32,
        /// Bytes found.
        found: usize,
        /// Bytes needed.
        expected: usize,
    },
    /// A value column's bytes do not fit its encoding and row count.
    #[error("column of series {series} has {found} bytes, its {rows} rows need {expected}")]
    ColumnLength {
        /// The series.
        series: SeriesId,
        /// Rows of the block.
        rows: u32,
        /// Bytes found.
        found: usize,
        /// Bytes needed.
        expected: usize,
    },
    /// A time column of an encoding that does not exist in this version. Without times no row can be placed.
    #[error("time column of group {group} has unknown encoding {encoding}")]
    UnknownTimesEncoding {
        /// The group.
        group: GroupId,
        /// The encoding found.
        encoding: u8,
    },
    /// A regular time column is anything but a start and a step.
    #[error("regular time column of group {group} is not a start and a step")]
    MalformedRegular {
        /// The group.
        group: GroupId,
    },
    /// A packed time column cannot be read.
    #[error("time column of group {group}: {reason}")]
    MalformedTimes {
        /// The group.
        group: GroupId,
        /// What is wrong.
        reason: BadIntegers,
    },
    /// A scaled column cannot be read.
    #[error("column of series {series}: {reason}")]
    MalformedColumn {
        /// The series.
        series: SeriesId,
        /// What is wrong.
        reason: BadScaled,
    },
    /// A row is not later than the one before.
    #[error("time of row {row} of group {group} is not later than that of the row before")]
    TimesFall {
        /// The group.
        group: GroupId,
        /// The row, from 0.
        row: usize,
    },
    /// An id comes twice, or after a larger one.
    #[error("{what} {id} does not follow on a smaller id: ids of a list rise")]
    Order {
        /// What the ids are of.
        what: &'static str,
        /// The first that does not rise.
        id: u32,
    },
    /// A number on the wire is not finite where it must be.
    #[error("{what} must be finite and in order, found {low} to {high}")]
    BadBounds {
        /// What was read.
        what: &'static str,
        /// The lower bound found.
        low: f64,
        /// The upper bound found.
        high: f64,
    },
}

/// Why a value cannot be put on the wire.
#[derive(Debug, Error)]
pub enum EncodeError {
    /// The whole message would be longer than any may be: split it.
    #[error("message of {found} bytes is longer than the limit of {limit}; split it")]
    TooLong {
        /// Bytes it would have.
        found: usize,
        /// Bytes it may have.
        limit: usize,
    },
    /// A column has another number of rows than its block.
    #[error("column of series {series} has {found} rows, its block has {expected}")]
    Rows {
        /// The series.
        series: SeriesId,
        /// Rows of the column.
        found: usize,
        /// Rows of the block.
        expected: usize,
    },
    /// Times or series of a block do not rise.
    #[error("{what} of a block of group {group} must rise")]
    Order {
        /// What does not rise.
        what: &'static str,
        /// The group.
        group: GroupId,
    },
    /// bincode could not write the value.
    #[error("cannot encode: {0}")]
    Bincode(#[from] bincode::error::EncodeError),
}

/// Refuses a count above its limit.
pub(crate) fn within(what: &'static str, found: usize, limit: usize) -> Result<(), DecodeError> {
    if found > limit {
        return Err(DecodeError::Limit { what, found: found as u64, limit: limit as u64 });
    }
    Ok(())
}
