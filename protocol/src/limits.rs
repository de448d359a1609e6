//! Every bound of the wire. A message that breaks one is refused before anything is allocated for it.

/// A whole message, either way. Chromium hands messages of up to 64 KiB over in one piece and copies larger ones twice.
pub const MAX_MESSAGE_BYTES: usize = 65_536;

/// Rows in one block: ten seconds of a series at 1 kHz and more.
pub const MAX_BLOCK_ROWS: u32 = 16_384;

/// Values (rows x columns) in one frame. Compact encodings can claim far more values than they have bytes; this bounds
/// what a frame can make its reader write to 1 MiB, 16 times the largest message.
pub const MAX_FRAME_VALUES: u64 = 131_072;

/// Series in one group: a row of so many raw values still fits one message with room to spare.
pub const MAX_GROUP_SERIES: usize = 2_048;

/// A name, title, unit, label key or label value.
pub const MAX_NAME_BYTES: usize = 256;

/// A free text: log line, annotation, reason.
pub const MAX_TEXT_BYTES: usize = 4_096;

/// Labels of one series.
pub const MAX_LABELS: usize = 32;

/// What bincode may claim while it decodes one value. It counts decoded bytes, and every list and string here is
/// borrowed, so the message's own length is enough.
pub(crate) const DECODE_CLAIM: usize = 2 * MAX_MESSAGE_BYTES;
