//! A group held as buckets: each row of its rings is the summary of one bucket.
//!
//! The newest bucket may be *open*: updates change it in place. Pyramids have closed buckets only. The sum and the count of an open
//! bucket are not known: each of its series counts as one value, the last.

use protocol::column::is_missing;
use protocol::{BucketUpdate, Interval, SummaryBlock, SummaryField, SummaryFields, Timestamp};
use series::Summary;
use series::pyramid::BUCKET_ROWS;

use super::Group;
use crate::store::bucket_state::{BucketState, OpenBucket};
use crate::store::ring::Content;

/// An update changes a bucket that was not begun, or has other series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct NotBegun;

/// The fields of the summaries of one series, reused from block to block.
pub(in crate::store) type FieldValues = [Vec<f64>; 1 + SummaryField::ALL.len()];

/// The numbers of values that were stored, as far as they are in closed buckets, and of columns that were not.
type Stored = (u64, u64);

/// The summary of a series in a bucket. While it is open, its sum and its count are not known: it counts as one value, the last.
fn known(&[first, last, min, max, sum, count]: &SummaryFields) -> Summary {
    if is_missing(count) {
        return Summary { first, last, min, max, sum: last, count: 1 };
    }
    Summary { first, last, min, max, sum, count: count as u32 }
}

impl Group {
    /// The length of the buckets that are held; 0 if rows are held.
    pub fn step(&self) -> Interval {
        self.buckets.as_ref().map_or(Interval::ZERO, |buckets| buckets.step)
    }

    pub const fn holds_buckets(&self) -> bool {
        self.buckets.is_some()
    }

    /// The newest row, if it is an open bucket.
    pub fn open_bucket(&self) -> Option<OpenBucket> {
        let changes = self.buckets.as_ref().filter(|buckets| buckets.is_open)?.changes;
        Some(OpenBucket { row: self.rows.end.checked_sub(1)?, changes })
    }

    /// The end of the rows that do not change any more.
    pub fn closed_end(&self) -> u64 {
        self.open_bucket().map_or(self.rows.end, |open| open.row)
    }

    pub(super) const fn content(&self) -> Content {
        if self.holds_buckets() { Content::Summaries } else { Content::Values }
    }

    /// The time of the newest row in the buckets.
    pub(super) fn newest_in(&self, buckets: &BucketState) -> Option<Timestamp> {
        (!self.rows.is_empty()).then(|| self.time(self.rows.end - 1).max(buckets.newest))
    }

    /// Drops everything that is held, and holds buckets of this length, or rows for 0. The rings have the minimum length.
    pub(in crate::store) fn hold(&mut self, step: Interval) {
        self.buckets = (step > Interval::ZERO).then(|| BucketState::new(step));
        self.rows.start = self.rows.end;
        self.has_late_rows = false;
        self.generation += 1;
        let (content, capacity) = (self.content(), BUCKET_ROWS as usize);
        self.times = vec![Timestamp::default(); capacity];
        self.series.iter_mut().for_each(|series| series.restart(content, capacity, self.rows.end));
    }

    /// Closes the open bucket as it is.
    pub(in crate::store) fn close_bucket(&mut self) {
        let Some(open) = self.open_bucket() else { return };
        self.series.iter_mut().for_each(|series| series.close_bucket(open.row));
        self.forget_open();
    }

    /// The next update of the group has to begin a bucket.
    pub(super) fn restart_updates(&mut self) {
        self.close_bucket();
        self.buckets.iter_mut().for_each(|buckets| buckets.has_begun = false);
    }

    pub(super) fn forget_open(&mut self) {
        if let Some(buckets) = &mut self.buckets {
            buckets.is_open = false;
        }
    }

    /// Declares a hole after the newest bucket. Nothing is inserted: missing buckets are a hole. Returns false if it was declared already.
    pub(super) fn break_buckets(&mut self) -> bool {
        let has_any = !self.rows.is_empty();
        self.buckets.as_mut().is_some_and(|buckets| has_any && !std::mem::replace(&mut buckets.is_broken, true))
    }

    /// Follows the removal of series: `kept` has true for each place whose series stays.
    pub(super) fn retain_begun(&mut self, kept: &[bool]) {
        let Some(buckets) = &mut self.buckets else { return };
        let before = |place: usize| kept[..place].iter().filter(|kept| **kept).count();
        for begun in &mut buckets.begun {
            *begun = begun.filter(|&place| kept[place]).map(before);
        }
    }

    /// Takes a block of closed buckets. It replaces those from its first time on, unless it has other series of the newest ones.
    pub(in crate::store) fn take_buckets(&mut self, block: &SummaryBlock<'_>, fields: &mut FieldValues) -> Stored {
        let count = block.times.len();
        // Of a block that is longer than the rings, the end is kept.
        let skip = count.saturating_sub(self.capacity());
        let times = || block.times.iter().skip(skip);
        let Some(first) = times().next() else { return (0, 0) };
        let kept = (count - skip) as u64;
        let newest = self.rows.end.saturating_sub(kept)..self.rows.end;
        let is_of_newest = newest.start >= self.rows.start && newest.clone().map(|row| self.time(row)).eq(times());
        let rows = if is_of_newest && !newest.is_empty() {
            self.close_bucket();
            // Readers may have read these buckets without the series of the block.
            self.generation += 1;
            newest
        } else {
            self.close_bucket();
            self.truncate_from(first);
            self.append_empty(times())
        };
        let (mut stored, mut unknown, mut next) = (0, 0, 0);
        for columns in &block.series {
            let place = self.place_of(columns.series, &mut next);
            let first = columns.first();
            let others = SummaryField::ALL.map(|field| columns.field(field));
            let (Some(place), true) = (place, first.is_some() && others.iter().all(Option::is_some)) else {
                unknown += 1;
                continue;
            };
            for (field, column) in fields.iter_mut().zip([first].into_iter().chain(others)) {
                field.resize(count, 0.0);
                if let Some(column) = column {
                    column.copy_to(field);
                }
            }
            let [first, last, min, max, sum, number] = &*fields;
            let summary = |bucket: usize| {
                let (first, last, min, max) = (first[bucket], last[bucket], min[bucket], max[bucket]);
                let summary = Summary { first, last, min, max, sum: sum[bucket], count: number[bucket] as u32 };
                if first.is_finite() { summary } else { Summary::EMPTY }
            };
            stored += (skip..count).map(|bucket| u64::from(summary(bucket).count)).sum::<u64>();
            self.series[place].write_buckets(rows.clone(), (skip..count).map(summary));
        }
        (stored, unknown)
    }

    /// Appends buckets without values.
    fn append_empty(&mut self, times: impl Iterator<Item = Timestamp> + Clone) -> std::ops::Range<u64> {
        let count = times.clone().count();
        self.make_room(count);
        let rows = self.rows.end..self.rows.end + count as u64;
        for (row, time) in rows.clone().zip(times) {
            let place = self.place(row);
            self.times[place] = time;
        }
        self.rows.end = rows.end;
        let empty = || std::iter::repeat(Summary::EMPTY);
        self.series.iter_mut().for_each(|series| series.write_buckets(rows.clone(), empty()));
        self.buckets.iter_mut().for_each(|buckets| buckets.is_broken = false);
        rows
    }

    /// Applies the update of a bucket of the length that is held.
    ///
    /// Hot: once a group and frame; the loops once a series.
    pub(in crate::store) fn update_bucket(&mut self, update: &BucketUpdate<'_>) -> Result<Stored, NotBegun> {
        let Some(buckets) = &self.buckets else { return Err(NotBegun) };
        let shape = update.begins.and_then(|begins| begins.shape);
        let has_series = buckets.has_begun && buckets.summaries.len() == update.series;
        if update.begins.is_none() && !buckets.is_open || shape.is_none() && !has_series {
            return Err(NotBegun);
        }
        if let Some(begins) = update.begins {
            self.begin_bucket(begins.start);
        }
        if let Some(shape) = shape {
            let mut begun = self.buckets.as_mut().map(|buckets| std::mem::take(&mut buckets.begun)).unwrap_or_default();
            let mut next = 0;
            begun.clear();
            begun.extend(shape.series().map(|id| self.place_of(id, &mut next)));
            self.buckets.iter_mut().for_each(|buckets| buckets.begun = std::mem::take(&mut begun));
        }
        let (Some(open), Some(buckets)) = (self.open_bucket(), &mut self.buckets) else { return Err(NotBegun) };
        if !update.apply_to(&mut buckets.summaries) {
            return Err(NotBegun);
        }
        buckets.newest = update.newest;
        buckets.changes += 1;
        buckets.has_begun = true;
        let (mut stored, mut unknown) = (0, 0);
        for (place, summary) in buckets.begun.iter().zip(&buckets.summaries) {
            if let Some(series) = place.and_then(|place| self.series.get_mut(place)) {
                let summary = known(summary);
                series.set_bucket(open.row, summary);
                // The values of an open bucket are not counted yet.
                stored += if update.is_closed { u64::from(summary.count) } else { 0 };
            } else {
                unknown += 1;
            }
        }
        if update.is_closed {
            self.close_bucket();
        }
        Ok((stored, unknown))
    }

    /// Begins an open bucket without values, which replaces those at its start or later.
    fn begin_bucket(&mut self, start: Timestamp) {
        let again = self.open_bucket().filter(|open| self.time(open.row) == start);
        let row = if let Some(open) = again {
            open.row
        } else {
            self.close_bucket();
            self.truncate_from(start);
            self.make_room(1);
            let row = self.rows.end;
            let place = self.place(row);
            self.times[place] = start;
            self.rows.end += 1;
            row
        };
        self.series.iter_mut().for_each(|series| series.begin_bucket(row));
        self.buckets.iter_mut().for_each(|buckets| (buckets.is_open, buckets.is_broken) = (true, false));
    }
}
