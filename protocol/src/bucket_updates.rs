//! Updates of buckets: how the newest summaries of a subscription change from frame to frame.
//!
//! The newest bucket of a group is *open*: later rows change its summaries. An update begins a bucket, changes an open one, or closes it; one
//! update can do all three. Values are integers over a power of ten, less the value that the viewer holds, if every value of the
//! update is such an integer; otherwise they are written in full.

use bincode::BorrowDecode;
use bincode::de::BorrowDecoder;
use bincode::enc::{Encode, Encoder};

use crate::codec;
use crate::column::MISSING;
use crate::error::DecodeError;
use crate::id::{GroupId, SeriesId};
use crate::limits::MAX_GROUP_SERIES;
use crate::scaled_value::{self, Scale, StatedValue};
use crate::time::{Interval, Timestamp};

/// Bits of an update.
pub(crate) const BEGINS: u8 = 1;
pub(crate) const CHANGES: u8 = 1 << 1;
pub(crate) const CLOSES: u8 = 1 << 2;
/// All counts are equal, and written once.
pub(crate) const ONE_COUNT: u8 = 1 << 3;
/// Sums are written in full.
pub(crate) const FULL_SUMS: u8 = 1 << 4;
/// The bucket that begins has the step and the series of the group's open bucket.
pub(crate) const FOLLOWS: u8 = 1 << 5;
const FLAGS: u8 = BEGINS | CHANGES | CLOSES | ONE_COUNT | FULL_SUMS | FOLLOWS;

/// First, last, minimum, maximum, sum and count of one series in a bucket. Sum and count are [`MISSING`] while the bucket is open.
pub type SummaryFields = [f64; 6];

/// Updates of buckets, in the order in which a viewer applies them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BucketUpdates<'a> {
    /// No time is later.
    pub(crate) base: Timestamp,
    /// The updates, one after another.
    pub(crate) list: &'a [u8],
}

/// The update of one bucket of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BucketUpdate<'a> {
    /// Matches a [`GroupDescriptor`](crate::GroupDescriptor) of the catalog.
    pub group: GroupId,
    /// The time of the bucket's newest row.
    pub newest: Timestamp,
    /// The number of series of the bucket.
    pub series: usize,
    /// The bucket that it begins; `None` if the group's open bucket is updated.
    pub begins: Option<BucketStart<'a>>,
    /// No later row is in the bucket: it has sums and counts.
    pub is_closed: bool,
    flags: u8,
    scale: Scale,
    firsts: &'a [u8],
    lasts: &'a [u8],
    /// The series whose minimum or maximum changes.
    masks: [Mask<'a>; 2],
    extremes: [&'a [u8]; 2],
    counts: &'a [u8],
    sums: &'a [u8],
}

/// The beginning of a bucket. It replaces the buckets of the group that begin at the same time or later.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BucketStart<'a> {
    /// The start of the bucket.
    pub start: Timestamp,
    /// Its step and series; `None` if they are those of the group's open bucket.
    pub shape: Option<BucketShape<'a>>,
}

/// The step and the series of a bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BucketShape<'a> {
    /// The length of the bucket.
    pub step: Interval,
    ids: &'a [u8],
}

/// A bit for each series of a bucket, in the order of the series; the first is the lowest bit of the first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mask<'a>(&'a [u8]);

impl Mask<'_> {
    fn has(&self, series: usize) -> bool {
        self.0.get(series / 8).is_some_and(|byte| byte & 1 << (series % 8) != 0)
    }

    fn count(&self) -> usize {
        self.0.iter().map(|byte| byte.count_ones() as usize).sum()
    }

    /// The bits after the last series must be zero.
    fn is_clean(&self, series: usize) -> bool {
        let unused = series.next_multiple_of(8) - series;
        self.0.last().is_none_or(|last| last.leading_zeros() as usize >= unused)
    }
}

impl BucketShape<'_> {
    /// The series of the bucket, in rising order.
    pub fn series(&self) -> impl Iterator<Item = SeriesId> {
        let (mut rest, mut last) = (self.ids, 0_u32);
        std::iter::from_fn(move || {
            last = last.wrapping_add(codec::take_u32(&mut rest)?);
            Some(SeriesId(last))
        })
    }

    /// Returns true if there are `series` ids, which rise.
    fn is_valid(&self, series: usize) -> bool {
        let (mut rest, mut last) = (self.ids, None);
        for _ in 0..series {
            let Some(difference) = codec::take_u32(&mut rest) else { return false };
            last = match last {
                None => Some(difference),
                Some(last) if difference > 0 => difference.checked_add(last),
                Some(_) => None,
            };
            if last.is_none() {
                return false;
            }
        }
        rest.is_empty()
    }
}

impl<'a> BucketUpdate<'a> {
    const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The power of ten by which the values of the update are divided; `None` if they are written in full.
    pub const fn decimals(&self) -> Option<u8> {
        self.scale.decimals()
    }

    /// Removes an update from the front of `bytes`. Its lists of values have as many as it states.
    fn take(bytes: &mut &'a [u8], base: Timestamp) -> Option<Self> {
        let group = GroupId(codec::take_u32(bytes)?);
        let flags = take_byte(bytes)?;
        let newest = base - Interval::from_micros(codec::take_short(bytes)?);
        let series = usize::try_from(codec::take_short(bytes)?).ok().filter(|series| *series <= u16::MAX.into())?;
        let mut update = Self {
            group,
            newest,
            series,
            begins: None,
            is_closed: flags & CLOSES != 0,
            flags,
            scale: Scale::FULL,
            firsts: &[],
            lasts: &[],
            masks: [Mask(&[]); 2],
            extremes: [&[]; 2],
            counts: &[],
            sums: &[],
        };
        if update.has(BEGINS) {
            let start = base - Interval::from_micros(codec::take_short(bytes)?);
            let mut shape = None;
            if !update.has(FOLLOWS) {
                let step = Interval::from_micros(codec::take_short(bytes)?);
                shape = Some(BucketShape { step, ids: codec::take_bytes(bytes)? });
            }
            update.begins = Some(BucketStart { start, shape });
        }
        update.scale = Scale::of_byte(take_byte(bytes)?)?;
        let scale = update.scale;
        if update.has(BEGINS) {
            update.firsts = scale.take_values(bytes, series)?;
        }
        if update.has(CHANGES) {
            update.lasts = scale.take_values(bytes, series)?;
            for mask in &mut update.masks {
                let (bits, rest) = bytes.split_at_checked(series.div_ceil(8))?;
                (*mask, *bytes) = (Mask(bits), rest);
            }
            for (mask, extremes) in update.masks.iter().zip(&mut update.extremes) {
                *extremes = scale.take_values(bytes, mask.count())?;
            }
        }
        if update.has(CLOSES) {
            let counts = if update.has(ONE_COUNT) { 1 } else { series };
            update.counts = scaled_value::take_shorts(bytes, counts)?;
            let scale = if update.has(FULL_SUMS) { Scale::FULL } else { scale };
            update.sums = scale.take_values(bytes, series)?;
        }
        Some(update)
    }

    fn check(&self) -> Result<(), DecodeError> {
        let malformed = DecodeError::MalformedUpdate;
        if self.series > MAX_GROUP_SERIES {
            let (found, limit) = (self.series as u64, MAX_GROUP_SERIES as u64);
            return Err(DecodeError::Limit { what: "series of an update", found, limit });
        }
        if self.flags & !FLAGS != 0 {
            return Err(malformed("flags must be 0 to 63"));
        }
        if !self.masks.iter().all(|mask| mask.is_clean(self.series)) {
            return Err(malformed("a bit of a minimum or a maximum must have a series"));
        }
        if self.begins.and_then(|begins| begins.shape).is_some_and(|shape| !shape.is_valid(self.series)) {
            return Err(malformed("ids of series must be as many as stated, and rise"));
        }
        Ok(())
    }

    /// The first value of each series, if the update begins a bucket. Differences are to the last value of the open bucket if the new one
    /// follows it, otherwise to 0.
    pub fn firsts(&self) -> impl Iterator<Item = StatedValue> {
        self.scale.stated(self.firsts)
    }

    /// The last value of each series, if some value changes.
    pub fn lasts(&self) -> impl Iterator<Item = StatedValue> {
        self.scale.stated(self.lasts)
    }

    /// The minimum of each series; `None` for one that stays. Differences are what the minimum falls by.
    pub fn minima(&self) -> impl Iterator<Item = Option<StatedValue>> {
        self.extremes(0)
    }

    /// The maximum of each series; `None` for one that stays.
    pub fn maxima(&self) -> impl Iterator<Item = Option<StatedValue>> {
        self.extremes(1)
    }

    fn extremes(&self, which: usize) -> impl Iterator<Item = Option<StatedValue>> {
        let (mask, mut stated) = (self.masks[which], self.scale.stated(self.extremes[which]));
        let series = if self.has(CHANGES) { self.series } else { 0 };
        (0..series).map(move |series| if mask.has(series) { stated.next() } else { None })
    }

    /// Sum and count of each series, if the update closes the bucket.
    pub fn sums_and_counts(&self) -> impl Iterator<Item = (f64, f64)> {
        let scale = if self.has(FULL_SUMS) { Scale::FULL } else { self.scale };
        let sums = scale.stated(self.sums).map(move |sum| scale.add(0.0, sum));
        let (mut rest, mut count, is_one) = (self.counts, 0.0, self.has(ONE_COUNT));
        sums.enumerate().map(move |(series, sum)| {
            if series == 0 || !is_one {
                count = codec::take_short(&mut rest).map_or(MISSING, |count| count as f64);
            }
            (sum, count)
        })
    }

    /// Applies the update to the summaries of the group's open bucket, one for each series. They have no meaning if the update begins a bucket
    /// with series of its own. Returns false if there are not as many as series, and changes nothing.
    ///
    /// Hot: once a group and frame; the loops once a series.
    pub fn apply_to(&self, held: &mut Vec<SummaryFields>) -> bool {
        let scale = self.scale;
        if self.begins.is_some_and(|begins| begins.shape.is_some()) {
            held.clear();
            held.resize(self.series, [0.0; 6]);
        }
        if held.len() != self.series {
            return false;
        }
        for (summary, first) in held.iter_mut().zip(self.firsts()) {
            let first = scale.add(summary[1], first);
            *summary = [first, first, first, first, MISSING, MISSING];
        }
        for ([_, last, ..], stated) in held.iter_mut().zip(self.lasts()) {
            *last = scale.add(*last, stated);
        }
        for ([_, _, min, ..], stated) in held.iter_mut().zip(self.minima()) {
            *min = stated.map_or(*min, |stated| scale.subtract(*min, stated));
        }
        for ([_, _, _, max, ..], stated) in held.iter_mut().zip(self.maxima()) {
            *max = stated.map_or(*max, |stated| scale.add(*max, stated));
        }
        for ([.., sum, count], closed) in held.iter_mut().zip(self.sums_and_counts()) {
            (*sum, *count) = closed;
        }
        true
    }
}

fn take_byte(bytes: &mut &[u8]) -> Option<u8> {
    let (&byte, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(byte)
}

impl<'a> BucketUpdates<'a> {
    /// No updates. `base` is the time of the newest row of the frame.
    pub const fn none(base: Timestamp) -> Self {
        Self { base, list: &[] }
    }

    /// Returns true if there are no updates.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The updates in the order in which a viewer applies them.
    pub const fn iter(&self) -> BucketUpdatesIter<'a> {
        BucketUpdatesIter { base: self.base, rest: self.list }
    }

    /// Checks all updates. Each value has a byte or more, so that the length of a message limits their number.
    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        let mut rest = self.list;
        while !rest.is_empty() {
            let malformed =
                DecodeError::MalformedUpdate("it ends too early, has an integer that is too long, or an unknown scale");
            BucketUpdate::take(&mut rest, self.base).ok_or(malformed)?.check()?;
        }
        Ok(())
    }

    /// The same, with times relative to another base.
    pub(crate) const fn at_base(mut self, base: Timestamp) -> Self {
        self.base = base;
        self
    }
}

impl<'a> IntoIterator for &BucketUpdates<'a> {
    type Item = BucketUpdate<'a>;
    type IntoIter = BucketUpdatesIter<'a>;
    fn into_iter(self) -> BucketUpdatesIter<'a> {
        self.iter()
    }
}

/// Iterator over [`BucketUpdates`].
#[derive(Clone)]
pub struct BucketUpdatesIter<'a> {
    base: Timestamp,
    rest: &'a [u8],
}

impl<'a> Iterator for BucketUpdatesIter<'a> {
    type Item = BucketUpdate<'a>;
    fn next(&mut self) -> Option<BucketUpdate<'a>> {
        BucketUpdate::take(&mut self.rest, self.base)
    }
}

impl Encode for BucketUpdates<'_> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
        self.list.encode(encoder)
    }
}

impl<'de: 'a, 'a, C> BorrowDecode<'de, C> for BucketUpdates<'a> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, bincode::error::DecodeError> {
        Ok(Self { list: BorrowDecode::borrow_decode(decoder)?, ..Self::default() })
    }
}
