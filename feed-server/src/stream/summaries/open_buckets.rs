//! The open buckets of one group.

use std::collections::BTreeMap;

use protocol::{Interval, SeriesId, Timestamp};

use crate::stream::group_history::Arrival;
use crate::stream::slab::Slab;
use crate::stream::summaries::bucket::{Bucket, SeriesSummary};

/// Buckets of every tier by the start of the bucket, and then by series.
#[derive(Debug)]
pub struct OpenBuckets {
    step: Interval,
    levels: Vec<BTreeMap<Timestamp, Series>>,
    /// Of the rows in order.
    newest: Option<Timestamp>,
    /// The numbers of the rows of each track that follow those that were added.
    next_rows: [u64; Arrival::BOTH.len()],
}

/// In rising order.
type Series = Vec<(SeriesId, Bucket)>;

/// A bucket to which no row is added any more.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedBucket {
    pub start: Timestamp,
    /// In rising order, at least one.
    pub series: Vec<SeriesSummary>,
}

impl OpenBuckets {
    /// `step` is that of the finest tier.
    pub const fn new(step: Interval) -> Self {
        Self { step, levels: Vec::new(), newest: None, next_rows: [0; Arrival::BOTH.len()] }
    }

    pub const fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    pub const fn set_newest(&mut self, newest: Timestamp) {
        self.newest = Some(newest);
    }

    /// Drops the buckets that do not end at or before `time`.
    pub fn drop_from(&mut self, time: Timestamp, steps: &[Interval]) {
        for (level, &step) in self.levels.iter_mut().zip(steps) {
            level.retain(|&start, _| start + step <= time);
        }
        self.newest = None;
    }

    /// The number of the first row of a track that was not added.
    pub const fn next_row(&self, arrival: Arrival) -> u64 {
        self.next_rows[arrival as usize]
    }

    /// The open buckets of a level and of the finer ones, of which it has nothing yet.
    pub fn up_to(&self, level: usize) -> impl Iterator<Item = (Timestamp, SeriesId, Bucket)> {
        let buckets = self.levels.iter().take(level + 1).flatten();
        buckets.flat_map(|(&start, series)| series.iter().map(move |&(series, bucket)| (start, series, bucket)))
    }

    /// Adds rows of a track to the buckets of the finest tier.
    ///
    /// Hot: once a segment; within it, once a sample.
    pub fn add(&mut self, arrival: Arrival, rows: &Slab) {
        self.next_rows[arrival as usize] = rows.numbers().end;
        if self.levels.is_empty() {
            self.levels.push(BTreeMap::new());
        }
        let times = rows.times();
        let mut start = 0;
        while let Some(&time) = times.get(start) {
            let bucket = bucket_of(time, self.step);
            let end = start + times[start..].partition_point(|&time| time < bucket + self.step);
            // The last representable times have no end of a bucket.
            let end = end.max(start + 1);
            let values = |(series, values): (SeriesId, &[f64])| {
                Some((series, Bucket::of(&times[start..end], &values[start..end])?))
            };
            let added: Series = rows.columns().filter_map(values).collect();
            add(self.levels[0].entry(bucket).or_default(), added);
            start = end;
        }
    }

    /// Closes the buckets of a level that end at or before `complete`, and adds them to the buckets of the next level.
    pub fn close(&mut self, level: usize, complete: Timestamp, steps: &[Interval]) -> Vec<ClosedBucket> {
        let mut closed = Vec::new();
        while let Some(first) = self.levels.get_mut(level).and_then(BTreeMap::first_entry)
            && *first.key() + steps[level] <= complete
        {
            let (start, series) = first.remove_entry();
            let summaries = series.iter().map(|&(series, bucket)| SeriesSummary { series, summary: bucket.summary() });
            let summaries: Vec<SeriesSummary> = summaries.collect();
            if let Some(&step) = steps.get(level + 1) {
                if self.levels.len() == level + 1 {
                    self.levels.push(BTreeMap::new());
                }
                add(self.levels[level + 1].entry(bucket_of(start, step)).or_default(), series);
            }
            if !summaries.is_empty() {
                closed.push(ClosedBucket { start, series: summaries });
            }
        }
        closed
    }
}

/// The start of the bucket that has `time`.
pub(super) fn bucket_of(time: Timestamp, step: Interval) -> Timestamp {
    let passed = time.micros().rem_euclid(step.micros().max(1) as i64);
    time - Interval::from_micros(passed as u64)
}

/// Adds the buckets of the same time.
fn add(held: &mut Series, more: Series) {
    let same = held.len() == more.len() && held.iter().zip(&more).all(|(one, other)| one.0 == other.0);
    if same {
        held.iter_mut().zip(&more).for_each(|((_, bucket), (_, more))| bucket.add(more));
        return;
    }
    for (series, more) in more {
        match held.binary_search_by_key(&series, |(series, _)| *series) {
            Ok(place) => held[place].1.add(&more),
            Err(place) => held.insert(place, (series, more)),
        }
    }
}
