//! Rows of samples, as sources send them.

use std::ops::Range;

use protocol::column::{MISSING, is_missing};
use protocol::{GroupId, SeriesId, Timestamp};

const VALUE_BYTES: usize = size_of::<f64>();
/// The allocator's own bytes for a list.
const LIST_BYTES: usize = 16;
const COLUMN_BYTES: usize = size_of::<BatchColumn>() + LIST_BYTES;

/// Rows of one group, column by column. Times rise from row to row and from batch to batch, unless the source has a merge window.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    pub group: GroupId,
    pub times: Vec<Timestamp>,
    /// The series that have values in these rows, in any order.
    pub columns: Vec<BatchColumn>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct BatchColumn {
    pub series: SeriesId,
    /// The value of each row.
    pub values: Vec<f64>,
}

/// Consecutive rows of a batch.
#[derive(Clone, Debug)]
pub struct BatchSlice<'a> {
    batch: &'a Batch,
    rows: Range<usize>,
}

impl<'a> BatchSlice<'a> {
    pub const fn group(&self) -> GroupId {
        self.batch.group
    }

    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    pub fn times(&self) -> &'a [Timestamp] {
        &self.batch.times[self.rows.clone()]
    }

    pub fn columns(&self) -> impl ExactSizeIterator<Item = (SeriesId, &'a [f64])> + Clone + use<'a> {
        let rows = self.rows.clone();
        self.batch.columns.iter().map(move |column| (column.series, &column.values[rows.clone()]))
    }

    /// Some of these rows, numbered from the first of them.
    #[must_use]
    pub const fn slice(&self, rows: Range<usize>) -> Self {
        Self { batch: self.batch, rows: self.rows.start + rows.start..self.rows.start + rows.end }
    }

    pub fn to_batch(&self) -> Batch {
        let columns = self.columns().map(|(series, values)| BatchColumn { series, values: values.to_vec() });
        Batch { group: self.group(), times: self.times().to_vec(), columns: columns.collect() }
    }
}

impl<'a> From<&'a Batch> for BatchSlice<'a> {
    fn from(batch: &'a Batch) -> Self {
        batch.slice(0..batch.rows())
    }
}

impl Batch {
    pub fn row(group: GroupId, time: Timestamp, values: impl IntoIterator<Item = (SeriesId, f64)>) -> Self {
        let columns = values.into_iter().map(|(series, value)| BatchColumn { series, values: vec![value] }).collect();
        Self { group, times: vec![time], columns }
    }

    pub const fn rows(&self) -> usize {
        self.times.len()
    }

    pub const fn values(&self) -> usize {
        self.times.len() * self.columns.len()
    }

    /// Appends the rows of `later`.
    ///
    /// # Errors
    /// Returns `later` unchanged if its group or its columns differ, or if it is not later.
    pub fn append(&mut self, later: Self) -> Result<(), Self> {
        let same = self.group == later.group
            && self.times.last() < later.times.first()
            && self.columns.len() == later.columns.len()
            && self.columns.iter().zip(&later.columns).all(|(ours, theirs)| ours.series == theirs.series);
        if !same {
            return Err(later);
        }
        self.times.extend(later.times);
        for (ours, theirs) in self.columns.iter_mut().zip(later.columns) {
            ours.values.extend(theirs.values);
        }
        Ok(())
    }

    /// Some of the rows, without a copy.
    pub const fn slice(&self, rows: Range<usize>) -> BatchSlice<'_> {
        BatchSlice { batch: self, rows }
    }

    /// Bytes of a time and its values.
    pub const fn row_bytes(&self) -> usize {
        VALUE_BYTES * (self.columns.len() + 1)
    }

    /// Bytes of all times and values.
    pub const fn bytes(&self) -> usize {
        self.rows() * self.row_bytes()
    }

    /// Bytes of memory. A list of one value takes several times the bytes of the value.
    pub fn heap_bytes(&self) -> usize {
        let lists = self.columns.iter().map(|column| COLUMN_BYTES + column.values.capacity() * VALUE_BYTES);
        size_of::<Self>() + LIST_BYTES + self.times.capacity() * VALUE_BYTES + lists.sum::<usize>()
    }

    /// Returns true if every column has a value for each row.
    pub fn is_complete(&self) -> bool {
        self.columns.iter().all(|column| column.values.len() == self.times.len())
    }

    /// Sorts the columns by series, as the protocol requires. Of two columns of one series the first stays.
    pub fn sort_columns(&mut self) {
        if !self.columns.is_sorted_by(|earlier, later| earlier.series < later.series) {
            self.columns.sort_by_key(|column| column.series);
            self.columns.dedup_by_key(|column| column.series);
        }
    }

    /// Puts the rows in order of time. Rows of one time become one row, in which the first value of each series stays. Returns the
    /// number of rows less.
    pub fn sort_rows(&mut self) -> usize {
        if self.times.is_sorted_by(|earlier, later| earlier < later) {
            return 0;
        }
        let mut order: Vec<usize> = (0..self.rows()).collect();
        order.sort_by_key(|&row| self.times[row]);
        let same_time: Vec<&[usize]> = order.chunk_by(|&one, &other| self.times[one] == self.times[other]).collect();
        for column in &mut self.columns {
            let values = same_time.iter().map(|rows| {
                let mut values = rows.iter().map(|&row| column.values[row]);
                values.find(|&value| !is_missing(value)).unwrap_or(MISSING)
            });
            column.values = values.collect();
        }
        let (before, times) = (self.rows(), same_time.iter().map(|rows| self.times[rows[0]]).collect());
        self.times = times;
        before - self.rows()
    }

    /// Drops rows after `time`. Returns how many were dropped.
    pub fn drop_after(&mut self, time: Timestamp) -> usize {
        let keep: Vec<bool> = self.times.iter().map(|&row| row <= time).collect();
        self.keep(&keep)
    }

    /// Drops rows whose time is not after `last` and after the row before. Returns how many were dropped.
    pub fn keep_rising(&mut self, last: Option<Timestamp>) -> usize {
        let mut newest = last;
        let keep: Vec<bool> = self
            .times
            .iter()
            .map(|&time| {
                let rises = newest.is_none_or(|newest| time > newest);
                if rises {
                    newest = Some(time);
                }
                rises
            })
            .collect();
        self.keep(&keep)
    }

    fn keep(&mut self, keep: &[bool]) -> usize {
        let dropped = keep.iter().filter(|&&kept| !kept).count();
        if dropped > 0 {
            retain_rows(&mut self.times, keep);
            for column in &mut self.columns {
                retain_rows(&mut column.values, keep);
            }
        }
        dropped
    }
}

fn retain_rows<T>(rows: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    rows.retain(|_| keep.next().copied().unwrap_or(false));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn batches_of_the_same_series_are_joined() {
        let mut batch = Batch::row(GroupId(1), at(1), [(SeriesId(1), 1.0), (SeriesId(2), 2.0)]);
        batch.append(Batch::row(GroupId(1), at(2), [(SeriesId(1), 3.0), (SeriesId(2), 4.0)])).expect("same columns");
        assert_eq!(batch.times, [at(1), at(2)]);
        assert_eq!(batch.columns[1].values, [2.0, 4.0]);
        let other = Batch::row(GroupId(1), at(3), [(SeriesId(1), 5.0)]);
        assert_eq!(batch.append(other.clone()), Err(other));
    }

    #[test]
    fn a_slice_has_its_rows_of_every_column() {
        let mut batch = Batch::row(GroupId(1), at(1), [(SeriesId(1), 1.0), (SeriesId(2), 2.0)]);
        for row in 2..=5 {
            let values = [(SeriesId(1), row as f64), (SeriesId(2), -row as f64)];
            batch.append(Batch::row(GroupId(1), at(row), values)).expect("same columns");
        }
        let rest = batch.slice(1..5).slice(1..3).to_batch();
        assert_eq!(rest.times, [at(3), at(4)]);
        assert_eq!(rest.columns[1].values, [-3.0, -4.0]);
        assert!(rest.is_complete());
    }

    #[test]
    fn columns_are_sorted_by_series() {
        let values = [(3, 1.0), (1, 2.0), (3, 3.0)].map(|(series, value)| (SeriesId(series), value));
        let mut batch = Batch::row(GroupId(1), at(1), values);
        batch.sort_columns();
        assert_eq!(batch, Batch::row(GroupId(1), at(1), [(SeriesId(1), 2.0), (SeriesId(3), 1.0)]));
    }

    #[test]
    fn rows_are_put_in_order_of_time_and_the_first_value_for_a_time_stays() {
        let column = |series, values: [f64; 4]| BatchColumn { series: SeriesId(series), values: values.to_vec() };
        let columns = vec![column(1, [1.0, MISSING, 3.0, 4.0]), column(2, [MISSING, 6.0, MISSING, 8.0])];
        let mut batch = Batch { group: GroupId(1), times: [9, 7, 7, 9].map(at).to_vec(), columns };
        assert_eq!(batch.sort_rows(), 2);
        assert_eq!(batch.times, [at(7), at(9)]);
        let values: Vec<_> = batch.columns.iter().map(|column| column.values.clone()).collect();
        assert_eq!(values, [[3.0, 1.0], [6.0, 8.0]]);
    }

    #[test]
    fn rows_that_step_back_in_time_are_dropped() {
        let columns = vec![BatchColumn { series: SeriesId(1), values: vec![0.0, 1.0, 2.0, 3.0, 4.0] }];
        let mut batch = Batch { group: GroupId(1), times: [5, 7, 6, 7, 8].map(at).to_vec(), columns };
        assert_eq!(batch.keep_rising(Some(at(5))), 3);
        assert_eq!(batch.times, [at(7), at(8)]);
        assert_eq!(batch.columns[0].values, [1.0, 4.0]);
    }
}
