//! The number of rows that fit into one frame.
//!
//! A frame must not exceed [`Frame::MAX_BODY_BYTES`]. An upper bound of the size of rows is that of their longest encoding, so that
//! it is known before anything is encoded.

use protocol::limits::{MAX_BLOCK_ROWS, MAX_FRAME_VALUES};
use protocol::{BlockBuffer, Frame, SamplesBuffer};

/// A body's own fields before its rows: at most two times, nine bytes each, and the lengths of two lists.
const BODY_HEAD_BYTES: usize = 40;

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

/// The number of rows of `columns` columns whose block certainly fits into `room` bytes.
pub const fn rows_that_fit(columns: usize, room: usize) -> usize {
    let heads = BlockBuffer::most_bytes(columns, 0);
    let rows = room.saturating_sub(heads) / (BlockBuffer::most_bytes(columns, 1) - heads);
    if rows < MAX_BLOCK_ROWS as usize { rows } else { MAX_BLOCK_ROWS as usize }
}

/// The number of live rows of `columns` columns that certainly fit into `room` bytes.
pub const fn live_rows_that_fit(columns: usize, room: usize) -> usize {
    let mut rows = rows_that_fit(columns, room);
    // A few rows can take more as a list of samples than as a block.
    while rows > 0 && SamplesBuffer::most_bytes(columns, rows) > room {
        rows -= 1;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::limits::MAX_GROUP_SERIES;

    #[test]
    fn a_row_of_the_widest_group_fits_an_empty_frame() {
        assert!(rows_that_fit(MAX_GROUP_SERIES, FRAME_ROOM_BYTES) >= 1);
        assert!(live_rows_that_fit(MAX_GROUP_SERIES, FRAME_ROOM_BYTES) >= 1);
        assert!(rows_that_fit(0, FRAME_ROOM_BYTES) <= MAX_BLOCK_ROWS as usize);
    }

    #[test]
    fn a_row_count_that_fits_has_a_size_that_fits() {
        for columns in [0, 1, 8, 100, MAX_GROUP_SERIES] {
            let rows = rows_that_fit(columns, FRAME_ROOM_BYTES);
            assert!(BlockBuffer::most_bytes(columns, rows) <= FRAME_ROOM_BYTES);
            assert!(BlockBuffer::most_bytes(columns, rows + 1) > FRAME_ROOM_BYTES);
            for room in [0, 100, 500, 1_000, 40_000, FRAME_ROOM_BYTES] {
                let rows = live_rows_that_fit(columns, room);
                assert!(rows == 0 || SamplesBuffer::most_bytes(columns, rows) <= room);
            }
        }
    }
}
