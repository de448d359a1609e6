//! Envelopes: first, last, least and greatest value of each pixel column, exact, kept up with each sample.
//!
//! Columns are numbered from the Unix epoch, so a sample's column never changes while the chart scrolls, and a frame
//! only looks at samples that are new. (Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation",
//! VLDB 2014: these four values draw a line chart without a wrong pixel.)

use super::group::Group;

/// One series' values within one pixel column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The first.
    pub first: f64,
    /// The last.
    pub last: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// Envelopes of all series of one group, for the newest columns.
#[derive(Debug, Default)]
pub struct Envelopes {
    column_us: i64,
    width: usize,
    /// Column by column, within it series by series; a column's place is its number modulo the width.
    spans: Vec<Option<Span>>,
    /// Which column a place holds.
    columns: Vec<i64>,
    series: usize,
    next_row: u64,
    generation: u64,
}

/// Marks a place that holds no column yet.
const NONE: i64 = i64::MIN;

impl Envelopes {
    /// Takes in what `group` has got since the last call, for columns of `column_us` microseconds, of which the newest
    /// `width` are kept. Returns the oldest column that changed, `None` when nothing did.
    ///
    /// Hot: once a sample and series.
    pub fn update(&mut self, group: &Group, column_us: i64, width: usize) -> Option<i64> {
        let (series, generation) = (group.series().len(), group.generation());
        let same = (self.column_us, self.width, self.series, self.generation) == (column_us, width, series, generation);
        if !same {
            *self = Self {
                column_us,
                width,
                spans: vec![None; width * series],
                columns: vec![NONE; width],
                series,
                next_row: group.rows().start,
                generation,
            };
        }
        if width == 0 || column_us <= 0 {
            return None;
        }
        let rows = self.next_row.max(group.rows().start)..group.rows().end;
        self.next_row = rows.end;
        if rows.is_empty() {
            return None;
        }
        let oldest = group.time(rows.start).micros().div_euclid(column_us);
        for row in rows.clone() {
            self.open(group.time(row).micros().div_euclid(column_us));
        }
        for series in 0..series {
            for (time, value) in group.iter(series, rows.clone()) {
                let column = time.micros().div_euclid(column_us);
                let place = column.rem_euclid(width as i64) as usize;
                if value.is_finite() && self.columns[place] == column {
                    add(&mut self.spans[place * self.series + series], value);
                }
            }
        }
        Some(if same { oldest } else { NONE })
    }

    /// Makes the place of a column its own, unless a newer column has it.
    fn open(&mut self, column: i64) {
        let place = column.rem_euclid(self.width as i64) as usize;
        if self.columns[place] < column {
            self.columns[place] = column;
            self.spans[place * self.series..(place + 1) * self.series].fill(None);
        }
    }

    /// The envelope of a series in a column; `None` where it has no value.
    pub fn span(&self, series: usize, column: i64) -> Option<Span> {
        if self.width == 0 {
            return None;
        }
        let place = column.rem_euclid(self.width as i64) as usize;
        if self.columns[place] != column || series >= self.series {
            return None;
        }
        self.spans[place * self.series + series]
    }
}

fn add(span: &mut Option<Span>, value: f64) {
    match span {
        Some(span) => {
            span.last = value;
            if value < span.min {
                span.min = value;
            }
            if value > span.max {
                span.max = value;
            }
        }
        None => *span = Some(Span { first: value, last: value, min: value, max: value }),
    }
}
