//! The series that a legend lists, in order.
//!
//! If all series of a group live and have an entry, they keep the order of the catalog: cores do not jump around. Otherwise the list
//! begins with the living series, largest first, and ends with those that have ended.

use std::ops::Range;

use protocol::{Interval, Timestamp};

use crate::store::{DisplayOrder, Group};

/// A list that changes more often cannot be read.
const ORDER_PERIOD: Interval = Interval::from_secs(1);

/// What an update does with a list that has been ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ordering {
    /// Orders it by the newest values, once a second.
    Follow,
    /// Keeps its order, as under a crosshair, which shows earlier values.
    Keep,
}

#[derive(Debug, Default)]
pub(super) struct LegendOrder {
    /// The listed series, by number.
    numbers: Vec<usize>,
    /// Series in the window, listed or not.
    in_window: usize,
    max_entries: usize,
    ordered_at: Option<Timestamp>,
}

impl LegendOrder {
    /// Orders the series of a group without knowledge of the window. The next update orders them again.
    pub(super) fn begin(&mut self, group: &Group, max_entries: usize) {
        self.order(group, max_entries, Timestamp::MIN);
        self.ordered_at = None;
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Follows a group of which the times `shown` are on screen. Returns true if the list or the number of series has changed.
    pub(super) fn update(
        &mut self,
        group: &Group,
        max_entries: usize,
        shown: &Range<Timestamp>,
        ordering: Ordering,
    ) -> bool {
        let is_old = |at: Timestamp| shown.end.micros_since(at).unsigned_abs() >= ORDER_PERIOD.micros();
        let is_due = max_entries != self.max_entries
            || self.ordered_at.is_none_or(|at| ordering == Ordering::Follow && is_old(at));
        if is_due {
            let before = (std::mem::take(&mut self.numbers), self.in_window);
            self.order(group, max_entries, shown.start);
            self.ordered_at = Some(shown.end);
            return before.0 != self.numbers || before.1 != self.in_window;
        }
        let before = self.numbers.len();
        self.numbers.retain(|&number| group.place_of_number(number).is_some());
        before != self.numbers.len()
    }

    /// The places of the listed series that the group still has.
    pub(super) fn places(&self, group: &Group) -> Vec<usize> {
        self.numbers.iter().filter_map(|&number| group.place_of_number(number)).collect()
    }

    /// The number of series in the window, listed or not.
    pub(super) const fn in_window(&self) -> usize {
        self.in_window
    }

    fn order(&mut self, group: &Group, max_entries: usize, from: Timestamp) {
        let order = DisplayOrder::of(&group.activities(from));
        let places = listed(&order, max_entries);
        self.numbers = places.into_iter().map(|place| group.series()[place].number).collect();
        (self.in_window, self.max_entries) = (order.places().len(), max_entries);
    }
}

/// The places of at most `max_entries` series, in the order of the list.
fn listed(order: &DisplayOrder, max_entries: usize) -> Vec<usize> {
    let places = order.places();
    if order.has_ended() || places.len() > max_entries {
        places[..places.len().min(max_entries)].to_vec()
    } else {
        order.in_catalog_order()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::row_sender::{RowSender, at};

    /// A legend of three entries, of a window of 10 s.
    struct Stage {
        sender: RowSender,
        order: LegendOrder,
    }

    impl Stage {
        fn new(series: u32) -> Self {
            let (sender, mut order) = (RowSender::new(series), LegendOrder::default());
            order.begin(sender.group(), 3);
            Self { sender, order }
        }

        fn row(&mut self, row: i64, values: &[(u32, f64)]) -> Vec<&str> {
            self.sender.row(row, values.iter().copied());
            self.update(row, Ordering::Follow)
        }

        fn update(&mut self, row: i64, ordering: Ordering) -> Vec<&str> {
            self.order.update(self.sender.group(), 3, &(at(row - 100)..at(row)), ordering);
            self.names()
        }

        fn names(&self) -> Vec<&str> {
            self.sender.names(&self.order.places(self.sender.group()))
        }
    }

    #[test]
    fn living_series_that_all_have_an_entry_keep_the_order_of_the_catalog() {
        let mut stage = Stage::new(3);
        assert_eq!(stage.row(100, &[(1, 1.0), (2, 3.0), (3, 2.0)]), ["s1", "s2", "s3"]);
        assert_eq!(stage.row(110, &[(1, 1.0), (2, 0.0), (3, 2.0)]), ["s1", "s2", "s3"]);
    }

    #[test]
    fn of_more_series_the_largest_are_listed_first_and_follow_the_values_once_a_second() {
        let mut stage = Stage::new(5);
        assert_eq!(stage.names(), ["s1", "s2", "s3"], "before the first row");
        assert_eq!(stage.row(100, &[(1, 1.0), (2, 5.0), (3, 2.0), (4, 4.0), (5, 3.0)]), ["s2", "s4", "s5"]);
        assert_eq!(stage.row(109, &[(1, 9.0), (2, 5.0), (3, 2.0), (4, 4.0), (5, 3.0)]), ["s2", "s4", "s5"]);
        assert_eq!(stage.row(110, &[(1, 9.0), (2, 5.0), (3, 2.0), (4, 4.0), (5, 3.0)]), ["s1", "s2", "s4"]);
        assert_eq!(stage.order.in_window(), 5);
    }

    #[test]
    fn an_ended_series_is_last_and_leaves_with_its_last_value() {
        let mut stage = Stage::new(3);
        stage.row(100, &[(1, 9.0), (2, 1.0), (3, 2.0)]);
        (101..110).for_each(|row| stage.sender.row(row, [(2, 1.0), (3, 2.0)]));
        assert_eq!(stage.row(110, &[(2, 1.0), (3, 2.0)]), ["s3", "s2", "s1"]);
        (111..201).for_each(|row| stage.sender.row(row, [(2, 1.0), (3, 2.0)]));
        assert_eq!(stage.row(201, &[(2, 1.0), (3, 2.0)]), ["s2", "s3"], "all live again");
        assert_eq!(stage.order.in_window(), 2);
    }

    #[test]
    fn a_crosshair_keeps_the_order_and_a_dropped_series_leaves_at_once() {
        let mut stage = Stage::new(5);
        stage.row(100, &[(1, 1.0), (2, 5.0), (3, 2.0), (4, 4.0), (5, 3.0)]);
        (101..150).for_each(|row| stage.sender.row(row, [(1, 9.0), (4, 8.0)]));
        assert_eq!(stage.update(150, Ordering::Keep), ["s2", "s4", "s5"]);
        stage.sender.catalog(protocol::CatalogScope::Changes, &[], &[5]);
        assert!(stage.sender.store.prune(at(120)));
        assert_eq!(stage.update(150, Ordering::Keep), ["s2", "s4"]);
        assert_eq!(stage.update(151, Ordering::Follow), ["s1", "s4", "s2"]);
    }

    #[test]
    fn another_number_of_entries_orders_at_once() {
        let mut stage = Stage::new(5);
        stage.row(100, &[(1, 1.0), (2, 5.0), (3, 2.0), (4, 4.0), (5, 3.0)]);
        let shown = at(0)..at(100);
        assert!(stage.order.update(stage.sender.group(), 5, &shown, Ordering::Keep));
        assert_eq!(stage.names(), ["s1", "s2", "s3", "s4", "s5"], "all have an entry");
        assert!(!stage.order.update(stage.sender.group(), 5, &shown, Ordering::Follow));
    }
}
