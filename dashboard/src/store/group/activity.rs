//! Which series of a group live, which have ended, and which have left the window.

use protocol::Timestamp;

use super::Group;
use crate::store::display_order::Activity;

impl Group {
    /// What each series does now, in a window that begins at `from`.
    pub fn activities(&self, from: Timestamp) -> Vec<Activity> {
        (0..self.series.len()).map(|place| self.activity(place, from)).collect()
    }

    fn activity(&self, place: usize, from: Timestamp) -> Activity {
        let last = self.series[place].last_present();
        let has_ended = self.has_ended(place);
        // In buckets, a series may be silent for long before the catalog says that it has ended.
        let is_silent = has_ended || (self.holds_buckets() && last < self.rows.end);
        if is_silent && !self.has_value_since(place, from) {
            Activity::Left
        } else if has_ended {
            Activity::Ended { last }
        } else {
            Activity::Living { value: self.latest(place).unwrap_or(f64::NAN) }
        }
    }

    /// Returns true if a series has a value at or after a time, or may have one that the page does not hold yet.
    fn has_value_since(&self, place: usize, from: Timestamp) -> bool {
        match self.series[place].last_present().checked_sub(1).filter(|row| self.rows.contains(row)) {
            Some(row) => self.end_of(row) >= from,
            None => self.past.has_value_since(place, from) || !self.holds_all_since(from),
        }
    }

    /// Returns false if earlier rows or summaries may still arrive.
    fn holds_all_since(&self, from: Timestamp) -> bool {
        let is_full = self.rows.end - self.rows.start >= self.capacity() as u64;
        is_full
            || self.oldest().is_some_and(|oldest| oldest <= from)
            || self.past.range().is_some_and(|range| range.start <= from)
    }
}

#[cfg(test)]
mod tests {
    use Activity::{Ended, Left, Living};
    use protocol::CatalogScope;

    use super::*;
    use crate::store::row_sender::{RowSender, at};

    #[test]
    fn a_series_lives_until_others_have_values_for_longer_than_the_longest_step() {
        let mut sender = RowSender::new(2);
        assert!(
            sender.group().activities(at(0)).iter().all(|series| matches!(series, Living { value } if value.is_nan()))
        );
        sender.row(0, [(1, 1.0), (2, 2.0)]);
        (1..4).for_each(|row| sender.row(row, [(1, 1.5)]));
        assert_eq!(sender.group().activities(at(0)), [Living { value: 1.5 }, Living { value: 2.0 }]);
        sender.row(4, [(1, 1.5)]);
        assert_eq!(sender.group().activities(at(0)), [Living { value: 1.5 }, Ended { last: 1 }]);
        sender.row(5, [(2, 3.0)]);
        assert_eq!(sender.group().activities(at(0))[1], Living { value: 3.0 });
    }

    #[test]
    fn an_ended_series_leaves_when_its_last_value_leaves_the_window() {
        let mut sender = RowSender::new(2);
        sender.row(0, [(1, 1.0)]);
        sender.row(1, [(1, 1.0), (2, 2.0)]);
        (2..10).for_each(|row| sender.row(row, [(1, 1.0)]));
        assert_eq!(sender.group().activities(at(1))[1], Ended { last: 2 });
        assert_eq!(sender.group().activities(at(2))[1], Left);
        sender.catalog(CatalogScope::Changes, &[], &[2]);
        assert_eq!(
            sender.group().activities(at(1))[1],
            Ended { last: 2 },
            "also when the catalog says that it has ended"
        );
    }

    #[test]
    fn a_series_without_values_stays_while_the_history_may_still_arrive() {
        let mut sender = RowSender::new(2);
        (100..110).for_each(|row| sender.row(row, [(1, 1.0)]));
        assert!(matches!(sender.group().activities(at(50))[1], Ended { .. }));
        assert_eq!(sender.group().activities(at(100))[1], Left);
    }

    #[test]
    fn the_series_of_a_stopped_source_stay() {
        let mut sender = RowSender::new(2);
        sender.row(0, [(1, 1.0), (2, 2.0)]);
        assert_eq!(sender.group().activities(at(1_000)), [Living { value: 1.0 }, Living { value: 2.0 }]);
    }
}
