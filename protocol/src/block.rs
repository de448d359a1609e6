//! Sample blocks: rows of one group, column by column.

use bincode::{BorrowDecode, Encode};

use crate::codec;
use crate::column::{Column, ColumnScratch};
use crate::entries::{self, Entries, EntriesBuffer, Item};
use crate::error::{DecodeError, EncodeError};
use crate::id::{GroupId, SeriesId};
use crate::limits::{MAX_BLOCK_ROWS, MAX_FRAME_VALUES, MAX_GROUP_SERIES};
use crate::time::Timestamp;
use crate::times::{Times, TimesColumn};

/// `rows` rows of one group. A series of the group without a column here has no value in these rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block<'a> {
    /// The group.
    pub group: GroupId,
    /// Values in each column, and times.
    pub rows: u32,
    /// When each row was measured; they rise.
    pub times: Times<'a>,
    /// A column a series, their ids rising.
    pub columns: Entries<'a, Column<'a>>,
}

/// A block as it lies on the wire, where times are told from the origin.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
struct WireBlock<'a> {
    group: GroupId,
    rows: u32,
    times: TimesColumn<'a>,
    columns: Entries<'a, Column<'a>>,
}

impl<'a> Item<'a> for WireBlock<'a> {
    fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let (group, rows) = (GroupId(codec::take_u32(bytes)?), codec::take_u32(bytes)?);
        let times = TimesColumn::take(bytes)?;
        Some(Self { group, rows, times, columns: Entries::of(codec::take_bytes(bytes)?) })
    }
}

impl<'a> WireBlock<'a> {
    const fn from(self, origin: Timestamp) -> Block<'a> {
        let Self { group, rows, times, columns } = self;
        Block { group, rows, times: Times::new(times, origin, rows), columns }
    }
}

impl Block<'_> {
    /// Checks every length and returns how many values the block holds.
    fn check(&self) -> Result<u64, DecodeError> {
        if self.rows > MAX_BLOCK_ROWS {
            let (found, limit) = (u64::from(self.rows), u64::from(MAX_BLOCK_ROWS));
            return Err(DecodeError::Limit { what: "rows of a block", found, limit });
        }
        self.times.check(self.group)?;
        let mut columns = 0;
        let series = |column: &Column<'_>| column.series.0;
        self.columns.check_rising("column", series, |column| {
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

/// The blocks of a frame, borrowed from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Encode, BorrowDecode)]
pub struct Blocks<'a> {
    /// What the times of all blocks are told from.
    origin: Timestamp,
    list: Entries<'a, WireBlock<'a>>,
}

impl<'a> Blocks<'a> {
    /// The blocks, in order.
    pub fn iter(&self) -> BlocksIter<'a> {
        BlocksIter { origin: self.origin, list: self.list.iter() }
    }

    /// Whether there is no block.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Hands every block to `visitor`, and of those that it enters every column, in order. What it skips is not decoded.
    ///
    /// Hot: once a column.
    pub fn visit(&self, visitor: &mut impl Visitor) {
        for block in self {
            if visitor.block(&block) == Visit::Skip {
                continue;
            }
            for column in &block.columns {
                visitor.column(&block, &column);
            }
        }
    }

    /// Checks every block, and that they do not claim more values than a frame may.
    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        let (mut rows, mut values) = (0, 0);
        let within = |what, found| match found {
            ..=MAX_FRAME_VALUES => Ok(()),
            found => Err(DecodeError::Limit { what, found, limit: MAX_FRAME_VALUES }),
        };
        self.list.check("block", |block| {
            // Rows count by themselves too: a block without columns has no value, yet a time for each row.
            rows += u64::from(block.rows);
            within("rows of a frame", rows)?;
            values += block.from(self.origin).check()?;
            within("values of a frame", values)
        })
    }
}

/// What a [`Visitor`] wants of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// Its columns.
    Enter,
    /// Nothing more.
    Skip,
}

/// Walks [`Blocks`], taking what it shows and skipping the rest.
pub trait Visitor {
    /// A block begins.
    fn block(&mut self, block: &Block<'_>) -> Visit;

    /// A column of a block that was entered. Its values are still packed: [`Column::values`] reads them.
    fn column(&mut self, block: &Block<'_>, column: &Column<'_>);
}

impl<'a> IntoIterator for &Blocks<'a> {
    type Item = Block<'a>;
    type IntoIter = BlocksIter<'a>;
    fn into_iter(self) -> BlocksIter<'a> {
        self.iter()
    }
}

/// Walks [`Blocks`].
#[derive(Clone)]
pub struct BlocksIter<'a> {
    origin: Timestamp,
    list: entries::Iter<'a, WireBlock<'a>>,
}

impl<'a> Iterator for BlocksIter<'a> {
    type Item = Block<'a>;
    fn next(&mut self) -> Option<Block<'a>> {
        Some(self.list.next()?.from(self.origin))
    }
}

/// Encodes blocks, one after another, and keeps its memory from frame to frame.
#[derive(Debug, Default)]
pub struct BlockBuffer {
    origin: Timestamp,
    blocks: EntriesBuffer,
    columns: EntriesBuffer,
    times: Vec<u8>,
    time_integers: Vec<i64>,
    values: ColumnScratch,
}

impl BlockBuffer {
    /// Forgets the blocks and keeps the memory. Times of the blocks to come are told from `origin`: the nearer it is to
    /// them, the fewer bytes they take.
    pub fn start(&mut self, origin: Timestamp) {
        self.origin = origin;
        self.blocks.clear();
    }

    /// Appends a block of `group`: `times` has a time a row, rising; each column a value a row, their series rising.
    ///
    /// # Errors
    /// [`EncodeError::Rows`] when a column's length is not that of `times`; [`EncodeError::Order`] when times or series do
    /// not rise.
    pub fn push<'v>(
        &mut self,
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
        let times_column = TimesColumn::encode(times, self.origin, &mut self.time_integers, &mut self.times);
        let rows = times.len() as u32;
        self.blocks.push(&WireBlock { group, rows, times: times_column, columns: self.columns.entries() })
    }

    /// Bytes so far.
    pub const fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Whether no block was pushed.
    pub const fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Forgets every block after the first `bytes` bytes.
    pub fn truncate(&mut self, bytes: usize) {
        self.blocks.truncate(bytes);
    }

    /// The blocks, ready for a [`Samples`](crate::Samples) or [`History`](crate::History) body.
    pub fn blocks(&self) -> Blocks<'_> {
        Blocks { origin: self.origin, list: self.blocks.entries() }
    }
}
