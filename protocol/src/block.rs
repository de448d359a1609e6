//! Sample blocks: rows of a group in columns.

use std::sync::Arc;

use bincode::{BorrowDecode, Decode, Encode};

use crate::codec;
use crate::column::{Column, ColumnScratch};
use crate::entries::{self, Entries, EntriesBuffer, Item};
use crate::error::{DecodeError, EncodeError};
use crate::id::{GroupId, SeriesId};
use crate::limits::{MAX_BLOCK_ROWS, MAX_FRAME_VALUES, MAX_GROUP_SERIES};
use crate::time::Timestamp;
use crate::times::{Times, TimesColumn};

/// Rows of a group. A series without a column has no value in these rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block<'a> {
    /// Effect on the rows that the viewer holds.
    pub mode: BlockMode,
    /// Matches a [`GroupDescriptor`](crate::GroupDescriptor) of the catalog.
    pub group: GroupId,
    /// Length of the time column and of each value column.
    pub rows: u32,
    /// Strictly increasing from row to row.
    pub times: Times<'a>,
    /// One column per series, ids strictly increasing.
    pub columns: Entries<'a, Column<'a>>,
}

/// Effect of a block on the rows of its group that the viewer holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub enum BlockMode {
    /// No row is dropped. A row with the time of a held row sets the values that the block has for it.
    #[default]
    Merge,
    /// Rows at or after the first time of the block are dropped first.
    Replace,
    /// As `Merge`, with rows that arrived after later ones: others may be missing between them.
    Late,
}

/// A block as encoded, with times relative to the base time.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub(crate) struct WireBlock<'a> {
    mode: BlockMode,
    rows: WireRows<'a>,
}

/// The rows of a block as encoded.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
struct WireRows<'a> {
    group: GroupId,
    rows: u32,
    times: TimesColumn<'a>,
    columns: Entries<'a, Column<'a>>,
}

impl<'a> Item<'a> for WireBlock<'a> {
    fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let (mode, rest) = bytes.split_first()?;
        let mode = match mode {
            0 => BlockMode::Merge,
            1 => BlockMode::Replace,
            2 => BlockMode::Late,
            _ => return None,
        };
        *bytes = rest;
        Some(Self { mode, rows: WireRows::take(bytes)? })
    }
}

impl<'a> Item<'a> for WireRows<'a> {
    fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let (group, rows) = (GroupId(codec::take_u32(bytes)?), codec::take_u32(bytes)?);
        let times = TimesColumn::take(bytes)?;
        Some(Self { group, rows, times, columns: Entries::from_bytes(codec::take_bytes(bytes)?) })
    }
}

impl<'a> WireBlock<'a> {
    const fn from(self, base: Timestamp) -> Block<'a> {
        let Self { mode, rows: WireRows { group, rows, times, columns } } = self;
        Block { mode, group, rows, times: Times::new(times, base, rows), columns }
    }
}

impl Block<'_> {
    /// Checks every length and returns the number of values.
    fn check(&self) -> Result<u64, DecodeError> {
        if self.rows > MAX_BLOCK_ROWS {
            let (found, limit) = (u64::from(self.rows), u64::from(MAX_BLOCK_ROWS));
            return Err(DecodeError::Limit { what: "rows of a block", found, limit });
        }
        self.times.check(self.group)?;
        let mut columns = 0;
        let series = |column: &Column<'_>| column.series.0;
        self.columns.check_increasing("column", series, |column| {
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

/// The blocks of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Encode, BorrowDecode)]
pub struct Blocks<'a> {
    /// Times of all blocks are relative to this.
    base: Timestamp,
    list: Entries<'a, WireBlock<'a>>,
}

impl<'a> Blocks<'a> {
    /// Blocks that have not been checked yet.
    pub(crate) const fn new(base: Timestamp, list: Entries<'a, WireBlock<'a>>) -> Self {
        Self { base, list }
    }

    pub(crate) const fn base(&self) -> Timestamp {
        self.base
    }

    pub(crate) const fn list(&self) -> Entries<'a, WireBlock<'a>> {
        self.list
    }

    /// The blocks in frame order.
    pub fn iter(&self) -> BlocksIter<'a> {
        BlocksIter { base: self.base, list: self.list.iter() }
    }

    /// Returns true if the frame has no blocks.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Checks every block, and the limits on rows and values of a frame that has `others` values beside the blocks.
    pub(crate) fn check(&self, others: u64) -> Result<(), DecodeError> {
        let (mut rows, mut values) = (0, others);
        let within = |what, found| match found {
            ..=MAX_FRAME_VALUES => Ok(()),
            found => Err(DecodeError::Limit { what, found, limit: MAX_FRAME_VALUES }),
        };
        self.list.check("block", |block| {
            // A block without columns has no values, but a time per row.
            rows += u64::from(block.rows.rows);
            within("rows of a frame", rows)?;
            values += block.from(self.base).check()?;
            within("values of a frame", values)
        })
    }
}

impl<'a> IntoIterator for &Blocks<'a> {
    type Item = Block<'a>;
    type IntoIter = BlocksIter<'a>;
    fn into_iter(self) -> BlocksIter<'a> {
        self.iter()
    }
}

/// Iterator over the blocks of [`Blocks`].
#[derive(Clone)]
pub struct BlocksIter<'a> {
    base: Timestamp,
    list: entries::Iter<'a, WireBlock<'a>>,
}

impl<'a> Iterator for BlocksIter<'a> {
    type Item = Block<'a>;
    fn next(&mut self) -> Option<Block<'a>> {
        Some(self.list.next()?.from(self.base))
    }
}

/// Rows of a group, encoded by [`BlockBuffer::encode_rows`]. Immutable: their bytes are copied into each message that has them.
/// Cheap to clone: all clones share the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedRows {
    bytes: Arc<[u8]>,
    rows: u32,
    values: u32,
}

impl EncodedRows {
    /// Times are relative to this base, so that the rows may stand in any message with this base.
    pub const BASE: Timestamp = Timestamp::from_micros(0);
    /// Encoded length of a [`BlockMode`], which precedes the rows.
    pub const MODE_BYTES: usize = 1;

    /// Encoded length, without the mode.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns true if there are no rows.
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Number of rows.
    pub const fn rows(&self) -> usize {
        self.rows as usize
    }

    /// Number of values: rows times columns.
    pub const fn values(&self) -> usize {
        self.values as usize
    }

    /// Number of columns; 0 without rows.
    pub const fn columns(&self) -> usize {
        match self.rows {
            0 => 0,
            rows => (self.values / rows) as usize,
        }
    }

    /// The rows, to be merged.
    pub fn block(&self) -> Option<Block<'_>> {
        let rows = WireRows::take(&mut &*self.bytes)?;
        Some(WireBlock { mode: BlockMode::Merge, rows }.from(Self::BASE))
    }
}

/// Group, rows, encoding and the two lengths, as the widest varints; and the excess of a start and a step over one time.
const HEAD_BYTES: usize = 40;
/// Series, encoding and length, as the widest varints.
const COLUMN_HEAD_BYTES: usize = 11;

/// Encodes blocks and reuses its memory from frame to frame.
#[derive(Debug, Default)]
pub struct BlockBuffer {
    base: Timestamp,
    blocks: EntriesBuffer,
    columns: EntriesBuffer,
    times: Vec<u8>,
    time_integers: Vec<i64>,
    values: ColumnScratch,
}

impl BlockBuffer {
    /// Removes all blocks and keeps the memory. Times of the next blocks are written relative to `base`: the smaller the
    /// distance, the fewer bytes they take.
    pub fn start(&mut self, base: Timestamp) {
        self.base = base;
        self.blocks.clear();
    }

    /// Appends a block of `group`, to be merged. `times` and the series of `columns` must be strictly increasing; `times` and each column
    /// have one element per row.
    ///
    /// # Errors
    /// [`EncodeError::Rows`] if a column's length differs from that of `times`; [`EncodeError::Order`] if times or series
    /// are not strictly increasing.
    pub fn push<'v>(
        &mut self,
        group: GroupId,
        times: &[Timestamp],
        columns: impl IntoIterator<Item = (SeriesId, &'v [f64])>,
    ) -> Result<(), EncodeError> {
        self.push_with(BlockMode::Merge, group, times, columns)
    }

    /// Appends a block with a mode.
    ///
    /// # Errors
    /// In the same cases as [`push`](Self::push).
    pub fn push_with<'v>(
        &mut self,
        mode: BlockMode,
        group: GroupId,
        times: &[Timestamp],
        columns: impl IntoIterator<Item = (SeriesId, &'v [f64])>,
    ) -> Result<(), EncodeError> {
        if !times.is_sorted_by(|earlier, later| earlier < later) {
            return Err(EncodeError::Order { what: "times", group });
        }
        self.columns.clear();
        let mut last = None;
        for (series, values) in columns {
            if values.len() != times.len() {
                return Err(EncodeError::Rows { series, found: values.len(), expected: times.len() });
            }
            if last.is_some_and(|last| series <= last) {
                return Err(EncodeError::Order { what: "series", group });
            }
            last = Some(series);
            self.columns.push(&Column::encode(series, values, &mut self.values))?;
        }
        let times_column = TimesColumn::encode(times, self.base, &mut self.time_integers, &mut self.times);
        let rows = times.len() as u32;
        let rows = WireRows { group, rows, times: times_column, columns: self.columns.entries() };
        self.blocks.push(&WireBlock { mode, rows })
    }

    /// Encodes rows once for any number of messages. Replaces the blocks of this buffer.
    ///
    /// # Errors
    /// In the same cases as [`push`](Self::push).
    pub fn encode_rows<'v>(
        &mut self,
        group: GroupId,
        times: &[Timestamp],
        columns: impl IntoIterator<Item = (SeriesId, &'v [f64])>,
    ) -> Result<EncodedRows, EncodeError> {
        self.start(EncodedRows::BASE);
        let mut count = 0;
        self.push(group, times, columns.into_iter().inspect(|_| count += 1))?;
        let bytes = self.blocks.bytes()[EncodedRows::MODE_BYTES..].into();
        let rows = times.len() as u32;
        Ok(EncodedRows { bytes, rows, values: rows * count })
    }

    /// Copies the columns of some series, which must rise, with all rows. Replaces the blocks of this buffer. `None` if the rows have
    /// none of these series.
    ///
    /// # Errors
    /// Never for rows that this crate encoded.
    pub fn select(&mut self, rows: &EncodedRows, series: &[SeriesId]) -> Result<Option<EncodedRows>, EncodeError> {
        let Some(WireRows { group, rows: count, times, columns }) = WireRows::take(&mut &*rows.bytes) else {
            return Ok(None);
        };
        self.columns.clear();
        let mut values = 0;
        for column in columns.iter().filter(|column| series.binary_search(&column.series).is_ok()) {
            self.columns.push(&column)?;
            values += count;
        }
        if values == 0 {
            return Ok(None);
        }
        self.blocks.clear();
        self.blocks.push(&WireRows { group, rows: count, times, columns: self.columns.entries() })?;
        Ok(Some(EncodedRows { bytes: self.blocks.bytes().into(), rows: count, values }))
    }

    /// Appends a block of encoded rows: copies their bytes. The base of this buffer must be [`EncodedRows::BASE`].
    ///
    /// # Errors
    /// [`EncodeError::Base`] if it is another.
    pub fn push_encoded(&mut self, mode: BlockMode, rows: &EncodedRows) -> Result<(), EncodeError> {
        if self.base != EncodedRows::BASE {
            return Err(EncodeError::Base { found: self.base.micros(), expected: EncodedRows::BASE.micros() });
        }
        self.blocks.push(&mode)?;
        self.blocks.push_bytes(&rows.bytes);
        Ok(())
    }

    /// The most bytes that a block takes: its size with every column raw, the longest encoding.
    pub const fn most_bytes(columns: usize, rows: usize) -> usize {
        HEAD_BYTES + size_of::<f64>() * rows + columns * (COLUMN_HEAD_BYTES + size_of::<f64>() * rows)
    }

    /// Length in bytes, not in blocks.
    pub const fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Returns true if the buffer holds no blocks.
    pub const fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Keeps the first `bytes` bytes.
    pub fn truncate(&mut self, bytes: usize) {
        self.blocks.truncate(bytes);
    }

    /// The blocks for a [`Samples`](crate::Samples) or [`History`](crate::History) body.
    pub fn blocks(&self) -> Blocks<'_> {
        Blocks { base: self.base, list: self.blocks.entries() }
    }
}
