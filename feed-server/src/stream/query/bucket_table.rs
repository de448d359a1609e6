//! Summaries of some series in buckets of one step.

use std::ops::Range;

use protocol::column::MISSING;
use protocol::{Interval, SummaryField, Timestamp};
use series::Summary;

use crate::stream::query::resolution::widened;
use crate::stream::summaries::bucket::Bucket;

/// A row of buckets for each series.
#[derive(Debug)]
pub struct BucketTable {
    step: Interval,
    /// Whole buckets.
    range: Range<Timestamp>,
    buckets: usize,
    cells: Vec<Option<Bucket>>,
}

impl BucketTable {
    /// A table without values for `series` series. The number of buckets must be small.
    pub fn new(range: &Range<Timestamp>, step: Interval, series: usize) -> Self {
        let buckets = Self::buckets_of(range, step);
        Self { step, range: widened(range, step), buckets, cells: vec![None; buckets * series] }
    }

    /// The number of buckets of a table.
    pub fn buckets_of(range: &Range<Timestamp>, step: Interval) -> usize {
        let range = widened(range, step);
        let span = i128::from(range.end.micros()) - i128::from(range.start.micros());
        usize::try_from(span / i128::from(step.micros().max(1))).unwrap_or(usize::MAX)
    }

    pub const fn range(&self) -> &Range<Timestamp> {
        &self.range
    }

    pub const fn step(&self) -> Interval {
        self.step
    }

    /// Adds values of one series, in order of time. Those outside the range are passed over.
    ///
    /// Hot: once a value.
    pub fn add_values(&mut self, series: usize, times: &[Timestamp], values: &[f64]) {
        let mut next = times.partition_point(|&time| time < self.range.start);
        while let Some((place, end)) = times.get(next).and_then(|&time| self.bucket(time)) {
            let count = times[next..].partition_point(|&time| time < end).max(1);
            let part = next..next + count;
            if let Some(bucket) = Bucket::of(&times[part.clone()], &values[part]) {
                self.add(series, place, &bucket);
            }
            next += count;
        }
    }

    /// Adds the values of one series in a part of one bucket that begins at `time`.
    pub fn add_part(&mut self, series: usize, time: Timestamp, part: &Bucket) {
        if let Some((place, _)) = self.bucket(time) {
            self.add(series, place, part);
        }
    }

    fn add(&mut self, series: usize, place: usize, part: &Bucket) {
        match &mut self.cells[series * self.buckets + place] {
            Some(bucket) => bucket.add(part),
            empty => *empty = Some(*part),
        }
    }

    /// The bucket that has `time`, and its end.
    fn bucket(&self, time: Timestamp) -> Option<(usize, Timestamp)> {
        if !self.range.contains(&time) {
            return None;
        }
        let step = self.step.micros().max(1);
        let place = time.micros().wrapping_sub(self.range.start.micros()).cast_unsigned() / step;
        let end = self.range.start + Interval::from_micros((place + 1).saturating_mul(step));
        let place = usize::try_from(place).ok().filter(|&place| place < self.buckets)?;
        Some((place, end))
    }

    /// The numbers of the buckets in which a series has values.
    pub fn filled(&self) -> Vec<usize> {
        let has_values =
            |bucket: &usize| self.cells.iter().skip(*bucket).step_by(self.buckets.max(1)).any(Option::is_some);
        (0..self.buckets).filter(has_values).collect()
    }

    /// The start of a bucket.
    pub fn start(&self, bucket: usize) -> Timestamp {
        self.range.start + Interval::from_micros(self.step.micros().saturating_mul(bucket as u64))
    }

    /// The fields of one series in some buckets, first values first; `None` if it has no values there.
    pub fn fields(&self, series: usize, buckets: &[usize]) -> Option<[Vec<f64>; 1 + SummaryField::ALL.len()]> {
        let cells = &self.cells[series * self.buckets..][..self.buckets];
        if buckets.iter().all(|&bucket| cells[bucket].is_none()) {
            return None;
        }
        let mut fields = [const { Vec::new() }; 1 + SummaryField::ALL.len()];
        for &bucket in buckets {
            let values = cells[bucket].map_or([MISSING; 6], |bucket| {
                let Summary { first, last, min, max, sum, count } = bucket.summary();
                [first, last, min, max, sum, f64::from(count)]
            });
            fields.iter_mut().zip(values).for_each(|(field, value)| field.push(value));
        }
        Some(fields)
    }
}
