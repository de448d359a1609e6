//! Encoding of bucket updates.

use crate::bucket_updates::{BEGINS, BucketUpdates, CHANGES, CLOSES, FIELDS};
use crate::codec;
use crate::column::{Column, ColumnScratch};
use crate::error::EncodeError;
use crate::id::{GroupId, SeriesId};
use crate::summaries::WireColumn;
use crate::time::{Interval, Timestamp};

/// First, last, minimum, maximum, sum and count of one series in a bucket.
pub type SummaryFields = [f64; FIELDS];

/// The state of one bucket after some rows, to be written as an update.
#[derive(Clone, Copy, Debug)]
pub struct BucketState<'s> {
    /// The group.
    pub group: GroupId,
    /// The time of the newest row.
    pub newest: Timestamp,
    /// The series that have values in the bucket, in rising order.
    pub series: &'s [SeriesId],
    /// The summaries of these series.
    pub summaries: &'s [SummaryFields],
    /// What the reader holds of the bucket.
    pub reader: ReaderHolds<'s>,
    /// No later row is in the bucket.
    pub is_closed: bool,
}

/// What the reader of an update holds of its bucket.
#[derive(Clone, Copy, Debug)]
pub enum ReaderHolds<'s> {
    /// Nothing: the update begins the bucket.
    Nothing {
        /// The start of the bucket.
        start: Timestamp,
        /// The length of the bucket.
        step: Interval,
    },
    /// These summaries of the same series.
    Summaries(&'s [SummaryFields]),
}

/// Encodes bucket updates and reuses its memory from frame to frame.
#[derive(Debug, Default)]
pub struct BucketUpdatesBuffer {
    base: Timestamp,
    list: Vec<u8>,
    values: [Vec<f64>; FIELDS],
    /// The encodings and bytes of the columns.
    columns: [(u8, Vec<u8>); FIELDS],
    scratch: ColumnScratch,
}

const FIRST: usize = 0;
const LAST: usize = 1;
const MIN: usize = 2;
const MAX: usize = 3;
const SUM: usize = 4;
const COUNT: usize = 5;

impl BucketUpdatesBuffer {
    /// Removes all updates and keeps the memory. No time of the next updates may be later than `base`.
    pub fn start(&mut self, base: Timestamp) {
        self.base = base;
        self.list.clear();
        self.values.iter_mut().for_each(Vec::clear);
    }

    /// Returns true if the buffer holds no updates.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Appends an update.
    ///
    /// Hot: once a group and frame; the loops once a series.
    ///
    /// # Errors
    /// [`EncodeError::Rows`] if there are not as many summaries as series; [`EncodeError::SeriesOrder`] if the series do not rise.
    pub fn push(&mut self, state: &BucketState<'_>) -> Result<(), EncodeError> {
        let BucketState { group, newest, series, summaries, reader, is_closed } = *state;
        let (expected, before) = (series.len(), self.list.len());
        let held = match reader {
            ReaderHolds::Nothing { .. } => summaries.len(),
            ReaderHolds::Summaries(held) => held.len(),
        };
        if let Some(found) = [summaries.len(), held].into_iter().find(|&found| found != expected) {
            return Err(EncodeError::Rows { series: series.first().copied().unwrap_or(SeriesId(0)), found, expected });
        }
        if let Some(pair) = series.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(EncodeError::SeriesOrder { series: pair[1] });
        }
        let held = |place: usize| match reader {
            ReaderHolds::Nothing { .. } => [summaries[place][FIRST]; FIELDS],
            ReaderHolds::Summaries(held) => held[place],
        };
        let differs = |place: usize, field: usize| summaries[place][field].to_bits() != held(place)[field].to_bits();
        let places = 0..series.len();
        let changes = places.clone().any(|place| [LAST, MIN, MAX].into_iter().any(|field| differs(place, field)));
        let begins = matches!(reader, ReaderHolds::Nothing { .. });
        let flags = [(begins, BEGINS), (changes, CHANGES), (is_closed, CLOSES)];
        let flags = flags.into_iter().filter(|(is_set, _)| *is_set).fold(0, |flags, (_, flag)| flags | flag);
        codec::put_u64(u64::from(group.0), &mut self.list);
        self.list.push(flags);
        self.put_time(newest);
        codec::put_short(series.len() as u64, &mut self.list);
        if let ReaderHolds::Nothing { start, step } = reader {
            self.put_time(start);
            codec::put_short(step.micros(), &mut self.list);
            self.put_ids(series);
        }
        let mut all = |field: usize| self.values[field].extend(summaries.iter().map(|summary| summary[field]));
        if begins {
            all(FIRST);
        }
        if changes {
            all(LAST);
        }
        if is_closed {
            all(SUM);
            all(COUNT);
        }
        if changes {
            for field in [MIN, MAX] {
                let mask = self.list.len();
                self.list.resize(mask + series.len().div_ceil(8), 0);
                for place in places.clone().filter(|&place| differs(place, field)) {
                    self.list[mask + place / 8] |= 1 << (place % 8);
                    self.values[field].push(summaries[place][field]);
                }
            }
        }
        debug_assert!(self.list.len() > before);
        Ok(())
    }

    fn put_time(&mut self, time: Timestamp) {
        codec::put_short(self.base.micros_since(time).max(0).unsigned_abs(), &mut self.list);
    }

    fn put_ids(&mut self, series: &[SeriesId]) {
        let mut ids = Vec::new();
        let mut last = 0;
        for &SeriesId(id) in series {
            codec::put_u64(u64::from(id - last), &mut ids);
            last = id;
        }
        codec::put_u64(ids.len() as u64, &mut self.list);
        self.list.extend(ids);
    }

    /// The updates that were pushed.
    pub fn updates(&mut self) -> BucketUpdates<'_> {
        for (values, (encoding, bytes)) in self.values.iter().zip(&mut self.columns) {
            bytes.clear();
            if !values.is_empty() {
                let column = Column::encode(SeriesId(0), values, &mut self.scratch);
                *encoding = column.encoding;
                bytes.extend_from_slice(column.bytes);
            }
        }
        let columns =
            self.values.iter().zip(&self.columns).map(|(values, (encoding, bytes))| match values.is_empty() {
                true => WireColumn::default(),
                false => WireColumn { encoding: *encoding, bytes },
            });
        let mut of_fields = [WireColumn::default(); FIELDS];
        of_fields.iter_mut().zip(columns).for_each(|(field, column)| *field = column);
        BucketUpdates { base: self.base, list: &self.list, columns: of_fields }
    }
}
