//! Encoding of bucket updates.

use crate::bucket_updates::{BEGINS, BucketUpdates, CHANGES, CLOSES, FOLLOWS, FULL_SUMS, ONE_COUNT, SummaryFields};
use crate::codec;
use crate::error::EncodeError;
use crate::id::{GroupId, SeriesId};
use crate::scaled_value::Scale;
use crate::time::{Interval, Timestamp};

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
    /// These summaries of the same series in another bucket of the same step, which was open: the update begins the bucket that follows it.
    Before {
        /// The start of the bucket.
        start: Timestamp,
        /// The summaries of the bucket before.
        summaries: &'s [SummaryFields],
    },
}

/// Encodes bucket updates and reuses its memory from frame to frame.
#[derive(Debug, Default)]
pub struct BucketUpdatesBuffer {
    base: Timestamp,
    list: Vec<u8>,
}

const FIRST: usize = 0;
const LAST: usize = 1;
const MIN: usize = 2;
const MAX: usize = 3;
const SUM: usize = 4;
const COUNT: usize = 5;

impl BucketState<'_> {
    /// What the reader holds of the summary of a series. Of a bucket that begins, it knows the first value before the others.
    fn held(&self, place: usize) -> SummaryFields {
        match self.reader {
            ReaderHolds::Nothing { .. } | ReaderHolds::Before { .. } => [self.summaries[place][FIRST]; 6],
            ReaderHolds::Summaries(held) => held[place],
        }
    }

    /// The value to which the first value of a bucket that begins is the difference.
    fn before(&self, place: usize) -> f64 {
        match self.reader {
            ReaderHolds::Before { summaries, .. } => summaries[place][LAST],
            _ => 0.0,
        }
    }

    fn differs(&self, place: usize, field: usize) -> bool {
        self.summaries[place][field].to_bits() != self.held(place)[field].to_bits()
    }

    fn check(&self) -> Result<(), EncodeError> {
        let expected = self.series.len();
        let held = match self.reader {
            ReaderHolds::Nothing { .. } => expected,
            ReaderHolds::Summaries(held) | ReaderHolds::Before { summaries: held, .. } => held.len(),
        };
        if let Some(found) = [self.summaries.len(), held].into_iter().find(|&found| found != expected) {
            let series = self.series.first().copied().unwrap_or(SeriesId(0));
            return Err(EncodeError::Rows { series, found, expected });
        }
        match self.series.windows(2).find(|pair| pair[0] >= pair[1]) {
            Some(pair) => Err(EncodeError::SeriesOrder { series: pair[1] }),
            None => Ok(()),
        }
    }

    /// The scale of the values that an update states, and of those from which they differ.
    fn scale(&self, states_values: bool) -> Scale {
        let of_series = |place: usize| {
            let (summary, held) = (self.summaries[place], self.held(place));
            let fields = [LAST, MIN, MAX].into_iter().filter(move |&field| field == LAST || self.differs(place, field));
            fields.flat_map(move |field| [held[field], summary[field]]).chain([self.before(place)])
        };
        let values = (0..self.series.len()).flat_map(of_series);
        // Without other values, that of the sums.
        let sums = self.summaries.iter().map(|summary| summary[SUM]);
        if states_values { Scale::of(values) } else { Scale::of(sums) }
    }
}

impl BucketUpdatesBuffer {
    /// Removes all updates and keeps the memory. No time of the next updates may be later than `base`.
    pub fn start(&mut self, base: Timestamp) {
        self.base = base;
        self.list.clear();
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
        state.check()?;
        let places = 0..state.series.len();
        let begins = !matches!(state.reader, ReaderHolds::Summaries(_));
        let follows = matches!(state.reader, ReaderHolds::Before { .. });
        let changes = places.clone().any(|place| [LAST, MIN, MAX].into_iter().any(|field| state.differs(place, field)));
        let counts = state.summaries.iter().map(|summary| summary[COUNT]);
        let is_one_count = !state.series.is_empty()
            && counts.clone().all(|count| Some(count.to_bits()) == counts.clone().next().map(f64::to_bits));
        let flags = [(begins, BEGINS), (follows, FOLLOWS), (changes, CHANGES), (state.is_closed, CLOSES)];
        let flags = flags.into_iter().chain([(is_one_count, ONE_COUNT)]);
        let mut flags = flags.filter(|(is_set, _)| *is_set).fold(0, |flags, (_, flag)| flags | flag);
        let scale = state.scale(begins || changes);
        if !state.is_closed {
            flags &= !ONE_COUNT;
        } else if state.summaries.iter().any(|summary| scale.integer(summary[SUM]).is_none()) {
            flags |= FULL_SUMS;
        }
        codec::put_u64(u64::from(state.group.0), &mut self.list);
        self.list.push(flags);
        self.put_time(state.newest);
        codec::put_short(state.series.len() as u64, &mut self.list);
        match state.reader {
            ReaderHolds::Nothing { start, step } => {
                self.put_time(start);
                codec::put_short(step.micros(), &mut self.list);
                self.put_ids(state.series);
            }
            ReaderHolds::Before { start, .. } => self.put_time(start),
            ReaderHolds::Summaries(_) => {}
        }
        self.list.push(scale.byte());
        if begins {
            for place in places.clone() {
                scale.put_difference(state.summaries[place][FIRST], state.before(place), &mut self.list);
            }
        }
        if changes {
            for place in places.clone() {
                scale.put_difference(state.summaries[place][LAST], state.held(place)[LAST], &mut self.list);
            }
            self.put_extremes(state, scale);
        }
        if state.is_closed {
            let written = if is_one_count { 1 } else { places.end };
            counts.take(written).for_each(|count| codec::put_short(count as u64, &mut self.list));
            let scale = if flags & FULL_SUMS == 0 { scale } else { Scale::FULL };
            state.summaries.iter().for_each(|summary| scale.put_difference(summary[SUM], 0.0, &mut self.list));
        }
        Ok(())
    }

    fn put_extremes(&mut self, state: &BucketState<'_>, scale: Scale) {
        let changed = |field: usize| (0..state.series.len()).filter(move |&place| state.differs(place, field));
        for field in [MIN, MAX] {
            let mask = self.list.len();
            self.list.resize(mask + state.series.len().div_ceil(8), 0);
            changed(field).for_each(|place| self.list[mask + place / 8] |= 1 << (place % 8));
        }
        for field in [MIN, MAX] {
            for place in changed(field) {
                let (value, held) = (state.summaries[place][field], state.held(place)[field]);
                match (field, scale.decimals()) {
                    (MIN, Some(_)) => scale.put_difference(held, value, &mut self.list),
                    _ => scale.put_difference(value, held, &mut self.list),
                }
            }
        }
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
    pub fn updates(&self) -> BucketUpdates<'_> {
        BucketUpdates { base: self.base, list: &self.list }
    }
}
