//! The blocks of one frame of history: encoded rows, whose bytes are copied.

use protocol::limits::MAX_FRAME_VALUES;
use protocol::{BlockBuffer, BlockMode, Blocks, EncodeError, EncodedRows};

use crate::stream::packing::FRAME_ROOM_BYTES;

/// The buffers are reused from frame to frame.
#[derive(Debug, Default)]
pub struct HistoryBlocks {
    blocks: BlockBuffer,
    rows: usize,
    values: usize,
    encoder: BlockBuffer,
}

/// Whether rows became part of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    Whole,
    /// The frame has no room for them.
    Not,
}

impl HistoryBlocks {
    /// Drops the blocks of the last frame.
    pub fn start_frame(&mut self) {
        self.blocks.start(EncodedRows::BASE);
        (self.rows, self.values) = (0, 0);
    }

    /// Appends rows if they fit. The rows of one segment fit an empty frame.
    ///
    /// # Errors
    /// If a block cannot be encoded, which is a defect.
    pub fn add(&mut self, mode: BlockMode, rows: &EncodedRows) -> Result<Added, EncodeError> {
        let bytes = self.blocks.len() + EncodedRows::MODE_BYTES + rows.len();
        let (all_rows, values) = (self.rows + rows.rows(), self.values + rows.values());
        if bytes > FRAME_ROOM_BYTES || all_rows.max(values) as u64 > MAX_FRAME_VALUES {
            return Ok(Added::Not);
        }
        self.blocks.push_encoded(mode, rows)?;
        (self.rows, self.values) = (all_rows, values);
        Ok(Added::Whole)
    }

    pub const fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    pub fn blocks(&self) -> Blocks<'_> {
        self.blocks.blocks()
    }

    /// Working memory to encode rows that are not sealed.
    pub const fn encoder(&mut self) -> &mut BlockBuffer {
        &mut self.encoder
    }
}
