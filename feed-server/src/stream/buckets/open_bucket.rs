//! The summaries of a group in one bucket, while rows are added.

use std::sync::Arc;

use protocol::{Interval, SeriesId, SummaryFields, Timestamp};
use series::Summary;

use crate::stream::query::resolution::widened;
use crate::stream::query::row_part::RowPart;
use crate::stream::selected_series::Columns;
use crate::stream::summaries::bucket::Bucket;

/// Some rows of a group in one bucket: their summaries.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenBucket {
    pub start: Timestamp,
    pub step: Interval,
    /// The time of the newest row.
    pub newest: Timestamp,
    /// Series with values, in rising order.
    series: Vec<SeriesId>,
    buckets: Vec<Bucket>,
}

impl OpenBucket {
    /// Rows of a group, whose times rise, bucket by bucket.
    ///
    /// Hot: once a frame and group; within it, once a sample.
    pub fn of_rows<'v>(
        step: Interval,
        times: &[Timestamp],
        columns: &(impl Iterator<Item = (SeriesId, &'v [f64])> + Clone),
    ) -> Vec<Self> {
        let (mut all, mut first) = (Vec::new(), 0);
        while let Some(&time) = times.get(first) {
            let start = start_of(time, step);
            let rows = first..first + times[first..].partition_point(|&time| start_of(time, step) == start).max(1);
            let mut bucket = Self::new(start, step, times[rows.end - 1]);
            for (series, values) in columns.clone() {
                if let Some(of_series) = Bucket::of(&times[rows.clone()], &values[rows.clone()]) {
                    bucket.series.push(series);
                    bucket.buckets.push(of_series);
                }
            }
            first = rows.end;
            all.push(bucket);
        }
        all
    }

    /// A bucket without values. `newest` is the time of its newest row.
    pub const fn new(start: Timestamp, step: Interval, newest: Timestamp) -> Self {
        Self { start, step, newest, series: Vec::new(), buckets: Vec::new() }
    }

    /// Adds other rows of the same bucket, earlier or later ones.
    pub fn add(&mut self, other: &Self) {
        self.newest = self.newest.max(other.newest);
        for (&series, bucket) in other.series.iter().zip(&other.buckets) {
            self.add_series(series, bucket);
        }
    }

    /// Adds the rows of a part of the history that lie in the bucket.
    pub fn add_part(&mut self, part: &RowPart, columns: &Columns) {
        let times = part.times();
        let first = times.partition_point(|&time| time < self.start);
        let end = times.partition_point(|&time| start_of(time, self.step) <= self.start);
        let Some(&newest) = times[first.min(end)..end].last() else { return };
        self.newest = self.newest.max(newest);
        let series = match columns {
            Columns::Of(series) => Arc::clone(series),
            Columns::All => Arc::new(part.series()),
        };
        part.for_each(&series, |place, values| {
            if let Some(values) = Bucket::of(&times[first..end], &values[first..end]) {
                self.add_series(series[place], &values);
            }
        });
    }

    /// Adds values of one series.
    pub fn add_series(&mut self, series: SeriesId, values: &Bucket) {
        match self.series.binary_search(&series) {
            Ok(place) => self.buckets[place].add(values),
            Err(place) => {
                self.series.insert(place, series);
                self.buckets.insert(place, *values);
            }
        }
    }

    /// The series that have values, in rising order.
    pub fn series(&self) -> &[SeriesId] {
        &self.series
    }

    /// The fields of the summary of each series.
    pub fn fields(&self) -> Vec<SummaryFields> {
        let fields = |bucket: &Bucket| {
            let Summary { first, last, min, max, sum, count } = bucket.summary();
            [first, last, min, max, sum, f64::from(count)]
        };
        self.buckets.iter().map(fields).collect()
    }
}

/// The start of the bucket that has a time.
pub fn start_of(time: Timestamp, step: Interval) -> Timestamp {
    widened(&(time..time), step).start
}
