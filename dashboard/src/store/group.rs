//! Rows of one group, in rings.
//!
//! Rows are numbered from the first one ever stored. A row's index in every ring is its number modulo the capacity, so
//! that times and all series stay aligned.

pub(in crate::store) mod append;
mod members;

use std::ops::Range;

use protocol::{Bounds, Interval, Timestamp};

use super::past::Past;
use super::series::Series;
use super::series_index::SeriesIndex;
use series::Summary;
use series::pyramid::BUCKET_ROWS;

/// Two rows that are more intervals apart have a hole between them: less is jitter.
const GAP_INTERVALS: u64 = 3;
/// A shorter time is never a hole: display frames and schedulers are not more precise.
const MIN_GAP: Interval = Interval::from_millis(100);

/// Series that share their times.
#[derive(Debug)]
pub struct Group {
    pub name: String,
    pub title: String,
    pub unit: String,
    pub interval: Interval,
    pub bounds: Bounds,
    times: Vec<Timestamp>,
    series: Vec<Series>,
    index: SeriesIndex,
    /// The server's time at which the catalog named the group first.
    first_described: Timestamp,
    /// Incremented if a series is added or removed, or its description changes.
    descriptions: u64,
    rows: Range<u64>,
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
#[derive(Clone, Copy, Debug)]
pub struct Description<'a> {
    pub name: &'a str,
    pub title: &'a str,
    pub unit: &'a str,
    pub interval: Interval,
    pub bounds: Bounds,
}

impl Group {
    /// An empty group with rings of the minimum length, which the catalog names since `first_described`.
    pub fn new(description: Description<'_>, first_described: Timestamp) -> Self {
        let Description { name, title, unit, interval, bounds } = description;
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            unit: unit.to_owned(),
            interval,
            bounds,
            times: vec![Timestamp::default(); BUCKET_ROWS as usize],
            series: Vec::new(),
            index: SeriesIndex::default(),
            first_described,
            descriptions: 0,
            rows: 0..0,
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

    /// The time that full rings cover.
    pub fn reach(&self) -> Interval {
        Interval::from_micros(self.interval.micros().saturating_mul(self.capacity() as u64))
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

    /// In the order of the legend.
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

    /// Changes the summaries of the time before the rows.
    pub(super) fn change_past(&mut self, change: impl FnOnce(&mut Past)) {
        change(&mut self.past);
        self.generation += 1;
    }

    /// The time of the oldest row.
    pub fn oldest(&self) -> Option<Timestamp> {
        (!self.rows.is_empty()).then(|| self.time(self.rows.start))
    }

    pub fn newest(&self) -> Option<Timestamp> {
        (!self.rows.is_empty()).then(|| self.time(self.rows.end - 1))
    }

    /// The time of a row that is held.
    pub fn time(&self, row: u64) -> Timestamp {
        self.times[self.place(row)]
    }

    /// The value of a series in a row that is held.
    pub fn value(&self, series: usize, row: u64) -> f64 {
        self.series[series].values()[self.place(row)]
    }

    /// The summary of a series over the rows of `rows` that are held.
    ///
    /// Hot: once a series and column that changed.
    pub fn summary(&self, series: usize, rows: Range<u64>) -> Summary {
        let rows = rows.start.max(self.rows.start)..rows.end.min(self.rows.end);
        if rows.is_empty() { Summary::EMPTY } else { self.series[series].summary(rows) }
    }

    /// The newest value of a series that is not NaN.
    pub fn latest(&self, series: usize) -> Option<f64> {
        let series = self.series.get(series)?;
        let row = series.last_present().checked_sub(1).filter(|row| self.rows.contains(row))?;
        Some(series.values()[self.place(row)])
    }

    /// The value of a series at a time: that of the last row before, unless there is a hole between.
    pub fn value_at(&self, series: usize, time: Timestamp) -> Option<f64> {
        let after = self.first_row_at(time + Interval::from_micros(1));
        let Some(row) = after.checked_sub(1).filter(|row| self.rows.contains(row)) else {
            return self.past.value_at(series, time, self.longest_step());
        };
        let is_near = time.micros_since(self.time(row)) <= self.longest_step().micros() as i64;
        Some(self.value(series, row)).filter(|value| is_near && !value.is_nan())
    }

    /// Returns true if a series has had no value for longer than the longest step, while others had.
    pub fn has_ended(&self, series: usize) -> bool {
        let last = self.series.get(series).map_or(0, Series::last_present);
        let Some(newest) = self.newest() else { return false };
        let Some(row) = last.checked_sub(1).filter(|row| self.rows.contains(row)) else { return true };
        newest.micros_since(self.time(row)) > self.longest_step().micros() as i64
    }

    /// Two rows that are farther apart have a hole between them.
    pub fn longest_step(&self) -> Interval {
        // At most the largest difference of two times.
        let most = i64::MAX.unsigned_abs();
        Interval::from_micros(self.interval.micros().saturating_mul(GAP_INTERVALS).min(most)).max(MIN_GAP)
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
        Rows { group: self, values: self.series[series].values(), numbers: rows }
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
        for series in &mut self.series {
            series.resize(capacity, self.rows.clone());
        }
        self.times = times;
        self.generation += 1;
    }

    /// Records that history follows.
    pub(super) const fn await_history(&mut self) {
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
    values: &'a [f64],
    numbers: Range<u64>,
}

impl Iterator for Rows<'_> {
    type Item = (Timestamp, f64);

    fn next(&mut self) -> Option<(Timestamp, f64)> {
        let place = self.group.place(self.numbers.next()?);
        Some((self.group.times[place], self.values[place]))
    }
}
