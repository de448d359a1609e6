//! Updates of buckets: how the newest summaries of a subscription change from frame to frame.
//!
//! The newest bucket of a group is *open*: later rows change its summaries. An update begins a bucket, changes an open one, or closes it; one
//! update can do all three. The values of all updates of a frame are in six columns, so that neighbours share a head.

use bincode::BorrowDecode;
use bincode::de::BorrowDecoder;
use bincode::enc::{Encode, Encoder};

use crate::codec;
use crate::error::DecodeError;
use crate::id::{GroupId, SeriesId};
use crate::limits::{MAX_FRAME_VALUES, MAX_GROUP_SERIES};
use crate::summaries::WireColumn;
use crate::time::{Interval, Timestamp};

/// Bits of an update.
pub(crate) const BEGINS: u8 = 1;
pub(crate) const CHANGES: u8 = 1 << 1;
pub(crate) const CLOSES: u8 = 1 << 2;

/// Fields of a summary: first, last, minimum, maximum, sum, count.
pub(crate) const FIELDS: usize = 6;

/// Updates of buckets, in the order in which a viewer applies them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BucketUpdates<'a> {
    /// No time is later.
    pub(crate) base: Timestamp,
    /// The updates, one after another.
    pub(crate) list: &'a [u8],
    /// A column of each field: the values of all updates, one after another.
    pub(crate) columns: [WireColumn<'a>; FIELDS],
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
    /// The series whose minimum or maximum changes; `None` if no value changes.
    pub changes: Option<BucketChanges<'a>>,
    /// No later row is in the bucket: it has sums and counts.
    pub is_closed: bool,
}

/// The beginning of a bucket. It replaces the buckets of the group that begin at the same time or later.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BucketStart<'a> {
    /// The start of the bucket.
    pub start: Timestamp,
    /// The length of the bucket.
    pub step: Interval,
    ids: &'a [u8],
}

/// The changes of an open bucket: every last value, and some minima and maxima.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BucketChanges<'a> {
    /// The series whose minimum changes.
    pub min: Mask<'a>,
    /// The series whose maximum changes.
    pub max: Mask<'a>,
}

/// A bit for each series of a bucket, in the order of the series; the first is the lowest bit of the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask<'a>(&'a [u8]);

impl Mask<'_> {
    /// Returns true if the bit of a series is set.
    pub fn has(&self, series: usize) -> bool {
        self.0.get(series / 8).is_some_and(|byte| byte & 1 << (series % 8) != 0)
    }

    fn count(&self) -> usize {
        self.0.iter().map(|byte| byte.count_ones() as usize).sum()
    }

    /// The bits after the last series must be zero.
    fn check(&self, series: usize) -> Option<()> {
        let unused = series.next_multiple_of(8) - series;
        let is_clean = self.0.last().is_none_or(|last| u32::from(*last).leading_zeros() as usize >= 24 + unused);
        is_clean.then_some(())
    }
}

impl BucketStart<'_> {
    /// The series of the bucket, in rising order.
    pub fn series(&self) -> impl Iterator<Item = SeriesId> {
        let (mut rest, mut last) = (self.ids, 0_u32);
        std::iter::from_fn(move || {
            last = last.wrapping_add(codec::take_u32(&mut rest)?);
            Some(SeriesId(last))
        })
    }

    /// Checks that there are `series` ids, which rise.
    fn check(&self, series: usize) -> Option<()> {
        let (mut rest, mut last) = (self.ids, None);
        for _ in 0..series {
            let difference = codec::take_u32(&mut rest)?;
            last = Some(match last {
                None => difference,
                Some(last) => (difference > 0).then(|| difference.checked_add(last))??,
            });
        }
        rest.is_empty().then_some(())
    }
}

/// The new values of one series of an updated bucket. `None` for a field that stays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SummaryUpdate {
    /// The first value. It is also last, minimum and maximum of a bucket that begins, unless these are stated too.
    pub first: Option<f64>,
    /// The last value.
    pub last: Option<f64>,
    /// The minimum.
    pub min: Option<f64>,
    /// The maximum.
    pub max: Option<f64>,
    /// Sum and count, when the bucket is closed.
    pub sum_and_count: Option<(f64, f64)>,
}

/// The columns of [`BucketUpdates`], copied. It is reused from frame to frame.
#[derive(Debug, Default)]
pub struct UpdateValues {
    columns: [Vec<f64>; FIELDS],
    /// The next value of each column.
    next: [usize; FIELDS],
}

impl UpdateValues {
    /// With memory for the values of any frame: no copy allocates.
    pub fn with_capacity() -> Self {
        let columns = std::array::from_fn(|_| Vec::with_capacity(MAX_FRAME_VALUES as usize));
        Self { columns, next: [0; FIELDS] }
    }

    /// The new values of each series of `update`, in the order of the series. Must be called once for each update, in order.
    pub fn series(&mut self, update: &BucketUpdate<'_>) -> impl Iterator<Item = SummaryUpdate> {
        let update = *update;
        let mut next = self.next;
        for (next, count) in self.next.iter_mut().zip(update.values()) {
            *next += count;
        }
        let columns = &self.columns;
        (0..update.series).map(move |series| {
            let mut take = |field: usize, is_there: bool| {
                let value = columns[field].get(next[field]).copied().filter(|_| is_there)?;
                next[field] += 1;
                Some(value)
            };
            let is_changed = update.changes.map(|changes| (changes.min.has(series), changes.max.has(series)));
            let (min, max) = is_changed.unwrap_or_default();
            SummaryUpdate {
                first: take(0, update.begins.is_some()),
                last: take(1, update.changes.is_some()),
                min: take(2, min),
                max: take(3, max),
                sum_and_count: take(4, update.is_closed).zip(take(5, update.is_closed)),
            }
        })
    }
}

impl BucketUpdate<'_> {
    /// The number of its values in each column.
    fn values(&self) -> [usize; FIELDS] {
        let all_if = |has: bool| if has { self.series } else { 0 };
        let (min, max) = self.changes.map(|changes| (changes.min.count(), changes.max.count())).unwrap_or_default();
        let closed = all_if(self.is_closed);
        [all_if(self.begins.is_some()), all_if(self.changes.is_some()), min, max, closed, closed]
    }
}

/// An update as encoded, with times relative to the base.
#[derive(Clone, Copy, Debug, PartialEq)]
struct WireUpdate<'a> {
    group: GroupId,
    flags: u8,
    newest_before_base: u64,
    series: usize,
    start_before_base: u64,
    step: u64,
    ids: &'a [u8],
    min: Mask<'a>,
    max: Mask<'a>,
}

impl<'a> WireUpdate<'a> {
    const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn at(self, base: Timestamp) -> BucketUpdate<'a> {
        let time = |before: u64| base - Interval::from_micros(before);
        let (start, step) = (time(self.start_before_base), Interval::from_micros(self.step));
        BucketUpdate {
            group: self.group,
            newest: time(self.newest_before_base),
            series: self.series,
            begins: self.has(BEGINS).then_some(BucketStart { start, step, ids: self.ids }),
            changes: self.has(CHANGES).then_some(BucketChanges { min: self.min, max: self.max }),
            is_closed: self.has(CLOSES),
        }
    }

    /// Adds the number of its values in each column.
    fn count(&self, values: &mut [u64; FIELDS]) {
        let counts = self.at(Timestamp::default()).values();
        values.iter_mut().zip(counts).for_each(|(values, count)| *values += count as u64);
    }

    fn check(&self) -> Result<(), DecodeError> {
        let malformed = DecodeError::MalformedUpdate;
        if self.series > MAX_GROUP_SERIES {
            let (found, limit) = (self.series as u64, MAX_GROUP_SERIES as u64);
            return Err(DecodeError::Limit { what: "series of an update", found, limit });
        }
        if self.flags & !(BEGINS | CHANGES | CLOSES) != 0 {
            return Err(malformed("flags must be 0 to 7"));
        }
        self.min.check(self.series).ok_or_else(|| malformed("a bit of a minimum must have a series"))?;
        self.max.check(self.series).ok_or_else(|| malformed("a bit of a maximum must have a series"))?;
        if self.has(BEGINS) {
            let start = BucketStart { start: Timestamp::default(), step: Interval::ZERO, ids: self.ids };
            start.check(self.series).ok_or_else(|| malformed("ids of series must be as many as stated, and rise"))?;
        }
        Ok(())
    }
}

impl<'a> WireUpdate<'a> {
    /// Removes an update from the front of `bytes`.
    fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let group = GroupId(codec::take_u32(bytes)?);
        let (&flags, rest) = bytes.split_first()?;
        *bytes = rest;
        let newest_before_base = codec::take_short(bytes)?;
        let series = usize::try_from(codec::take_short(bytes)?).ok()?;
        let (mut start_before_base, mut step, mut ids) = (0, 0, &[][..]);
        if flags & BEGINS != 0 {
            (start_before_base, step) = (codec::take_short(bytes)?, codec::take_short(bytes)?);
            ids = codec::take_bytes(bytes)?;
        }
        let mut mask = || {
            let length = if flags & CHANGES != 0 { series.div_ceil(8) } else { 0 };
            let (mask, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            Some(Mask(mask))
        };
        let (min, max) = (mask()?, mask()?);
        Some(Self { group, flags, newest_before_base, series, start_before_base, step, ids, min, max })
    }
}

impl<'a> BucketUpdates<'a> {
    /// No updates. `base` is the time of the newest row of the frame.
    pub const fn none(base: Timestamp) -> Self {
        Self { base, list: &[], columns: [WireColumn { encoding: 0, bytes: &[] }; FIELDS] }
    }

    /// Returns true if there are no updates.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The updates in the order in which a viewer applies them.
    pub fn iter(&self) -> BucketUpdatesIter<'a> {
        BucketUpdatesIter { base: self.base, rest: self.list }
    }

    /// The number of values of each field.
    fn counts(&self) -> [u64; FIELDS] {
        let mut counts = [0; FIELDS];
        let mut rest = self.list;
        while let Some(update) = WireUpdate::take(&mut rest) {
            update.count(&mut counts);
        }
        counts
    }

    /// Copies the values. Returns false if an encoding is unknown to this version.
    pub fn copy_to(&self, values: &mut UpdateValues) -> bool {
        values.next = [0; FIELDS];
        let columns = self.columns.iter().zip(self.counts()).zip(&mut values.columns);
        columns.into_iter().all(|((column, count), copied)| {
            copied.clear();
            copied.resize(count as usize, f64::NAN);
            column.of(SeriesId(0)).values().map(|column| column.copy_to(copied)).is_some()
        })
    }

    /// Checks all updates, and every column. `others` is the number of other values of the frame.
    pub(crate) fn check(&self, others: u64) -> Result<(), DecodeError> {
        let mut counts = [0; FIELDS];
        let mut rest = self.list;
        while !rest.is_empty() {
            let malformed = DecodeError::MalformedUpdate("it ends too early, or has an integer that is too long");
            let update = WireUpdate::take(&mut rest).ok_or(malformed)?;
            update.check()?;
            update.count(&mut counts);
            let found = counts.iter().sum::<u64>().saturating_add(others);
            if found > MAX_FRAME_VALUES {
                return Err(DecodeError::Limit { what: "values of a frame", found, limit: MAX_FRAME_VALUES });
            }
        }
        for (column, count) in self.columns.iter().zip(counts) {
            if count == 0 && *column != WireColumn::default() {
                return Err(DecodeError::MalformedUpdate("a column must have values"));
            }
            column.of(SeriesId(0)).check(count as u32)?;
        }
        Ok(())
    }

    /// The same, with times relative to another base.
    pub(crate) const fn from_base(mut self, base: Timestamp) -> Self {
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
        Some(WireUpdate::take(&mut self.rest)?.at(self.base))
    }
}

/// The list, then a byte with a bit for each column that has values, and these columns.
impl Encode for BucketUpdates<'_> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
        self.list.encode(encoder)?;
        let counts = self.counts();
        let has_values = |field: &usize| counts[*field] > 0;
        (0..FIELDS).filter(has_values).fold(0_u8, |mask, field| mask | 1 << field).encode(encoder)?;
        (0..FIELDS).filter(has_values).try_for_each(|field| self.columns[field].encode(encoder))
    }
}

impl<'de: 'a, 'a, C> BorrowDecode<'de, C> for BucketUpdates<'a> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, bincode::error::DecodeError> {
        let mut updates = Self { list: BorrowDecode::borrow_decode(decoder)?, ..Self::default() };
        let mask: u8 = bincode::Decode::decode(decoder)?;
        if mask >> FIELDS != 0 {
            return Err(bincode::error::DecodeError::Other("a column of updates must be one of six"));
        }
        for (field, column) in updates.columns.iter_mut().enumerate() {
            if mask & 1 << field != 0 {
                *column = WireColumn::borrow_decode(decoder)?;
            }
        }
        Ok(updates)
    }
}
