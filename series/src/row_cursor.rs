//! A cursor that follows the rows of a ring from one call to the next.

use std::ops::Range;

/// Remembers the rows of a ring that its owner has read.
///
/// A ring numbers its rows from the first one ever stored, and increments its generation if rows that it already
/// held change.
///
/// ```
/// use series::row_cursor::{NewRows, RowCursor};
///
/// let mut cursor = RowCursor::new(0, 0);
/// assert_eq!(cursor.advance(0, 0..10), NewRows::Appended(0..10));
/// assert_eq!(cursor.advance(0, 2..12), NewRows::Appended(10..12));
/// // Rows 12 to 19 were evicted before they were read.
/// assert_eq!(cursor.advance(0, 20..30), NewRows::Restarted(20..30));
/// // Rows that were read have changed.
/// assert_eq!(cursor.advance(1, 20..30), NewRows::Restarted(20..30));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCursor {
    generation: u64,
    next_row: u64,
}

/// The rows to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewRows {
    /// These rows follow those that were read before; none if the range is empty.
    Appended(Range<u64>),
    /// These are all rows. Results of rows that were read before are no longer valid.
    Restarted(Range<u64>),
}

impl RowCursor {
    /// A cursor that will read the rows from `next_row` on, as long as the ring's generation does not change.
    pub const fn new(generation: u64, next_row: u64) -> Self {
        Self { generation, next_row }
    }

    /// Moves the cursor to the end of `rows`, the rows that the ring holds or the front part of them, and returns those
    /// to read. An end before that of an earlier call restarts.
    pub fn advance(&mut self, generation: u64, rows: Range<u64>) -> NewRows {
        let before = std::mem::replace(self, Self::new(generation, rows.end));
        if before.generation == generation && (rows.start..=rows.end).contains(&before.next_row) {
            NewRows::Appended(before.next_row..rows.end)
        } else {
            NewRows::Restarted(rows)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_end_that_moves_back_restarts() {
        let mut cursor = RowCursor::new(0, 0);
        cursor.advance(0, 0..10);
        assert_eq!(cursor.advance(0, 0..9), NewRows::Restarted(0..9));
        assert_eq!(cursor.advance(0, 0..10), NewRows::Appended(9..10));
    }

    proptest! {
        /// A ring of 8 rows that grows, and now and then changes rows that it holds.
        #[test]
        fn every_row_is_read_once_for_each_restart(steps in prop::collection::vec((0_u64..20, prop::bool::weighted(0.1)), 0..40)) {
            let mut cursor = RowCursor::new(0, 0);
            let (mut generation, mut end, mut read) = (0, 0, 0..0);
            for (appended, is_changed) in steps {
                end += appended;
                generation += u64::from(is_changed);
                let held = end.saturating_sub(8)..end;
                match cursor.advance(generation, held.clone()) {
                    NewRows::Appended(rows) => {
                        prop_assert!(!is_changed);
                        prop_assert_eq!((rows.start, rows.end), (read.end, end));
                        read.end = end;
                    }
                    NewRows::Restarted(rows) => {
                        prop_assert!(is_changed || held.start > read.end);
                        prop_assert_eq!(&rows, &held);
                        read = rows;
                    }
                }
                prop_assert!(read.start <= held.start);
            }
        }
    }
}
