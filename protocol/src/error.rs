//! Errors of decoding a message from a peer and of encoding one.

use thiserror::Error;

use crate::id::{GroupId, SeriesId};

/// The reason why bytes are not a valid message.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each message names the fields of its variant")]
pub enum DecodeError {
    /// The message ends inside its preamble or header.
    #[error("message of {found} bytes is shorter than the {expected} bytes of its fixed part")]
    TooShort { found: usize, expected: usize },
    /// The message exceeds [`MAX_MESSAGE_BYTES`](crate::limits::MAX_MESSAGE_BYTES).
    #[error("message of {found} bytes is longer than the limit of {limit}")]
    TooLong { found: usize, limit: usize },
    /// The first two bytes are not `KY`, so this is not a Kymograph message.
    #[error("message opens with {found:02x?}, expected `KY` (4b 59)")]
    BadMagic { found: [u8; 2] },
    /// The peer uses another protocol version.
    #[error("protocol version {found} is not supported, expected {supported}")]
    UnsupportedVersion { found: u8, supported: u8 },
    /// The length of the body differs from the preamble's.
    #[error("preamble declares a body of {declared} bytes, found {found}")]
    BodyLength { declared: usize, found: usize },
    /// A numbered frame does not begin with the count of skipped numbers.
    #[error(
        "the body of a numbered frame must begin with `skipped`, a varint of at most 64 bits; found none, or a malformed one"
    )]
    MalformedSkipped,
    /// bincode rejected the bytes.
    #[error("malformed {what}: {source}")]
    Malformed { what: &'static str, source: bincode::error::DecodeError },
    /// A count or a length exceeds its limit.
    #[error("{what}: found {found}, the limit is {limit}")]
    Limit { what: &'static str, found: u64, limit: u64 },
    /// The length of a time column does not match its encoding and row count.
    #[error("time column of group {group} has {found} bytes, expected {expected} for {rows} rows")]
    TimesLength { group: GroupId, rows: u32, found: usize, expected: usize },
    /// The length of a value column does not match its encoding and row count.
    #[error("column of series {series} has {found} bytes, expected {expected} for {rows} rows")]
    ColumnLength { series: SeriesId, rows: u32, found: usize, expected: usize },
    /// The encoding of a time column is unknown to this version. Without times, rows cannot be placed.
    #[error("time column of group {group} has unknown encoding {encoding}")]
    UnknownTimesEncoding { group: GroupId, encoding: u8 },
    /// A regular time column holds anything but a start and a step.
    #[error("regular time column of group {group} must be a start and a step")]
    MalformedRegular { group: GroupId },
    /// A packed time column cannot be unpacked.
    #[error("time column of group {group}: {reason}")]
    MalformedTimes { group: GroupId, reason: PackedError },
    /// A scaled column cannot be unpacked.
    #[error("column of series {series}: {reason}")]
    MalformedColumn { series: SeriesId, reason: ScaledError },
    /// An update of a bucket cannot be read.
    #[error("update of a bucket: {0}")]
    MalformedUpdate(&'static str),
    /// A list of samples cannot be read.
    #[error("list of samples: {0}")]
    MalformedSamples(SampleListError),
    /// A row is not later than the row before it.
    #[error("times must be strictly increasing, row {row} of group {group} is not")]
    TimesOrder { group: GroupId, row: usize },
    /// An id occurs twice, or after a larger one.
    #[error("ids must be strictly increasing, {what} {id} is not")]
    Order { what: &'static str, id: u32 },
    /// A fixed axis is not finite, or its low end is not below its high end.
    #[error("{what} must be finite with low below high, found {low} to {high}")]
    BadBounds { what: &'static str, low: f64, high: f64 },
}

/// The reason why bytes are not a list of packed integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each message names the fields of its variant")]
pub enum PackedError {
    /// An empty list is never packed.
    #[error("packed column has zero rows")]
    NoRows,
    /// The bytes end inside the list, or contain an invalid varint.
    #[error("packed integers end too early")]
    Truncated,
    /// The order is neither levels nor differences.
    #[error("order of packed integers must be 0 or 1, found {0}")]
    Order(u8),
    /// A chunk is wider than the decoder supports.
    #[error("width of packed integers must be at most {limit} bits, found {found}")]
    Width { found: u8, limit: u8 },
    /// Bytes follow the last chunk.
    #[error("{0} extra bytes after packed integers, expected none")]
    Trailing(usize),
}

/// The reason why bytes are not a scaled column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each message names the fields of its variant")]
pub enum ScaledError {
    /// The scale byte has no meaning.
    #[error("scale must be a power of ten (0 to 22) or of two (128 to 180), found {0}")]
    Scale(u8),
    /// The list of exceptions is malformed.
    #[error("malformed list of exceptions")]
    Exceptions,
    /// An exception replaces a row beyond the last. Rows are counted from 0.
    #[error("exception for row {row}, the column has {rows} rows")]
    ExceptionRow { row: u64, rows: usize },
    /// The integers are malformed.
    #[error("{0}")]
    Integers(PackedError),
}

/// The reason why bytes are not a list of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each message names the fields of its variant")]
pub enum SampleListError {
    /// The bytes end inside a run, or contain an integer of more than seven bytes.
    #[error("a run or an integer ends too early, or has more than 7 bytes")]
    Truncated,
    /// The head of a time has a count without a meaning.
    #[error("head of a time must be 0 or 1, found {0}")]
    Time(u8),
    /// Values precede the first time.
    #[error("the first run of values must follow a time")]
    NoTime,
    /// The id of a series exceeds 32 bits.
    #[error("ids of series must be below 4294967295")]
    Series,
}

/// The reason why a value cannot be encoded.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each message names the fields of its variant")]
pub enum EncodeError {
    /// The message would exceed [`MAX_MESSAGE_BYTES`](crate::limits::MAX_MESSAGE_BYTES).
    #[error("message of {found} bytes is longer than the limit of {limit}; split it")]
    TooLong { found: usize, limit: usize },
    /// The length of a column differs from that of its block.
    #[error("column of series {series} has {found} rows, its block has {expected}")]
    Rows { series: SeriesId, found: usize, expected: usize },
    /// Times or series of a block are not strictly increasing.
    #[error("{what} of a block must be strictly increasing, found otherwise in group {group}")]
    Order { what: &'static str, group: GroupId },
    /// Series of a block of summaries are not strictly increasing.
    #[error("series of a block must be strictly increasing, series {series} is not")]
    SeriesOrder { series: SeriesId },
    /// Blocks whose times are relative to another base.
    #[error("base of the blocks must be {expected} us, found {found} us")]
    Base { found: i64, expected: i64 },
    /// bincode could not write the value.
    #[error("cannot encode: {0}")]
    Bincode(#[from] bincode::error::EncodeError),
}

/// Returns an error if `found` exceeds `limit`.
pub(crate) fn within(what: &'static str, found: usize, limit: usize) -> Result<(), DecodeError> {
    if found > limit {
        return Err(DecodeError::Limit { what, found: found as u64, limit: limit as u64 });
    }
    Ok(())
}
