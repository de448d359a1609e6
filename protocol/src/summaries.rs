//! Blocks of summaries: series of one group in buckets of time.
//!
//! A summary has six fields: first, last, minimum, maximum, sum and count of the finite values of one series in one bucket. Each field of a
//! series is a column in one of the [encodings](crate::column::encoding) of values. A column that would be equal to the one of
//! `first`, or a count of 1 in all buckets, is left out.

use bincode::de::BorrowDecoder;
use bincode::enc::{Encode, Encoder};
use bincode::{BorrowDecode, Decode};

use crate::bucket_updates::BucketUpdates;
use crate::codec::{self, Check};
use crate::column::{Column, MISSING, Values};
use crate::entries::{self, Entries, Item};
use crate::error::DecodeError;
use crate::id::{GroupId, SeriesId};
use crate::limits::{MAX_BLOCK_ROWS, MAX_FRAME_VALUES, MAX_GROUP_SERIES};
use crate::time::{Interval, Timestamp};
use crate::times::{Times, TimesColumn};

/// A part of the answer to a query.
#[derive(Clone, Copy, Debug, PartialEq, bincode::Encode, BorrowDecode)]
pub struct Answer<'a> {
    /// The id of the query.
    pub query: u32,
    /// Place of the frame in the answer.
    pub part: AnswerPart,
    /// Of the selected series, in any order. A selected series without a block in any frame of the answer has no values in
    /// the range.
    pub blocks: SummaryBlocks<'a>,
}

impl Check for Answer<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        self.blocks.check()
    }
}

/// Place of a frame in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bincode::Encode, Decode)]
pub enum AnswerPart {
    /// Of the coarse answer, which the rest of the answer replaces. Frames follow.
    Coarse,
    /// Frames follow.
    More,
    /// The last frame.
    Last,
}

/// Part of a history of summaries: closed buckets, and the open ones. It comes before the last [`History`](crate::History) frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summaries<'a> {
    /// Closed buckets, oldest first within a group. A block begins after the buckets of the group before it, or has the same times
    /// and other series.
    pub blocks: SummaryBlocks<'a>,
    /// The open buckets up to and including the header's sequence.
    pub open: BucketUpdates<'a>,
}

impl Check for Summaries<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        self.blocks.check()?;
        self.open.check()
    }
}

impl Encode for Summaries<'_> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
        (&self.blocks, self.open.base, &self.open).encode(encoder)
    }
}

impl<'de: 'a, 'a, C> BorrowDecode<'de, C> for Summaries<'a> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, bincode::error::DecodeError> {
        let (blocks, base, open): (_, _, BucketUpdates<'a>) = BorrowDecode::borrow_decode(decoder)?;
        Ok(Self { blocks, open: open.at_base(base) })
    }
}

/// Series of one group in buckets. A series that is not listed has no values in these buckets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SummaryBlock<'a> {
    /// Matches a [`GroupDescriptor`](crate::GroupDescriptor) of the catalog.
    pub group: GroupId,
    /// The length of a bucket. With 0, each bucket is a row.
    pub step: Interval,
    /// The start of each bucket, or the time of each row, strictly increasing.
    pub times: Times<'a>,
    /// Ids strictly increasing.
    pub series: Entries<'a, SummaryColumns<'a>>,
}

/// Fields of a summary besides the first value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SummaryField {
    /// The last value.
    Last,
    /// The minimum.
    Min,
    /// The maximum.
    Max,
    /// The sum.
    Sum,
    /// The number of values.
    Count,
}

impl SummaryField {
    /// All, in wire order.
    pub const ALL: [Self; FIELDS] = [Self::Last, Self::Min, Self::Max, Self::Sum, Self::Count];
}

pub(crate) const FIELDS: usize = 5;
/// The number of bits that name columns.
const BITS: usize = 8;

/// The summaries of one series in the buckets of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SummaryColumns<'a> {
    /// Matches a [`SeriesDescriptor`](crate::SeriesDescriptor) of the catalog.
    pub series: SeriesId,
    /// A bit for each column after the first.
    own: u8,
    first: WireColumn<'a>,
    /// The column of each bit.
    others: [WireColumn<'a>; BITS],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, bincode::Encode, BorrowDecode)]
pub(crate) struct WireColumn<'a> {
    pub(crate) encoding: u8,
    pub(crate) bytes: &'a [u8],
}

impl<'a> WireColumn<'a> {
    fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let (&encoding, rest) = bytes.split_first()?;
        *bytes = rest;
        Some(Self { encoding, bytes: codec::take_bytes(bytes)? })
    }

    pub(crate) const fn of(self, series: SeriesId) -> Column<'a> {
        Column { series, encoding: self.encoding, bytes: self.bytes }
    }
}

impl<'a> SummaryColumns<'a> {
    /// The first value of each bucket; [`MISSING`] in buckets without values. In these the other fields have no
    /// meaning. `None` if the encoding is unknown to this version.
    pub fn first(&self) -> Option<Values<'a>> {
        self.first.of(self.series).values()
    }

    /// The values of another field. `None` if the encoding is unknown to this version.
    pub fn field(&self, field: SummaryField) -> Option<Values<'a>> {
        if self.own & 1 << field as u8 != 0 {
            return self.others[field as usize].of(self.series).values();
        }
        if field == SummaryField::Count { Some(Values::Constant(1.0)) } else { self.first() }
    }

    /// Copies all fields of a block of `buckets` buckets: the first values, and the others in the order of [`SummaryField::ALL`]. `None` if an
    /// encoding is unknown to this version.
    pub fn copied(&self, buckets: usize) -> Option<[Vec<f64>; 1 + FIELDS]> {
        let mut fields = [const { Vec::new() }; 1 + FIELDS];
        let columns = [self.first()].into_iter().chain(SummaryField::ALL.map(|field| self.field(field)));
        for (field, column) in fields.iter_mut().zip(columns) {
            field.resize(buckets, MISSING);
            column?.copy_to(field);
        }
        Some(fields)
    }

    /// Checks every length and returns the number of columns.
    fn check(&self, buckets: u32) -> Result<u64, DecodeError> {
        self.first.of(self.series).check(buckets)?;
        let mut columns = 1;
        for field in SummaryField::ALL.into_iter().filter(|&field| self.own & 1 << field as u8 != 0) {
            self.others[field as usize].of(self.series).check(buckets)?;
            columns += 1;
        }
        Ok(columns)
    }
}

impl<'a> Item<'a> for SummaryColumns<'a> {
    fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let series = SeriesId(codec::take_u32(bytes)?);
        let (&own, rest) = bytes.split_first()?;
        *bytes = rest;
        let first = WireColumn::take(bytes)?;
        let mut others = [WireColumn::default(); BITS];
        for (bit, column) in others.iter_mut().enumerate() {
            if own & 1 << bit != 0 {
                *column = WireColumn::take(bytes)?;
            }
        }
        Some(Self { series, own, first, others })
    }
}

impl Encode for SummaryColumns<'_> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
        self.series.encode(encoder)?;
        self.own.encode(encoder)?;
        self.first.encode(encoder)?;
        let own = self.others.iter().enumerate().filter(|(bit, _)| self.own & 1 << bit != 0);
        own.into_iter().try_for_each(|(_, column)| column.encode(encoder))
    }
}

impl<'de: 'a, 'a, C> BorrowDecode<'de, C> for SummaryColumns<'a> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, bincode::error::DecodeError> {
        let (series, own) = (SeriesId::decode(decoder)?, u8::decode(decoder)?);
        let first = WireColumn::borrow_decode(decoder)?;
        let mut others = [WireColumn::default(); BITS];
        for (bit, column) in others.iter_mut().enumerate() {
            if own & 1 << bit != 0 {
                *column = WireColumn::borrow_decode(decoder)?;
            }
        }
        Ok(Self { series, own, first, others })
    }
}

/// A block as encoded, with times relative to the base time.
#[derive(Clone, Copy, Debug, PartialEq, bincode::Encode, BorrowDecode)]
pub(crate) struct WireSummaryBlock<'a> {
    pub(crate) group: GroupId,
    pub(crate) step: Interval,
    pub(crate) buckets: u32,
    pub(crate) times: TimesColumn<'a>,
    pub(crate) series: Entries<'a, SummaryColumns<'a>>,
}

impl<'a> Item<'a> for WireSummaryBlock<'a> {}

impl<'a> WireSummaryBlock<'a> {
    const fn from(self, base: Timestamp) -> SummaryBlock<'a> {
        let Self { group, step, buckets, times, series } = self;
        SummaryBlock { group, step, times: Times::new(times, base, buckets), series }
    }
}

impl SummaryBlock<'_> {
    /// Checks every length and returns the number of values.
    fn check(&self) -> Result<u64, DecodeError> {
        let buckets = self.times.len() as u32;
        if buckets > MAX_BLOCK_ROWS {
            let (found, limit) = (u64::from(buckets), u64::from(MAX_BLOCK_ROWS));
            return Err(DecodeError::Limit { what: "buckets of a block", found, limit });
        }
        self.times.check(self.group)?;
        let (mut series, mut columns) = (0, 0);
        self.series.check_increasing(
            "series of summaries",
            |item| item.series.0,
            |item| {
                series += 1;
                columns += item.check(buckets)?;
                Ok(())
            },
        )?;
        if series > MAX_GROUP_SERIES as u64 {
            return Err(DecodeError::Limit {
                what: "series of a block",
                found: series,
                limit: MAX_GROUP_SERIES as u64,
            });
        }
        Ok(columns * u64::from(buckets))
    }
}

/// The blocks of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, bincode::Encode, BorrowDecode)]
pub struct SummaryBlocks<'a> {
    /// Times of all blocks are relative to this.
    pub(crate) base: Timestamp,
    pub(crate) list: Entries<'a, WireSummaryBlock<'a>>,
}

impl<'a> SummaryBlocks<'a> {
    /// The blocks in frame order.
    pub fn iter(&self) -> SummaryBlocksIter<'a> {
        SummaryBlocksIter { base: self.base, list: self.list.iter() }
    }

    /// Returns true if the frame has no blocks.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn check(&self) -> Result<(), DecodeError> {
        let (mut buckets, mut values) = (0, 0);
        let within = |what, found| match found {
            ..=MAX_FRAME_VALUES => Ok(()),
            found => Err(DecodeError::Limit { what, found, limit: MAX_FRAME_VALUES }),
        };
        self.list.check("block of summaries", |block| {
            // A block without series has no values, but a time per bucket.
            buckets += u64::from(block.buckets);
            within("buckets of a frame", buckets)?;
            values += block.from(self.base).check()?;
            within("values of a frame", values)
        })
    }
}

impl<'a> IntoIterator for &SummaryBlocks<'a> {
    type Item = SummaryBlock<'a>;
    type IntoIter = SummaryBlocksIter<'a>;
    fn into_iter(self) -> SummaryBlocksIter<'a> {
        self.iter()
    }
}

/// Iterator over the blocks of [`SummaryBlocks`].
#[derive(Clone)]
pub struct SummaryBlocksIter<'a> {
    base: Timestamp,
    list: entries::Iter<'a, WireSummaryBlock<'a>>,
}

impl<'a> Iterator for SummaryBlocksIter<'a> {
    type Item = SummaryBlock<'a>;
    fn next(&mut self) -> Option<SummaryBlock<'a>> {
        Some(self.list.next()?.from(self.base))
    }
}
