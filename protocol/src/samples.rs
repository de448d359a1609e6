//! Live samples: rows, and updates of buckets.

use bincode::{BorrowDecode, Encode};

use crate::block::{BlockBuffer, BlockMode, Blocks, WireBlock};
use crate::bucket_updates::BucketUpdates;
use crate::bucket_updates_buffer::{BucketState, BucketUpdatesBuffer};
use crate::codec;
use crate::column::is_missing;
use crate::entries::Entries;
use crate::error::{DecodeError, EncodeError};
use crate::id::{GroupId, SeriesId};
use crate::sample_list::{Sample, SampleList, SampleListBuffer};
use crate::time::Timestamp;

/// Blocks of at most this many rows are written as a list of samples: columns of so few rows take more bytes
/// (docs/BENCHMARKS.md, "Bytes").
const MAX_LISTED_ROWS: usize = 5;

/// Live samples. The header's sequence is the number of this frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Samples<'a> {
    /// Time of the newest row. Times of rows are written relative to it.
    pub collected: Timestamp,
    /// Short rows. They are merged with the rows that the viewer holds.
    pub list: SampleList<'a>,
    /// A group may have several blocks, in the order in which a viewer applies them.
    pub blocks: Blocks<'a>,
    /// Updates of the buckets of groups that are sent as summaries.
    pub updates: BucketUpdates<'a>,
}

/// The body as encoded.
#[derive(Debug, Encode, BorrowDecode)]
struct WireSamples<'a> {
    /// Microseconds since the header's time of sending.
    collected: i64,
    list: &'a [u8],
    blocks: Entries<'a, WireBlock<'a>>,
}

impl<'a> Samples<'a> {
    /// A body of blocks alone. The time of its newest row must be the base of the blocks.
    pub const fn of_blocks(blocks: Blocks<'a>) -> Self {
        let base = blocks.base();
        Self { collected: base, list: SampleList::new(base, &[]), blocks, updates: BucketUpdates::none(base) }
    }

    /// Decodes the body of a frame that was sent at `sent`.
    pub(crate) fn decode(bytes: &'a [u8], sent: Timestamp) -> Result<Self, DecodeError> {
        let wire = codec::decode_known("samples", bytes, codec::BODY)?;
        Self::read(&wire, BucketUpdates::default(), sent)
    }

    /// Decodes the same with updates after it.
    pub(crate) fn decode_updated(bytes: &'a [u8], sent: Timestamp) -> Result<Self, DecodeError> {
        let (wire, updates) = codec::decode_known("samples with updates", bytes, codec::BODY)?;
        Self::read(&wire, updates, sent)
    }

    fn read(wire: &WireSamples<'a>, updates: BucketUpdates<'a>, sent: Timestamp) -> Result<Self, DecodeError> {
        let WireSamples { collected, list, blocks } = *wire;
        let collected = Timestamp::from_micros(sent.micros().wrapping_add(collected));
        let list = SampleList::new(collected, list);
        let blocks = Blocks::new(collected, blocks);
        blocks.check(list.check()?)?;
        let updates = updates.at_base(collected);
        updates.check()?;
        Ok(Self { collected, list, blocks, updates })
    }

    pub(crate) fn append_to(&self, sent: Timestamp, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let expected = self.collected.micros();
        let bases = [
            (self.list.base(), self.list.is_empty()),
            (self.blocks.base(), self.blocks.is_empty()),
            (self.updates.base, self.updates.is_empty()),
        ];
        for (base, is_empty) in bases {
            if base != self.collected && !is_empty {
                return Err(EncodeError::Base { found: base.micros(), expected });
            }
        }
        let collected = self.collected.micros().wrapping_sub(sent.micros());
        let wire = WireSamples { collected, list: self.list.bytes(), blocks: self.blocks.list() };
        codec::append(&wire, out, codec::BODY)?;
        if self.updates.is_empty() { Ok(()) } else { codec::append(&self.updates, out, codec::BODY) }
    }
}

/// Encodes live samples and reuses its memory from frame to frame.
#[derive(Debug, Default)]
pub struct SamplesBuffer {
    collected: Timestamp,
    list: SampleListBuffer,
    blocks: BlockBuffer,
    updates: BucketUpdatesBuffer,
    /// Groups with a block that replaces rows. All of their rows are in blocks, which a viewer applies in order.
    replaced: Vec<GroupId>,
}

impl SamplesBuffer {
    /// The most bytes that `rows` rows of a group take, if every column has a value for each.
    pub const fn most_bytes(columns: usize, rows: usize) -> usize {
        let blocks = BlockBuffer::most_bytes(columns, rows);
        let listed = SampleListBuffer::most_bytes(columns, rows);
        if rows <= MAX_LISTED_ROWS && listed > blocks { listed } else { blocks }
    }

    /// Removes all rows and keeps the memory. `collected` is the time of the newest row that will be pushed.
    pub fn start(&mut self, collected: Timestamp) {
        self.collected = collected;
        self.list.start(collected);
        self.blocks.start(collected);
        self.updates.start(collected);
        self.replaced.clear();
    }

    /// Appends rows of a group, as a list of samples if they are few, else as a block. `times` and the series of `columns`
    /// must be strictly increasing; `times` and each column have one element per row.
    ///
    /// # Errors
    /// In the same cases as [`BlockBuffer::push_with`].
    pub fn push<'v, C>(
        &mut self,
        mode: BlockMode,
        group: GroupId,
        times: &[Timestamp],
        columns: C,
    ) -> Result<(), EncodeError>
    where
        C: IntoIterator<Item = (SeriesId, &'v [f64]), IntoIter: Clone>,
    {
        let columns = columns.into_iter();
        if mode == BlockMode::Replace {
            self.replaced.push(group);
        }
        if self.replaced.contains(&group) || !self.can_list(times, &columns) {
            return self.blocks.push_with(mode, group, times, columns);
        }
        for (series, values) in columns {
            for (&time, &value) in times.iter().zip(values) {
                self.list.push(Sample { time, series, value });
            }
        }
        Ok(())
    }

    /// Appends the update of a bucket.
    ///
    /// # Errors
    /// In the same cases as [`BucketUpdatesBuffer::push`].
    pub fn push_update(&mut self, state: &BucketState<'_>) -> Result<(), EncodeError> {
        self.updates.push(state)
    }

    /// A list has no place for a row without values, and for times that are years apart.
    fn can_list<'v>(
        &self,
        times: &[Timestamp],
        columns: &(impl Iterator<Item = (SeriesId, &'v [f64])> + Clone),
    ) -> bool {
        let has_value =
            |row: usize| columns.clone().any(|(_, values)| values.get(row).is_some_and(|value| !is_missing(*value)));
        times.len() <= MAX_LISTED_ROWS
            && times.is_sorted_by(|earlier, later| earlier < later)
            && columns.clone().is_sorted_by(|(one, values), (next, _)| one < next && values.len() == times.len())
            && columns.clone().last().is_some_and(|(last, values)| last.0 < u32::MAX && values.len() == times.len())
            && times.iter().enumerate().all(|(row, &time)| self.list.accepts(time) && has_value(row))
    }

    /// The body of a frame with the rows that were pushed.
    pub fn samples(&mut self) -> Samples<'_> {
        self.list.encode();
        let (list, blocks) = (self.list.list(), self.blocks.blocks());
        Samples { collected: self.collected, list, blocks, updates: self.updates.updates() }
    }
}
