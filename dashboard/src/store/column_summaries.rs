//! Summaries of chosen series in each pixel column, kept up to date from frame to frame.
//!
//! Columns are numbered from the Unix epoch, so that a sample's column does not change while the chart scrolls, and a
//! frame only reads columns with new rows. First, last, minimum and maximum of each column draw a line chart without a
//! wrong pixel: Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014.

use std::ops::Range;

use protocol::{Interval, Timestamp};
use series::{NewRows, RowCursor, Summary};

use super::bucket_state::OpenBucket;
use super::group::Group;

/// Summaries of series of one group, for the newest columns.
#[derive(Debug, Default)]
pub struct ColumnSummaries {
    shape: Shape,
    /// Of the series, in the group.
    places: Vec<usize>,
    /// Column by column, within it series by series. A column's index is its number modulo the width.
    summaries: Vec<Summary>,
    /// The number of the column at each index.
    columns: Vec<i64>,
    /// Of the rows that do not change any more.
    cursor: RowCursor,
    /// The open bucket as it was read.
    open: Option<OpenBucket>,
}

/// The settings of the columns. If they change, all columns are computed again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shape {
    column_us: i64,
    width: usize,
    series: usize,
    /// Of a fixed view.
    is_fixed: bool,
}

/// The result of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnUpdate {
    Nothing,
    /// The columns of the new rows. Other columns may change too: a line leads from the row before to the first new one.
    Rows(Range<u64>),
    All,
}

/// Marks an index without a column.
const NONE: i64 = i64::MIN;

impl ColumnSummaries {
    /// Reads the new rows of the series of `group` at `places`, for columns of `column_us` microseconds, and keeps the `width`
    /// columns that end with column `newest`. Rows after it are read later, and an open bucket again when it has changed. A bucket is in
    /// the column of its start.
    ///
    /// Hot: once a chart and display frame; within it, once a series and column that changed.
    pub fn update(
        &mut self,
        group: &Group,
        places: &[usize],
        column_us: i64,
        width: usize,
        newest: i64,
    ) -> ColumnUpdate {
        let shape = Shape { column_us, width, series: places.len(), is_fixed: false };
        let start_of = |column: i64| Timestamp::from_micros(column.saturating_mul(column_us));
        let end = group.first_row_at(start_of(newest.saturating_add(1)));
        let open = group.open_bucket().filter(|open| open.row < end);
        let before = std::mem::replace(&mut self.open, open);
        // The column of the bucket has taken the place of one that is shown again.
        let is_open_hidden = before.is_some_and(|before| before.row >= end);
        let end_of = |closed: u64| open.map_or(closed, |open| open.row + 1);
        let held = group.rows().start..end.min(group.closed_end());
        let (rows, update) = match self.cursor.advance(group.generation(), held.clone()) {
            NewRows::Appended(rows) if self.shape == shape && self.places == places && !is_open_hidden => {
                let rows = rows.start..if before == open { rows.end } else { end_of(rows.end) };
                if rows.is_empty() {
                    return ColumnUpdate::Nothing;
                }
                (rows.clone(), ColumnUpdate::Rows(rows))
            }
            _ => {
                self.reset(shape, places);
                (held.start..end_of(held.end), ColumnUpdate::All)
            }
        };
        if width == 0 || column_us <= 0 {
            return update;
        }
        let column_of = |row: u64| group.time(row).micros().div_euclid(column_us);
        let kept = newest.saturating_sub(width as i64 - 1);
        if update == ColumnUpdate::All && group.past().range().is_some() {
            let last = group.oldest().map_or(newest, |oldest| oldest.micros().div_euclid(column_us).min(newest));
            (kept..=last).for_each(|column| self.fill_from_past(group, column));
        }
        if rows.is_empty() {
            return update;
        }
        let columns = column_of(rows.start).max(kept)..=column_of(rows.end - 1);
        let mut row = group.first_row_at(start_of(*columns.start()));
        for column in columns {
            let end = group.first_row_at(start_of(column.saturating_add(1)));
            self.fill(group, column, row..end);
            row = end;
        }
        update
    }

    /// Reads all columns of a fixed view. Where the rows are buckets that are longer than a column, or begin later, the answers of queries
    /// are read instead, as far as they reach.
    pub fn read(&mut self, group: &Group, places: &[usize], column_us: i64, width: usize, newest: i64) {
        self.reset(Shape { column_us, width, series: places.len(), is_fixed: true }, places);
        if column_us <= 0 {
            return;
        }
        let has_fine_rows = group.step().micros() <= column_us.unsigned_abs();
        for column in newest.saturating_sub(width as i64 - 1)..=newest {
            let times = self.times(column);
            let is_in_rows = has_fine_rows && group.oldest().is_some_and(|oldest| oldest <= times.start);
            if !is_in_rows && group.past().has(&times) {
                self.fill_from_past(group, column);
            } else {
                self.fill(group, column, group.first_row_at(times.start)..group.first_row_at(times.end));
            }
        }
    }

    /// Fills a column that begins before the group's rows.
    fn fill_from_past(&mut self, group: &Group, column: i64) {
        let Shape { width, series, .. } = self.shape;
        let times = self.times(column);
        let index = column.rem_euclid(width as i64) as usize;
        self.columns[index] = column;
        for (&place, summary) in self.places.iter().zip(&mut self.summaries[index * series..(index + 1) * series]) {
            *summary = group.past().summary(place, times.clone());
        }
    }

    /// Makes the next update read all rows.
    pub fn forget(&mut self) {
        self.shape = Shape::default();
    }

    fn reset(&mut self, shape: Shape, places: &[usize]) {
        self.shape = shape;
        self.places.clear();
        self.places.extend(places);
        self.summaries.clear();
        self.summaries.resize(shape.width * shape.series, Summary::EMPTY);
        self.columns.clear();
        self.columns.resize(shape.width, NONE);
    }

    fn fill(&mut self, group: &Group, column: i64, rows: Range<u64>) {
        let Shape { width, series, .. } = self.shape;
        let times = self.times(column);
        let index = column.rem_euclid(width as i64) as usize;
        // Of the column in which the rows begin, the summaries of the time before have the first part, or all of it.
        let past = group.past().range().filter(|_| rows.start == group.rows().start);
        // A bucket that ends after them has values of later times.
        let whole_bucket = Interval::from_micros(group.step().micros().saturating_sub(1));
        let later =
            past.map_or(rows.start, |past| group.first_row_at(past.end - whole_bucket).clamp(rows.start, rows.end));
        self.columns[index] = column;
        for (&place, summary) in self.places.iter().zip(&mut self.summaries[index * series..(index + 1) * series]) {
            *summary = match past {
                Some(_) => group.past().summary(place, times.clone()),
                None => Summary::EMPTY,
            };
            summary.extend(&group.summary(place, later..rows.end));
        }
    }

    const fn times(&self, column: i64) -> Range<Timestamp> {
        let start = column.saturating_mul(self.shape.column_us);
        Timestamp::from_micros(start)..Timestamp::from_micros(start.saturating_add(self.shape.column_us))
    }

    pub const fn series(&self) -> usize {
        self.shape.series
    }

    /// The summary of a series, by its place in the list, in a column; empty for a column that is not kept.
    pub fn summary(&self, series: usize, column: i64) -> Summary {
        let Shape { width, series: count, .. } = self.shape;
        let index = column.rem_euclid(width.max(1) as i64) as usize;
        if self.columns.get(index) == Some(&column) && series < count {
            self.summaries[index * count + series]
        } else {
            Summary::EMPTY
        }
    }
}
