//! Rows of some series.

use std::collections::BTreeMap;
use std::ops::Range;

use protocol::Timestamp;
use protocol::column::{MISSING, is_missing};

/// A value for each series, at each time that a series has one.
#[derive(Debug)]
pub struct RowTable {
    range: Range<Timestamp>,
    series: usize,
    rows: BTreeMap<Timestamp, Vec<f64>>,
}

impl RowTable {
    /// A table without rows for `series` series. The number of rows in the range must be small.
    pub const fn new(range: Range<Timestamp>, series: usize) -> Self {
        Self { range, series, rows: BTreeMap::new() }
    }

    pub const fn range(&self) -> &Range<Timestamp> {
        &self.range
    }

    /// Adds values of one series. Those outside the range are passed over.
    pub fn add_values(&mut self, series: usize, times: &[Timestamp], values: &[f64]) {
        for (&time, &value) in times.iter().zip(values) {
            if self.range.contains(&time) && !is_missing(value) {
                self.rows.entry(time).or_insert_with(|| vec![MISSING; self.series])[series] = value;
            }
        }
    }

    pub fn times(&self) -> Vec<Timestamp> {
        self.rows.keys().copied().collect()
    }

    /// The values of one series in all rows.
    pub fn values(&self, series: usize) -> Vec<f64> {
        self.rows.values().map(|row| row[series]).collect()
    }
}
