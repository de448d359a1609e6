//! The series that a legend lists, in order.
//!
//! In the automatic order, if all series of a group live and have an entry, they keep the order of the catalog: cores do not jump around.
//! Otherwise the list begins with the living series, largest first, and ends with those that have ended.

use std::ops::Range;
use std::rc::Rc;

use protocol::{Interval, Timestamp};

use crate::chart::Shown;
use crate::layout::Order;
use crate::store::{DisplayOrder, Group, largest_first, sorted};

/// A list that changes more often cannot be read.
const ORDER_PERIOD: Interval = Interval::from_secs(1);

/// The digits to which numbers in names are filled up, so that `core 10` is after `core 9`.
const DIGITS: usize = 12;

/// What a legend is to list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LegendView {
    pub(super) max_entries: usize,
    /// The times on screen.
    pub(super) shown: Range<Timestamp>,
    /// The column under the crosshair, of which values are shown; the newest values without one.
    pub(super) read: Option<Range<Timestamp>>,
    pub(super) order: Order,
    /// The names to list contain this text, in small letters.
    pub(super) filter: String,
    /// The series to list.
    pub(super) among: Rc<Shown>,
}

#[derive(Debug, Default)]
pub(super) struct LegendOrder {
    /// The listed series, by number.
    numbers: Vec<usize>,
    /// Series in the window that pass the filter, listed or not.
    in_window: usize,
    ordered: Option<LegendView>,
}

impl LegendOrder {
    /// Orders the series of a group without knowledge of the window. The next update orders them again.
    pub(super) fn begin(&mut self, group: &Group, max_entries: usize) {
        let everything = Timestamp::MIN..Timestamp::MIN;
        self.order(group, &LegendView { max_entries, shown: everything, ..LegendView::default() });
        self.ordered = None;
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Follows a group. Returns true if the list or the number of series has changed.
    pub(super) fn update(&mut self, group: &Group, view: &LegendView) -> bool {
        if self.is_due(view) {
            let before = (std::mem::take(&mut self.numbers), self.in_window);
            self.order(group, view);
            return before.0 != self.numbers || before.1 != self.in_window;
        }
        let before = self.numbers.len();
        self.numbers.retain(|&number| group.place_of_number(number).is_some());
        before != self.numbers.len()
    }

    fn is_due(&self, view: &LegendView) -> bool {
        let Some(ordered) = &self.ordered else { return true };
        let settings = |view: &LegendView| (view.max_entries, view.order, view.filter.clone());
        if settings(ordered) != settings(view) || ordered.among != view.among {
            return true;
        }
        match (&view.read, view.order) {
            // The crosshair moves by hand: values there are in order at once.
            (Some(_), Order::Value) => ordered.read != view.read,
            // The crosshair shows earlier values: the list stays as it is.
            (Some(_), _) => false,
            (None, _) => view.shown.end.micros_since(ordered.shown.end).unsigned_abs() >= ORDER_PERIOD.micros(),
        }
    }

    /// The places of the listed series that the group still has.
    pub(super) fn places(&self, group: &Group) -> Vec<usize> {
        self.numbers.iter().filter_map(|&number| group.place_of_number(number)).collect()
    }

    /// The number of series in the window that pass the filter, listed or not.
    pub(super) const fn in_window(&self) -> usize {
        self.in_window
    }

    fn order(&mut self, group: &Group, view: &LegendView) {
        let order = DisplayOrder::of(&group.activities(view.shown.start));
        let name = |place: usize| group.series()[place].name.to_ascii_lowercase();
        let passes = |&place: &usize| {
            let has_text = view.filter.is_empty() || name(place).contains(&view.filter);
            has_text && view.among.has(&group.series()[place].name)
        };
        let in_order: Vec<usize> = order.places().iter().copied().filter(passes).collect();
        self.in_window = in_order.len();
        let in_catalog_order = || order.in_catalog_order().into_iter().filter(passes);
        let value = |place: usize, times: &Range<Timestamp>| group.reading(place, times).map_or(f64::NAN, |of| of.high);
        let places = match view.order {
            Order::Automatic if order.has_ended() || in_order.len() > view.max_entries => in_order,
            Order::Automatic => in_catalog_order().collect(),
            Order::Name => by_name(in_catalog_order().map(|place| (numbers_filled(&name(place)), place))),
            Order::Value => match &view.read {
                Some(read) => largest_first(in_order.into_iter().map(|place| (place, value(place, read)))),
                None => in_order,
            },
            Order::Maximum => largest_first(in_catalog_order().map(|place| (place, value(place, &view.shown)))),
        };
        let listed = places.into_iter().take(view.max_entries);
        self.numbers = listed.map(|place| group.series()[place].number).collect();
        self.ordered = Some(view.clone());
    }
}

fn by_name(names: impl Iterator<Item = (String, usize)>) -> Vec<usize> {
    sorted(names.collect()).into_iter().map(|(_, place)| place).collect()
}

/// A name whose numbers have equally many digits.
fn numbers_filled(name: &str) -> String {
    let (mut filled, mut rest) = (String::with_capacity(name.len() + DIGITS), name);
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let end = rest[start..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |length| start + length);
        filled.push_str(&rest[..start]);
        filled.extend(std::iter::repeat_n('0', DIGITS.saturating_sub(end - start)));
        filled.push_str(&rest[start..end]);
        rest = &rest[end..];
    }
    filled.push_str(rest);
    filled
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

    /// Three entries at the time of a row.
    fn view(row: i64) -> LegendView {
        LegendView { max_entries: 3, shown: at(row - 100)..at(row), ..LegendView::default() }
    }

    /// The same with a crosshair.
    fn read(row: i64, at_row: i64) -> LegendView {
        LegendView { read: Some(at(at_row)..at(at_row + 1)), ..view(row) }
    }

    impl Stage {
        fn new(series: u32) -> Self {
            let (sender, mut order) = (RowSender::new(series), LegendOrder::default());
            order.begin(sender.group(), 3);
            Self { sender, order }
        }

        fn row(&mut self, row: i64, values: &[(u32, f64)]) -> Vec<&str> {
            self.sender.row(row, values.iter().copied());
            self.update(&view(row))
        }

        fn update(&mut self, view: &LegendView) -> Vec<&str> {
            self.order.update(self.sender.group(), view);
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
        assert_eq!(stage.update(&read(150, 120)), ["s2", "s4", "s5"]);
        stage.sender.catalog(protocol::CatalogScope::Changes, &[], &[5]);
        assert!(stage.sender.store.prune(at(120)));
        assert_eq!(stage.update(&read(150, 120)), ["s2", "s4"]);
        assert_eq!(stage.update(&view(151)), ["s1", "s4", "s2"]);
    }

    #[test]
    fn another_number_of_entries_orders_at_once() {
        let mut stage = Stage::new(5);
        stage.row(100, &[(1, 1.0), (2, 5.0), (3, 2.0), (4, 4.0), (5, 3.0)]);
        let more = LegendView { max_entries: 5, ..view(100) };
        assert!(stage.order.update(stage.sender.group(), &more));
        assert_eq!(stage.names(), ["s1", "s2", "s3", "s4", "s5"], "all have an entry");
        assert!(!stage.order.update(stage.sender.group(), &more));
    }

    #[test]
    fn a_list_is_ordered_by_value_at_the_crosshair_and_by_the_maximum_in_the_view() {
        let mut stage = Stage::new(3);
        stage.row(100, &[(1, 1.0), (2, 5.0), (3, 2.0)]);
        stage.row(101, &[(1, 3.0), (2, 0.0), (3, 2.0)]);
        let by = |order, view| LegendView { order, ..view };
        assert_eq!(stage.update(&by(Order::Maximum, view(102))), ["s2", "s1", "s3"]);
        assert_eq!(stage.update(&by(Order::Value, view(102))), ["s1", "s3", "s2"]);
        assert_eq!(stage.update(&by(Order::Value, read(102, 100))), ["s2", "s3", "s1"]);
        assert_eq!(stage.update(&by(Order::Value, read(102, 101))), ["s1", "s3", "s2"]);
        assert_eq!(stage.update(&by(Order::Name, read(102, 101))), ["s1", "s2", "s3"]);
    }

    #[test]
    fn only_names_with_the_text_of_the_filter_are_listed() {
        let mut stage = Stage::new(12);
        stage.row(100, &[(1, 1.0), (2, 5.0), (3, 2.0), (12, 9.0)]);
        let filter = |filter: &str| LegendView { filter: filter.to_owned(), ..view(100) };
        assert_eq!(stage.update(&filter("s1")), ["s12", "s1", "s10"]);
        assert_eq!(stage.order.in_window(), 4, "one more than entries");
        assert_eq!(stage.update(&filter("s2")), ["s2"]);
        assert!(stage.update(&filter("x")).is_empty());
    }

    #[test]
    fn numbers_in_names_are_ordered_by_value() {
        let names = ["core 10", "core 9", "core", "disk 1a2", "disk 1a10"].map(numbers_filled);
        let sorted = by_name(names.into_iter().zip(0..));
        assert_eq!(sorted, [2, 1, 0, 3, 4]);
    }
}
