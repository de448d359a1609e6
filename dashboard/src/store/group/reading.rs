//! The values of a series in one column of a chart.

use std::ops::Range;

use protocol::{Interval, Timestamp};

use super::Group;

/// The smallest and the largest value of a series in a column. They are equal where it has one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub low: f64,
    pub high: f64,
}

impl Group {
    /// The values of a series in the times of a column; in a column without one, the value that holds there. A bucket that is longer than the
    /// column is read as a whole.
    pub fn reading(&self, place: usize, column: &Range<Timestamp>) -> Option<Reading> {
        let whole_bucket = Interval::from_micros(self.step().micros().saturating_sub(1));
        let rows = self.first_row_at(column.start - whole_bucket)..self.first_row_at(column.end);
        let is_finer = self.has_finer_answer(column);
        let mut summary = self.past().summary(place, column.clone());
        if !is_finer {
            summary.extend(&self.summary(place, rows));
        }
        if summary.is_empty() {
            let value = if is_finer {
                self.past().value_at(place, column.end, self.longest_step())?
            } else {
                self.value_at(place, column.end)?
            };
            return Some(Reading { low: value, high: value });
        }
        Some(Reading { low: summary.min, high: summary.max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::row_sender::{RowSender, at};

    fn reading(sender: &RowSender, rows: Range<i64>) -> Option<(f64, f64)> {
        sender.group().reading(0, &(at(rows.start)..at(rows.end))).map(|reading| (reading.low, reading.high))
    }

    #[test]
    fn a_column_of_many_rows_has_their_extremes() {
        let mut sender = RowSender::new(1);
        (0..20).for_each(|row| sender.row(row, [(1, f64::from((row % 5) as i32))]));
        assert_eq!(reading(&sender, 5..10), Some((0.0, 4.0)));
        assert_eq!(reading(&sender, 6..8), Some((1.0, 2.0)));
    }

    #[test]
    fn a_column_between_two_rows_has_the_value_before_and_none_in_a_hole() {
        let mut sender = RowSender::new(1);
        for row in [0, 1, 2, 50] {
            sender.row(row, [(1, f64::from(row as i32))]);
        }
        let between = at(1) + Interval::from_millis(20)..at(1) + Interval::from_millis(30);
        assert_eq!(sender.group().reading(0, &between), Some(Reading { low: 1.0, high: 1.0 }));
        assert_eq!(reading(&sender, 20..21), None);
    }

    #[test]
    fn a_value_that_is_missing_is_not_read() {
        let mut sender = RowSender::new(2);
        sender.row(0, [(1, 3.0), (2, 5.0)]);
        sender.row(1, [(2, 6.0)]);
        assert_eq!(sender.group().reading(0, &(at(1)..at(2))), None);
        assert_eq!(sender.group().reading(1, &(at(1)..at(2))), Some(Reading { low: 6.0, high: 6.0 }));
    }
}
