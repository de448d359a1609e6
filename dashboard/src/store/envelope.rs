//! Envelopes: what each series came to in each pixel column, kept from frame to frame.
//!
//! Columns are numbered from the Unix epoch, so a sample's column never changes while the chart scrolls, and a frame
//! only looks at columns in which there is something new. (Jugel et al., "M4: A Visualization-Oriented Time Series Data
//! Aggregation", VLDB 2014: first, last, least and greatest value draw a line chart without a wrong pixel.)

use std::ops::Range;

use protocol::Timestamp;

use super::group::Group;
use series::Summary;

/// Envelopes of the first series of one group, for the newest columns.
#[derive(Debug, Default)]
pub struct Envelopes {
    shape: Shape,
    /// Column by column, within it series by series; a column's place is its number modulo the width.
    summaries: Vec<Summary>,
    /// Which column a place holds.
    columns: Vec<i64>,
    next_row: u64,
}

/// What must stay the same for columns to stay what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shape {
    column_us: i64,
    width: usize,
    series: usize,
    generation: u64,
}

/// Marks a place that holds no column yet.
const NONE: i64 = i64::MIN;

impl Envelopes {
    /// Takes in what the first `series` of `group` have got since the last call, for columns of `column_us` microseconds,
    /// of which the `width` that end with column `newest` are kept. Returns the oldest column that changed; `i64::MIN`
    /// when all may have, `None` when nothing did.
    ///
    /// Hot: once a chart and display frame; within it, once a series and column that changed.
    pub fn update(&mut self, group: &Group, series: usize, column_us: i64, width: usize, newest: i64) -> Option<i64> {
        let shape =
            Shape { column_us, width, series: series.min(group.series().len()), generation: group.generation() };
        let is_new = self.shape != shape;
        if is_new {
            self.shape = shape;
            self.next_row = group.rows().start;
            self.summaries.clear();
            self.summaries.resize(width * shape.series, Summary::EMPTY);
            self.columns.clear();
            self.columns.resize(width, NONE);
        }
        if width == 0 || column_us <= 0 {
            return None;
        }
        let start_of = |column: i64| Timestamp::from_micros(column.saturating_mul(column_us));
        // What lies ahead of the newest column waits until that has come.
        let end = group.first_row_at(start_of(newest.saturating_add(1)));
        let rows = self.next_row.max(group.rows().start)..end;
        self.next_row = rows.end.max(self.next_row);
        if rows.is_empty() {
            return is_new.then_some(NONE);
        }
        let column_of = |row: u64| group.time(row).micros().div_euclid(column_us);
        let oldest = column_of(rows.start);
        let kept = newest.saturating_sub(width as i64 - 1);
        let columns = oldest.max(kept)..=column_of(rows.end - 1);
        let mut row = group.first_row_at(start_of(*columns.start()));
        for column in columns {
            let end = group.first_row_at(start_of(column.saturating_add(1)));
            self.fill(group, column, row..end);
            row = end;
        }
        Some(if is_new { NONE } else { oldest })
    }

    fn fill(&mut self, group: &Group, column: i64, rows: Range<u64>) {
        let Shape { width, series, .. } = self.shape;
        let place = column.rem_euclid(width as i64) as usize;
        self.columns[place] = column;
        for (series, summary) in self.summaries[place * series..(place + 1) * series].iter_mut().enumerate() {
            *summary = group.summary(series, rows.clone());
        }
    }

    /// How many series there are.
    pub const fn series(&self) -> usize {
        self.shape.series
    }

    /// What a series came to in a column.
    pub fn summary(&self, series: usize, column: i64) -> Summary {
        let Shape { width, series: count, .. } = self.shape;
        let place = column.rem_euclid(width.max(1) as i64) as usize;
        if self.columns.get(place) == Some(&column) && series < count {
            self.summaries[place * count + series]
        } else {
            Summary::EMPTY
        }
    }
}
