//! Rows of one group, or buckets, in rings.
//!
//! Rows are numbered from the first one ever stored. A row's index in every ring is its number modulo the capacity, so
//! that times and all series stay aligned. In a group that is held as [buckets], each bucket is a row, at the time of its start.

mod activity;
pub(in crate::store) mod append;
pub mod buckets;
mod members;
pub mod reading;
mod values;

use std::ops::Range;

use protocol::{Bounds, Interval, Prominence, Timestamp};

use super::bucket_state::BucketState;
use super::past::Past;
use super::series::Series;
use super::series_index::SeriesIndex;
use series::Summary;
use series::pyramid::BUCKET_ROWS;

/// Series that share their times.
#[derive(Debug)]
pub struct Group {
    pub name: String,
    pub title: String,
    pub unit: String,
    pub interval: Interval,
    pub bounds: Bounds,
    pub prominence: Prominence,
    pub rank: u32,
    times: Vec<Timestamp>,
    series: Vec<Series>,
    index: SeriesIndex,
    /// The number of the next series.
    next_number: usize,
    /// The server's time at which the catalog named the group first.
    first_described: Timestamp,
    /// Incremented if a series is added or removed, or its description changes.
    descriptions: u64,
    rows: Range<u64>,
    /// `None` if rows are held.
    buckets: Option<BucketState>,
    past: Past,
    /// Incremented if held rows change; invalidates caches.
    generation: u64,
    /// A catalog restarted the stream, and no history of this group has arrived since.
    awaits_history: bool,
    /// Late rows were merged. The blocks of the rows in order do not have them.
    has_late_rows: bool,
    /// The page subscribes to it.
    is_followed: bool,
}

/// The description of a group in a catalog.
#[derive(Clone, Copy, Debug, Default)]
pub struct Description<'a> {
    pub name: &'a str,
    pub title: &'a str,
    pub unit: &'a str,
    pub interval: Interval,
    pub bounds: Bounds,
    pub prominence: Prominence,
    pub rank: u32,
}

impl Group {
    /// An empty group with rings of the minimum length, which the catalog names since `first_described`.
    pub fn new(description: Description<'_>, first_described: Timestamp) -> Self {
        let Description { name, title, unit, interval, bounds, prominence, rank } = description;
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            unit: unit.to_owned(),
            interval,
            bounds,
            prominence,
            rank,
            times: vec![Timestamp::default(); BUCKET_ROWS as usize],
            series: Vec::new(),
            index: SeriesIndex::default(),
            next_number: 0,
            first_described,
            descriptions: 0,
            rows: 0..0,
            buckets: None,
            past: Past::default(),
            generation: 0,
            awaits_history: false,
            has_late_rows: false,
            is_followed: true,
        }
    }

    /// Rows that the rings can hold.
    pub const fn capacity(&self) -> usize {
        self.times.len()
    }

    pub const fn is_followed(&self) -> bool {
        self.is_followed
    }

    pub const fn set_followed(&mut self, is_followed: bool) {
        self.is_followed = is_followed;
    }

    /// Returns true if the length of the rings has not been set.
    pub(super) fn is_new(&self) -> bool {
        self.rows.is_empty() && self.capacity() == BUCKET_ROWS as usize
    }

    /// The time from one row of the rings to the next.
    pub(super) fn row_interval(&self) -> Interval {
        self.buckets.as_ref().map_or(self.interval, |_| self.step())
    }

    /// The time that full rings cover.
    pub fn reach(&self) -> Interval {
        Interval::from_micros(self.row_interval().micros().saturating_mul(self.capacity() as u64))
    }

    /// Bytes of a row of a series, without the pyramid.
    pub(super) const fn row_bytes(&self) -> usize {
        self.content().row_bytes()
    }

    /// Allocated bytes of times, values and summaries.
    pub fn bytes(&self) -> usize {
        size_of_val(self.times.as_slice()) + self.series.iter().map(Series::bytes).sum::<usize>() + self.past.bytes()
    }

    /// Numbers of the rows that are held.
    pub fn rows(&self) -> Range<u64> {
        self.rows.clone()
    }

    /// A number that changes if held rows change.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// A number that changes if series are added or removed, or their names, labels or kinds change.
    pub const fn descriptions(&self) -> u64 {
        self.descriptions
    }

    /// In the order of the catalog; their numbers rise.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    pub const fn first_described(&self) -> Timestamp {
        self.first_described
    }

    /// Summaries of the time before the rows.
    pub const fn past(&self) -> &Past {
        &self.past
    }

    /// Returns true if the rows from a time on are held, one or more in each column of this length.
    pub fn covers(&self, from: Timestamp, column: Interval) -> bool {
        self.step() <= column && self.oldest().is_some_and(|oldest| oldest <= from)
    }

    /// Returns true if the answer to a query has a range, finer than the rings.
    pub(super) fn has_finer_answer(&self, times: &Range<Timestamp>) -> bool {
        self.holds_buckets() && self.past.step() < self.step() && self.past.has(times)
    }

    /// Changes the summaries of the time before the rows.
    pub(super) fn change_past(&mut self, change: impl FnOnce(&mut Past)) {
        change(&mut self.past);
        self.generation += 1;
    }

    /// The time of the oldest row.
    pub fn oldest(&self) -> Option<Timestamp> {
        (!self.rows.is_empty()).then(|| self.time(self.rows.start))
    }

    /// The time of the newest row that was measured: of a group that is held as buckets, of the newest one in them.
    pub fn newest(&self) -> Option<Timestamp> {
        if let Some(buckets) = &self.buckets {
            return self.newest_in(buckets);
        }
        (!self.rows.is_empty()).then(|| self.time(self.rows.end - 1))
    }

    /// The time of a row that is held, or the start of a bucket.
    pub fn time(&self, row: u64) -> Timestamp {
        self.times[self.place(row)]
    }

    /// The value of a series in a row that is held, or the last of a bucket.
    pub fn value(&self, series: usize, row: u64) -> f64 {
        self.series[series].value(row)
    }

    /// The summary of a series over the rows of `rows` that are held. Of the open bucket, sum and count are those of its last value.
    ///
    /// Hot: once a series and column that changed.
    pub fn summary(&self, series: usize, rows: Range<u64>) -> Summary {
        let rows = rows.start.max(self.rows.start)..rows.end.min(self.rows.end);
        let closed = rows.start..rows.end.min(self.closed_end());
        let series = &self.series[series];
        let mut summary = if closed.is_empty() { Summary::EMPTY } else { series.summary(closed.clone()) };
        if closed.end.max(rows.start) < rows.end {
            summary.extend(&series.bucket(rows.end - 1));
        }
        summary
    }

    /// The first row at or after `time`.
    pub fn first_row_at(&self, time: Timestamp) -> u64 {
        let (mut low, mut high) = (self.rows.start, self.rows.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.time(middle) < time { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Times and values of one series in `rows`, oldest first.
    pub fn iter(&self, series: usize, rows: Range<u64>) -> Rows<'_> {
        let rows = rows.start.max(self.rows.start)..rows.end.min(self.rows.end);
        Rows { group: self, series: &self.series[series], numbers: rows }
    }

    /// Sets the length of the rings, a multiple of [`BUCKET_ROWS`], and keeps the newest rows.
    pub(super) fn resize(&mut self, capacity: usize) {
        if capacity == self.capacity() {
            return;
        }
        self.rows.start = self.rows.start.max(self.rows.end.saturating_sub(capacity as u64));
        let mut times = vec![Timestamp::default(); capacity];
        for row in self.rows.clone() {
            times[(row % capacity as u64) as usize] = self.time(row);
        }
        let open = self.closed_end();
        for series in &mut self.series {
            series.resize(capacity, &self.rows, open);
        }
        self.times = times;
        self.generation += 1;
    }

    /// Records that history follows. Later updates of the open bucket begin it again.
    pub(super) fn await_history(&mut self) {
        self.restart_updates();
        self.awaits_history = true;
    }

    /// Returns true for the first block of history after [`await_history`](Self::await_history).
    pub(super) const fn begin_history(&mut self) -> bool {
        std::mem::replace(&mut self.awaits_history, false)
    }

    pub(super) const fn has_late_rows(&self) -> bool {
        self.has_late_rows
    }

    pub(super) const fn note_late_rows(&mut self, are_there: bool) {
        self.has_late_rows |= are_there;
    }

    const fn place(&self, row: u64) -> usize {
        (row % self.times.len() as u64) as usize
    }
}

/// Iterator over rows of one series.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    group: &'a Group,
    series: &'a Series,
    numbers: Range<u64>,
}

impl Iterator for Rows<'_> {
    type Item = (Timestamp, f64);

    fn next(&mut self) -> Option<(Timestamp, f64)> {
        let row = self.numbers.next()?;
        Some((self.group.time(row), self.series.value(row)))
    }
}
