//! Summaries of the time before a group's rows: answers of the server to queries.
//!
//! Rows are held for the newest part of a long window only. A column that begins before the first row is drawn from these.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};

use protocol::{Interval, Timestamp};
use series::Summary;

/// The part of a group's series that is held as summaries.
#[derive(Debug, Default)]
pub struct Past {
    /// Every value in it is in a bucket.
    range: Option<Range<Timestamp>>,
    /// The length of buckets that was asked for. Those of the server may be longer.
    step: Interval,
    /// The longest bucket.
    longest: Interval,
    /// By start.
    buckets: BTreeMap<Timestamp, Bucket>,
    /// Incremented with each change.
    version: u64,
}

#[derive(Debug)]
struct Bucket {
    /// 0 for a row.
    step: Interval,
    /// By the place of the series; empty, or not there, for a series without values.
    summaries: Vec<Summary>,
}

/// A summary, and the place of its series.
#[derive(Clone, Copy, Debug)]
pub struct PastSummary {
    pub series: usize,
    pub start: Timestamp,
    /// 0 for a row.
    pub step: Interval,
    pub summary: Summary,
}

impl Past {
    /// The range in which every value is known; `None` if nothing is known.
    pub const fn range(&self) -> Option<&Range<Timestamp>> {
        self.range.as_ref()
    }

    /// A number that changes with the content.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Returns true if every value of these times is known.
    pub fn has(&self, times: &Range<Timestamp>) -> bool {
        self.range.as_ref().is_some_and(|range| range.start <= times.start && times.end <= range.end)
    }

    /// The length of buckets that was asked for.
    pub const fn step(&self) -> Interval {
        self.step
    }

    /// The longest bucket, or the length that was asked for if it is longer.
    pub fn longest(&self) -> Interval {
        self.longest.max(self.step)
    }

    /// Replaces everything by the answer for `range`.
    pub fn replace(&mut self, step: Interval, range: Range<Timestamp>, answer: impl IntoIterator<Item = PastSummary>) {
        self.buckets.clear();
        (self.step, self.longest) = (step, Interval::ZERO);
        self.insert(answer);
        self.range = Some(range);
    }

    /// Adds the answer for the range from the last bucket on to `end`, and drops what ends before `oldest`.
    pub fn extend(&mut self, end: Timestamp, answer: impl IntoIterator<Item = PastSummary>, oldest: Timestamp) {
        let Some(range) = &mut self.range else { return };
        range.end = range.end.max(end);
        range.start = range.start.max(oldest.min(range.end));
        let answer: Vec<PastSummary> = answer.into_iter().collect();
        // The bucket that was not complete is sent again.
        if let Some(first) = answer.iter().map(|summary| summary.start).min() {
            self.buckets.split_off(&first);
        }
        self.insert(answer);
        self.buckets.retain(|&start, bucket| start + bucket.step >= oldest);
    }

    fn insert(&mut self, answer: impl IntoIterator<Item = PastSummary>) {
        self.version += 1;
        for PastSummary { series, start, step, summary } in answer {
            self.longest = self.longest.max(step);
            let bucket = self.buckets.entry(start).or_insert_with(|| Bucket { step, summaries: Vec::new() });
            if bucket.summaries.len() <= series {
                bucket.summaries.resize(series + 1, Summary::EMPTY);
            }
            bucket.summaries[series] = summary;
        }
    }

    pub fn clear(&mut self) {
        *self = Self { version: self.version + 1, ..Self::default() };
    }

    /// Follows the removal of series: `kept` has true for each place whose series stays.
    pub(super) fn retain_series(&mut self, kept: &[bool]) {
        for bucket in self.buckets.values_mut() {
            let mut kept = kept.iter();
            bucket.summaries.retain(|_| kept.next().copied().unwrap_or(true));
        }
    }

    /// The summary of the buckets that have a part in the range. One that begins before the range counts as a whole.
    ///
    /// Hot: once a series and column when a whole chart is drawn.
    pub fn summary(&self, series: usize, range: Range<Timestamp>) -> Summary {
        let mut all = Summary::EMPTY;
        if range.start >= range.end {
            return all;
        }
        let first = range.start - self.longest;
        for (&start, bucket) in self.buckets.range((Bound::Included(first), Bound::Excluded(range.end))) {
            if (start >= range.start || start + bucket.step > range.start)
                && let Some(summary) = bucket.summaries.get(series)
            {
                all.extend(summary);
            }
        }
        all
    }

    /// The start of each bucket, its length, and the summaries of the series, which may be fewer than the group has. Oldest first.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (Timestamp, Interval, &[Summary])> {
        self.buckets.iter().map(|(&start, bucket)| (start, bucket.step, bucket.summaries.as_slice()))
    }

    /// The summary of the buckets that begin in the range, so that ranges beside each other share none; of a range in which none begins, that of
    /// the bucket around it.
    pub fn summary_in(&self, series: usize, range: Range<Timestamp>) -> Summary {
        let mut all = Summary::EMPTY;
        for (_, bucket) in self.buckets.range(range.start..range.end.max(range.start)) {
            bucket.summaries.get(series).into_iter().for_each(|summary| all.extend(summary));
        }
        if all.is_empty() { self.summary(series, range) } else { all }
    }

    /// The last value at or before a time, of the bucket that has the time, or that begins at most `longest_step` before.
    pub fn value_at(&self, series: usize, time: Timestamp, longest_step: Interval) -> Option<f64> {
        let (&start, bucket) = self.buckets.range(..=time).next_back()?;
        let holds = bucket.step.max(longest_step);
        let summary = bucket.summaries.get(series).filter(|summary| !summary.is_empty())?;
        (time.micros_since(start) <= holds.micros() as i64).then_some(summary.last)
    }

    /// Returns true if a series has a value in a bucket that ends at or after a time.
    pub fn has_value_since(&self, series: usize, from: Timestamp) -> bool {
        let has_value = |bucket: &Bucket| bucket.summaries.get(series).is_some_and(|summary| !summary.is_empty());
        let mut later = self.buckets.range(from - self.longest..).rev();
        later.any(|(&start, bucket)| start + bucket.step >= from && has_value(bucket))
    }

    /// Returns true if its buckets have a row each, or are rows, in a group of this interval.
    pub fn is_sparse(&self, interval: Interval) -> bool {
        !self.has_buckets() || interval >= self.longest
    }

    /// Buckets from `from` on and before `until`, oldest first, as rows at their starts.
    pub fn sparse_rows(
        &self,
        series: usize,
        from: Timestamp,
        until: Timestamp,
    ) -> impl Iterator<Item = (Timestamp, f64)> {
        let rows = (from < until).then(|| self.buckets.range(from..until)).into_iter().flatten();
        rows.map(move |(&time, bucket)| (time, bucket.summaries.get(series).map_or(f64::NAN, |summary| summary.last)))
    }

    /// Rows from `from` on and before `until`, oldest first, with the values of a series; NaN in a row without one.
    pub fn rows(&self, series: usize, from: Timestamp, until: Timestamp) -> impl Iterator<Item = (Timestamp, f64)> {
        let rows = (from < until).then(|| self.buckets.range(from..until)).into_iter().flatten();
        rows.filter(|(_, bucket)| bucket.step == Interval::ZERO)
            .map(move |(&time, bucket)| (time, bucket.summaries.get(series).map_or(f64::NAN, |summary| summary.first)))
    }

    /// Returns true if it has summaries of several rows, not only rows.
    pub fn has_buckets(&self) -> bool {
        self.longest > Interval::ZERO
    }

    /// Allocated bytes.
    pub fn bytes(&self) -> usize {
        let summaries: usize = self.buckets.values().map(|bucket| bucket.summaries.capacity()).sum();
        summaries * size_of::<Summary>() + self.buckets.len() * size_of::<(Timestamp, Bucket)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn of(series: usize, start: i64, step: u64, value: f64) -> PastSummary {
        let summary =
            Summary { first: value, last: value + 1.0, min: value - 1.0, max: value + 2.0, sum: value, count: 4 };
        PastSummary { series, start: at(start), step: Interval::from_secs(step), summary }
    }

    #[test]
    fn a_column_is_the_summary_of_the_buckets_that_have_a_part_in_it() {
        let mut past = Past::default();
        past.replace(Interval::from_secs(10), at(0)..at(40), (0..4).map(|k| of(1, 10 * k, 10, k as f64)));
        let column = |from, to| past.summary(1, at(from)..at(to));
        assert_eq!((column(10, 20).first, column(10, 20).last, column(10, 20).count), (1.0, 2.0, 4));
        assert_eq!((column(10, 30).first, column(10, 30).max, column(10, 30).count), (1.0, 4.0, 8));
        assert_eq!(column(12, 15), column(10, 20), "a bucket that is longer than the column");
        assert_eq!((column(18, 22).first, column(18, 22).last), (1.0, 3.0));
        assert!(column(40, 50).is_empty() && past.summary(0, at(10)..at(20)).is_empty());
        assert!(past.has_value_since(1, at(35)) && !past.has_value_since(1, at(41)) && !past.has_value_since(0, at(0)));
        assert_eq!(
            (past.value_at(1, at(15), Interval::ZERO), past.value_at(1, at(55), Interval::ZERO)),
            (Some(2.0), None)
        );
    }

    #[test]
    fn ranges_beside_each_other_share_no_bucket() {
        let mut past = Past::default();
        past.replace(Interval::from_secs(10), at(0)..at(100), (0..10).map(|k| of(0, 10 * k, 10, k as f64)));
        let count = |from, to| past.summary_in(0, at(from)..at(to)).count;
        assert_eq!([count(0, 33), count(33, 66), count(66, 100)], [16, 12, 12]);
        assert_eq!(count(31, 33), 4, "a bucket that is longer than the range");
        assert_eq!(past.summary(0, at(33)..at(66)).count, 16);
    }

    #[test]
    fn a_later_answer_replaces_the_bucket_that_was_not_complete_and_old_ones_are_dropped() {
        let mut past = Past::default();
        past.replace(Interval::from_secs(10), at(0)..at(35), (0..4).map(|k| of(0, 10 * k, 10, k as f64)));
        past.extend(at(55), (3..6).map(|k| of(0, 10 * k, 10, 10.0 * k as f64)), at(20));
        let firsts: Vec<f64> = (0..6).map(|k| past.summary(0, at(10 * k)..at(10 * k + 10)).first).collect();
        assert!(firsts[0].is_nan(), "{firsts:?}");
        assert_eq!(&firsts[2..], [2.0, 30.0, 40.0, 50.0]);
        assert_eq!(past.range(), Some(&(at(20)..at(55))));
    }

    #[test]
    fn rows_are_kept_with_their_times_and_removed_series_leave_their_place() {
        let mut past = Past::default();
        let row = |series, start, first| {
            let summary = Summary { first, last: first, min: first, max: first, sum: first, count: 1 };
            PastSummary { series, start: at(start), step: Interval::ZERO, summary }
        };
        past.replace(Interval::from_secs(10), at(0)..at(40), [row(0, 3, 1.0), row(1, 3, 2.0), row(1, 7, 3.0)]);
        let rows = |past: &Past, series| past.rows(series, at(0), at(7)).collect::<Vec<_>>();
        assert_eq!((rows(&past, 0), rows(&past, 1)), (vec![(at(3), 1.0)], vec![(at(3), 2.0)]));
        let last = |series| past.rows(series, at(4), at(8)).last().map(|(_, value)| value.is_nan());
        assert_eq!([0, 1, 9].map(last), [Some(true), Some(false), Some(true)], "a row without a value is a hole");
        assert!(!past.has_buckets());
        past.retain_series(&[false, true]);
        assert_eq!(rows(&past, 0), [(at(3), 2.0)]);
        assert_eq!(past.value_at(0, at(9), Interval::from_secs(3)), Some(3.0));
        assert_eq!(past.value_at(0, at(11), Interval::from_secs(3)), None, "a hole");
    }
}
