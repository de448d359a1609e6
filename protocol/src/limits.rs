//! Limits of the protocol. A message that exceeds one is refused before memory is allocated for it.

/// Bytes of a message in either direction. Chromium delivers messages of up to 64 KiB in one piece, and copies larger
/// ones a second time.
pub const MAX_MESSAGE_BYTES: usize = 65_536;

/// Rows of a block: more than ten seconds of a series at 1 kHz.
pub const MAX_BLOCK_ROWS: u32 = 16_384;

/// Values (rows x columns) of a frame. Compact encodings can declare far more values than they have bytes; this limits the
/// memory that a reader writes for one frame to 1 MiB, 16 times the largest message. Of an answer, columns that are written count: a
/// reader that copies all six fields of each summary writes up to six times as much.
pub const MAX_FRAME_VALUES: u64 = 131_072;

/// Series of a group. One row of this many raw values fits a message.
pub const MAX_GROUP_SERIES: usize = 2_048;

/// Series of a stream, by default on the server and always on the page. With more series, a page could hold less than
/// a second of each at 1,000 Hz.
pub const MAX_SERIES: usize = 100_000;

/// Bytes of a name, title, unit, label key or label value.
pub const MAX_NAME_BYTES: usize = 256;

/// Bytes of a free text: log line, annotation, reason.
pub const MAX_TEXT_BYTES: usize = 4_096;

/// Labels of a series.
pub const MAX_LABELS: usize = 32;

/// Bytes that bincode may claim while it decodes one value. It counts decoded bytes, and every list and string is
/// borrowed, so twice the length of a message suffices.
pub(crate) const DECODE_CLAIM: usize = 2 * MAX_MESSAGE_BYTES;
