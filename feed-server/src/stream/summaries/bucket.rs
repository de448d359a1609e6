//! The summary of one series in one bucket, and its state while rows are added.

use protocol::{SeriesId, Timestamp};
use series::{ExactSum, Summary};

/// The summary of one series in one bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesSummary {
    pub series: SeriesId,
    pub summary: Summary,
}

/// The values of one series in one bucket. Parts are added in any order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    first: (Timestamp, f64),
    last: (Timestamp, f64),
    min: f64,
    max: f64,
    sum: ExactSum,
    count: u32,
}

impl Bucket {
    /// The finite values among `values`; `None` without any.
    ///
    /// Hot: once a sample.
    pub fn of(times: &[Timestamp], values: &[f64]) -> Option<Self> {
        let summary = Summary::of(values);
        let is_finite = |value: &f64| value.is_finite();
        let (first, last) = (values.iter().position(is_finite)?, values.iter().rposition(is_finite)?);
        Some(Self {
            first: (times[first], values[first]),
            last: (times[last], values[last]),
            min: summary.min,
            max: summary.max,
            sum: ExactSum::of(values),
            count: summary.count,
        })
    }

    /// The values of a summary in a bucket that begins at `start`. Its first and last value have that time.
    pub fn at(start: Timestamp, summary: &Summary) -> Self {
        let Summary { first, last, min, max, sum, count } = *summary;
        Self { first: (start, first), last: (start, last), min, max, sum: sum.into(), count }
    }

    /// Adds other values of the same bucket.
    pub fn add(&mut self, other: &Self) {
        if other.first.0 < self.first.0 {
            self.first = other.first;
        }
        if other.last.0 > self.last.0 {
            self.last = other.last;
        }
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum.add(other.sum);
        self.count = self.count.saturating_add(other.count);
    }

    pub fn summary(&self) -> Summary {
        let Self { first, last, min, max, sum, count } = *self;
        Summary { first: first.1, last: last.1, min, max, sum: sum.value(), count }
    }
}
