//! Sample blocks: rows of one group, column by column.

use bincode::{BorrowDecode, Encode};

use crate::column::{Column, Times};
use crate::entries::{Entries, EntriesBuffer};
use crate::error::{DecodeError, EncodeError};
use crate::id::{GroupId, SeriesId};
use crate::limits::{MAX_BLOCK_ROWS, MAX_FRAME_VALUES, MAX_GROUP_SERIES};
use crate::time::Timestamp;

/// `rows` rows of one group. A series of the group without a column here has no value in these rows.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub struct Block<'a> {
    /// The group.
    pub group: GroupId,
    /// Values in each column, and times.
    pub rows: u32,
    /// When each row was measured.
    pub times: Times<'a>,
    /// A column a series.
    pub columns: Entries<'a, Column<'a>>,
}

impl Block<'_> {
    /// Checks every length and returns how many values the block holds.
    fn check(&self) -> Result<u64, DecodeError> {
        if self.rows > MAX_BLOCK_ROWS {
            let (found, limit) = (u64::from(self.rows), u64::from(MAX_BLOCK_ROWS));
            return Err(DecodeError::Limit { what: "rows of a block", found, limit });
        }
        self.times.check(self.group, self.rows)?;
        let mut columns = 0;
        self.columns.check("column", |column| {
            columns += 1;
            column.check(self.rows)
        })?;
        if columns > MAX_GROUP_SERIES as u64 {
            let limit = MAX_GROUP_SERIES as u64;
            return Err(DecodeError::Limit { what: "columns of a block", found: columns, limit });
        }
        Ok(columns * u64::from(self.rows))
    }
}

/// Checks every block of a frame, and that they do not claim more values than a frame may.
pub(crate) fn check_blocks(blocks: &Entries<'_, Block<'_>>) -> Result<(), DecodeError> {
    let mut values = 0;
    blocks.check("block", |block| {
        values += block.check()?;
        if values > MAX_FRAME_VALUES {
            return Err(DecodeError::Limit { what: "values of a frame", found: values, limit: MAX_FRAME_VALUES });
        }
        Ok(())
    })
}

/// Encodes blocks, one after another, and keeps its memory from frame to frame.
#[derive(Debug, Default)]
pub struct BlockBuffer {
    blocks: EntriesBuffer,
    columns: EntriesBuffer,
    times: Vec<u8>,
    values: Vec<u8>,
}

impl BlockBuffer {
    /// Appends a block of `group`: `times` has a time a row, each column a value a row.
    ///
    /// # Errors
    /// [`EncodeError::Rows`] when a column's length is not that of `times`.
    pub fn push<'v>(
        &mut self,
        group: GroupId,
        times: &[Timestamp],
        columns: impl IntoIterator<Item = (SeriesId, &'v [f64])>,
    ) -> Result<(), EncodeError> {
        self.columns.clear();
        for (series, values) in columns {
            if values.len() != times.len() {
                return Err(EncodeError::Rows { series, found: values.len(), expected: times.len() });
            }
            self.columns.push(&Column::encode(series, values, &mut self.values))?;
        }
        let times_column = Times::encode(times, &mut self.times);
        let rows = times.len() as u32;
        self.blocks.push(&Block { group, rows, times: times_column, columns: self.columns.entries() })
    }

    /// Bytes so far.
    pub const fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Whether no block was pushed.
    pub const fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Forgets the blocks, keeps the memory.
    pub fn clear(&mut self) {
        self.blocks.clear();
    }

    /// Forgets every block after the first `bytes` bytes.
    pub fn truncate(&mut self, bytes: usize) {
        self.blocks.truncate(bytes);
    }

    /// The blocks, ready for a [`Samples`](crate::Samples) or [`History`](crate::History) body.
    pub fn blocks(&self) -> Entries<'_, Block<'_>> {
        self.blocks.entries()
    }
}
