//! The number of rows that fit into one frame.
//!
//! A frame must not exceed [`Frame::MAX_BODY_BYTES`]. The upper bound of a block's size is its size with every column
//! raw, the longest encoding, so that it is known before anything is encoded.

use protocol::Frame;
use protocol::limits::{MAX_BLOCK_ROWS, MAX_FRAME_VALUES};

/// A body's own fields before its blocks: two stamps and the origin, nine bytes each, and the list's length.
const BODY_HEAD_BYTES: usize = 40;
/// Group, rows, encoding and the two lengths, as the widest varints; and the excess of a start and a step over one time.
const BLOCK_HEAD_BYTES: usize = 40;
/// Series, encoding and length, as the widest varints.
const COLUMN_HEAD_BYTES: usize = 11;
const VALUE_BYTES: usize = 8;

/// Room for blocks in one frame, in bytes.
pub const FRAME_ROOM_BYTES: usize = Frame::MAX_BODY_BYTES - BODY_HEAD_BYTES;

/// The rest of a frame whose blocks are encoded one by one.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    bytes: usize,
    values: usize,
}

impl Room {
    pub const fn of_a_frame() -> Self {
        Self { bytes: FRAME_ROOM_BYTES, values: MAX_FRAME_VALUES as usize }
    }

    /// The number of rows of `columns` columns that certainly fit.
    pub fn rows(self, columns: usize) -> usize {
        rows_that_fit(columns, self.bytes).min(self.values / columns.max(1))
    }

    /// Records that all blocks so far have taken `bytes` bytes, and that the last of them holds `values` values.
    pub fn take(&mut self, bytes: usize, values: usize) {
        self.bytes = FRAME_ROOM_BYTES.saturating_sub(bytes);
        self.values = self.values.saturating_sub(values);
    }
}

/// The largest size in bytes of `rows` rows of `columns` columns.
pub const fn block_bytes(columns: usize, rows: usize) -> usize {
    BLOCK_HEAD_BYTES + VALUE_BYTES * rows + columns * (COLUMN_HEAD_BYTES + VALUE_BYTES * rows)
}

/// The number of rows of `columns` columns that certainly fit into `room` bytes.
pub const fn rows_that_fit(columns: usize, room: usize) -> usize {
    let heads = BLOCK_HEAD_BYTES + columns * COLUMN_HEAD_BYTES;
    let rows = room.saturating_sub(heads) / (VALUE_BYTES * (columns + 1));
    if rows < MAX_BLOCK_ROWS as usize { rows } else { MAX_BLOCK_ROWS as usize }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::limits::MAX_GROUP_SERIES;

    #[test]
    fn a_row_of_the_widest_group_fits_an_empty_frame() {
        assert!(rows_that_fit(MAX_GROUP_SERIES, FRAME_ROOM_BYTES) >= 1);
        assert!(rows_that_fit(0, FRAME_ROOM_BYTES) <= MAX_BLOCK_ROWS as usize);
    }

    #[test]
    fn a_row_count_that_fits_has_a_size_that_fits() {
        for columns in [0, 1, 8, 100, MAX_GROUP_SERIES] {
            let rows = rows_that_fit(columns, FRAME_ROOM_BYTES);
            assert!(block_bytes(columns, rows) <= FRAME_ROOM_BYTES);
            assert!(block_bytes(columns, rows + 1) > FRAME_ROOM_BYTES);
        }
    }
}
