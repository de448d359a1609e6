//! Rows of one group, in rings.
//!
//! Rows are numbered from the first one ever stored, and a row's place in every ring is its number modulo the capacity:
//! times and all series stay aligned without a word about it.

use std::collections::HashMap;
use std::ops::Range;

use protocol::{Block, Bounds, Interval, SeriesDescriptor, SeriesId, Timestamp};

use super::series::Series;
use series::Summary;
use series::pyramid::BUCKET_ROWS;

/// A hole this long is drawn as one: some rows late is jitter, more is a gap.
const GAP_INTERVALS: u64 = 3;
/// Never called a hole, whatever the interval: display frames and schedulers are not more exact than this.
const MIN_GAP: Interval = Interval::from_millis(100);

/// A group of series that share their times.
#[derive(Debug)]
pub struct Group {
    /// Machine name.
    pub name: String,
    /// What a person reads.
    pub title: String,
    /// UCUM unit.
    pub unit: String,
    /// Time from row to row, as intended.
    pub interval: Interval,
    /// Where the value axis begins and ends.
    pub bounds: Bounds,
    times: Vec<Timestamp>,
    series: Vec<Series>,
    /// Places of series by the ids of the current epoch, and by name.
    ids: HashMap<SeriesId, usize>,
    names: HashMap<String, usize>,
    rows: Range<u64>,
    /// Counts what makes a reader's notes of earlier rows worthless.
    generation: u64,
}

/// What a catalog says of a group.
#[derive(Clone, Copy, Debug)]
pub struct Description<'a> {
    /// Machine name.
    pub name: &'a str,
    /// What a person reads.
    pub title: &'a str,
    /// UCUM unit.
    pub unit: &'a str,
    /// Time from row to row, as intended.
    pub interval: Interval,
    /// Where the value axis begins and ends.
    pub bounds: Bounds,
}

impl Group {
    /// An empty group with the shortest rings there are.
    pub fn new(description: Description<'_>) -> Self {
        let Description { name, title, unit, interval, bounds } = description;
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            unit: unit.to_owned(),
            interval,
            bounds,
            times: vec![Timestamp::default(); BUCKET_ROWS as usize],
            series: Vec::new(),
            ids: HashMap::new(),
            names: HashMap::new(),
            rows: 0..0,
            generation: 0,
        }
    }

    /// How many rows the rings hold at most.
    pub const fn capacity(&self) -> usize {
        self.times.len()
    }

    /// Whether its rings have not been given a length yet.
    pub(super) fn is_new(&self) -> bool {
        self.rows.is_empty() && self.capacity() == BUCKET_ROWS as usize
    }

    /// How far back the rings reach when they are full.
    pub fn reach(&self) -> Interval {
        Interval::from_micros(self.interval.micros().saturating_mul(self.capacity() as u64))
    }

    /// Bytes of memory for times, values and summaries, in use or not.
    pub fn bytes(&self) -> usize {
        size_of_val(self.times.as_slice()) + self.series.iter().map(Series::bytes).sum::<usize>()
    }

    /// Numbers of the rows held.
    pub fn rows(&self) -> Range<u64> {
        self.rows.clone()
    }

    /// Changes whenever rows that were there are no longer what they were.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The series, in the order of the legend.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// The time of the newest row.
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

    /// What a series came to in `rows`, as far as they are held.
    ///
    /// Hot: once a series and column that changed.
    pub fn summary(&self, series: usize, rows: Range<u64>) -> Summary {
        let rows = rows.start.max(self.rows.start)..rows.end.min(self.rows.end);
        if rows.is_empty() { Summary::EMPTY } else { self.series[series].summary(rows) }
    }

    /// The newest value of a series that is a number.
    pub fn latest(&self, series: usize) -> Option<f64> {
        let series = self.series.get(series)?;
        let row = series.last_present().checked_sub(1).filter(|row| self.rows.contains(row))?;
        Some(series.values()[self.place(row)])
    }

    /// The value of a series at a time: that of the row before, if it is not too long ago.
    pub fn value_at(&self, series: usize, time: Timestamp) -> Option<f64> {
        let after = self.first_row_at(time + Interval::from_micros(1));
        let row = after.checked_sub(1).filter(|row| self.rows.contains(row))?;
        let is_near = time.micros_since(self.time(row)) <= self.longest_step().micros() as i64;
        Some(self.value(series, row)).filter(|value| is_near && !value.is_nan())
    }

    /// Whether a series has had no value for longer than the longest step, while others have.
    pub fn has_ended(&self, series: usize) -> bool {
        let last = self.series.get(series).map_or(0, Series::last_present);
        let Some(newest) = self.newest() else { return false };
        let Some(row) = last.checked_sub(1).filter(|row| self.rows.contains(row)) else { return true };
        newest.micros_since(self.time(row)) > self.longest_step().micros() as i64
    }

    /// Longer from one row to the next is a hole.
    pub fn longest_step(&self) -> Interval {
        // No longer than two times can lie apart.
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

    /// The place of a series in the legend by its id.
    pub fn find(&self, id: SeriesId) -> Option<usize> {
        self.ids.get(&id).copied()
    }

    /// Whether there is a series of that name.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Adds a series, or takes over what is new of the one of that name.
    pub(super) fn admit(&mut self, descriptor: &SeriesDescriptor<'_>) {
        let place = if let Some(&place) = self.names.get(descriptor.name) {
            let known = &mut self.series[place];
            if let Some(old) = known.id {
                self.ids.remove(&old);
            }
            known.describe(descriptor);
            place
        } else {
            self.series.push(Series::new(descriptor, self.capacity(), self.rows.start));
            self.names.insert(descriptor.name.to_owned(), self.series.len() - 1);
            self.series.len() - 1
        };
        self.ids.insert(descriptor.id, place);
    }

    /// Forgets every id: a new epoch will give new ones.
    pub(super) fn forget_ids(&mut self) {
        self.ids.clear();
        self.series.iter_mut().for_each(|series| series.id = None);
    }

    /// Ends a series: it stays until its last value has left `keep`.
    pub(super) fn end(&mut self, id: SeriesId) {
        if let Some(place) = self.ids.remove(&id) {
            self.series[place].id = None;
        }
    }

    /// Drops series that have ended and have no value from row `oldest` on. Returns how many.
    pub(super) fn prune(&mut self, oldest: u64) -> usize {
        let before = self.series.len();
        self.series.retain(|series| series.id.is_some() || series.last_present() > oldest);
        let pruned = before - self.series.len();
        if pruned > 0 {
            self.generation += 1;
            self.names.clear();
            self.ids.clear();
            for (place, series) in self.series.iter().enumerate() {
                self.names.insert(series.name.clone(), place);
                self.ids.extend(series.id.map(|id| (id, place)));
            }
        }
        pruned
    }

    /// Gives the rings another length, a multiple of [`BUCKET_ROWS`]; of the rows, the newest stay.
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

    /// Forgets every row from `time` on: the server's history knows better. Whether there were any.
    pub(super) fn truncate_from(&mut self, time: Timestamp) -> bool {
        let row = self.first_row_at(time);
        let has_any = row < self.rows.end;
        if has_any {
            self.rows.end = row;
            self.generation += 1;
            self.series.iter_mut().for_each(|series| series.truncate(row));
        }
        has_any
    }

    /// Marks a hole after the newest row. Whether there was none yet.
    pub(super) fn break_line(&mut self) -> bool {
        let Some(newest) = self.newest() else { return false };
        if self.series.iter().all(|series| series.last_present() < self.rows.end) {
            return false;
        }
        self.make_room(1);
        let place = self.place(self.rows.end);
        self.times[place] = newest + Interval::from_micros(1);
        let hole = self.rows.end..self.rows.end + 1;
        self.series.iter_mut().for_each(|series| series.skip(hole.clone()));
        self.rows.end += 1;
        true
    }

    /// Appends a block's rows, whose times rise above the newest. Returns how many values went in, and how many columns
    /// belong to no series here.
    ///
    /// Hot: once a block; the copies inside once a sample.
    pub(super) fn append(&mut self, block: &Block<'_>) -> (u64, u64) {
        let (mut stored, mut unknown) = (0, 0);
        let count = block.rows as usize;
        // Of a block longer than the rings only the end can stay.
        let skip = count.saturating_sub(self.capacity());
        let count = count - skip;
        self.make_room(count);
        let start = self.place(self.rows.end);
        let first = count.min(self.capacity() - start);
        let mut times = block.times.iter().skip(skip);
        for place in (start..start + first).chain(0..count - first) {
            self.times[place] = times.next().unwrap_or_default();
        }
        let rows = self.rows.end..self.rows.end + count as u64;
        // Columns come in the order of the series, so each is looked for first where the last one was found.
        let mut next = 0;
        for column in &block.columns {
            let is_next = self.series.get(next).is_some_and(|series| series.id == Some(column.series));
            let found = if is_next { Some(next) } else { self.find(column.series) };
            let (Some(place), Some(values)) = (found, column.values()) else {
                unknown += 1;
                continue;
            };
            self.series[place].write(rows.clone(), values, skip);
            stored += count as u64;
            next = place + 1;
        }
        for series in self.series.iter_mut().filter(|series| series.last_present() != rows.end) {
            series.skip(rows.clone());
        }
        self.rows.end = rows.end;
        (stored, unknown)
    }

    /// Appends rows that the page itself has computed, no more than the rings hold: a column for each series.
    pub(super) fn append_values(&mut self, times: &[Timestamp], columns: &[Vec<f64>]) {
        self.make_room(times.len());
        let rows = self.rows.end..self.rows.end + times.len() as u64;
        for (row, &time) in rows.clone().zip(times) {
            let place = self.place(row);
            self.times[place] = time;
        }
        for (series, column) in self.series.iter_mut().zip(columns) {
            series.write_values(rows.clone(), column);
        }
        self.rows.end = rows.end;
    }

    fn make_room(&mut self, count: usize) {
        let end = self.rows.end + count as u64;
        self.rows.start = self.rows.start.max(end.saturating_sub(self.capacity() as u64));
    }

    const fn place(&self, row: u64) -> usize {
        (row % self.times.len() as u64) as usize
    }
}

/// Walks rows of one series.
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
