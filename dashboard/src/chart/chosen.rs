//! The series of a group that a chart shows: those in the window; of more than fit, the living and largest.

use std::rc::Rc;

use protocol::{Interval, Timestamp};

use super::scene::{ChosenStyle, Style};
use super::shown::Shown;
use crate::store::{Activity, DisplayOrder, Group};
use crate::surface::Dash;
use crate::view::Window;

/// A choice is made again after this. A chart that shows other series than before is drawn completely: up to 60 ms for 256 lines.
const CHOICE_PERIOD: Interval = Interval::from_secs(10);

/// The chosen series of one group.
#[derive(Debug, Default)]
pub struct ChosenSeries {
    /// In the group, in catalog order.
    places: Rc<[usize]>,
    /// Their numbers, by which they are found again when other series leave the group.
    numbers: Vec<usize>,
    /// Series in the window, chosen or not.
    in_window: usize,
    chosen: Option<Chosen>,
    shown: Shown,
    /// The number of the series that stands out from the others.
    emphasized: Option<usize>,
}

/// The circumstances of a choice.
#[derive(Clone, Copy, Debug)]
struct Chosen {
    at: Timestamp,
    /// The time of the group's newest row.
    newest: Option<Timestamp>,
    /// The number of the group's series.
    of_group: usize,
}

impl ChosenSeries {
    /// The places at the last update, in catalog order.
    pub(super) fn places(&self) -> Rc<[usize]> {
        Rc::clone(&self.places)
    }

    /// The numbers of the series, in the same order.
    pub fn numbers(&self) -> &[usize] {
        &self.numbers
    }

    /// Sets which series may be chosen.
    pub fn set_shown(&mut self, shown: &Shown) {
        if self.shown != *shown {
            self.shown = shown.clone();
            self.expire();
        }
    }

    /// Makes a series stand out, by its number, or none. Returns true if this changes which series stands out.
    pub fn emphasize(&mut self, number: Option<usize>) -> bool {
        std::mem::replace(&mut self.emphasized, number) != number
    }

    /// The number of series in the window, chosen or not.
    pub const fn in_window(&self) -> usize {
        self.in_window
    }

    /// The number of series in the window that are not chosen.
    pub fn left_out(&self) -> usize {
        self.in_window - self.numbers.len()
    }

    /// `style` with the colours and dashes of the chosen series, which are those of their numbers.
    pub(super) fn style(&self, style: &Style) -> ChosenStyle {
        let colors = style.series.len();
        let numbers = || self.numbers.iter().filter(|_| colors > 0);
        let series = numbers().map(|&number| style.color(number)).collect();
        let dashes = numbers().map(|&number| Dash::of(number, colors)).collect();
        let emphasized = self.emphasized.and_then(|number| self.numbers.binary_search(&number).ok());
        ChosenStyle { style: Style { series, ..style.clone() }, dashes, emphasized }
    }

    /// Makes the next call of [`update`](Self::update) choose again.
    pub const fn expire(&mut self) {
        self.chosen = None;
    }

    /// Chooses again if that is due at `now`. `limit` is the number of series that the chart shows of so many in the window. Returns true if
    /// other series are chosen than before.
    ///
    /// Hot: once a chart and display frame.
    pub fn update(&mut self, group: &Group, window: &Window, now: Timestamp, limit: &dyn Fn(usize) -> usize) -> bool {
        if !self.is_due(group, now) {
            return false;
        }
        let mut activities = group.activities(window.start_of(window.visible(now).start));
        for (activity, series) in activities.iter_mut().zip(group.series()) {
            if !self.shown.has(&series.name) {
                *activity = Activity::Left;
            }
        }
        let order = DisplayOrder::of(&activities);
        let is_chosen = |place: usize| self.numbers.binary_search(&group.series()[place].number).is_ok();
        self.places = order.choose(limit(order.places().len()), &is_chosen).into();
        self.in_window = order.places().len();
        self.chosen = Some(Chosen { at: now, newest: group.newest(), of_group: group.series().len() });
        let numbers: Vec<usize> = self.places.iter().map(|&place| group.series()[place].number).collect();
        let is_other = numbers != self.numbers;
        self.numbers = numbers;
        is_other
    }

    fn is_due(&self, group: &Group, now: Timestamp) -> bool {
        let Some(chosen) = self.chosen else { return true };
        // Also by the time of the rows: history arrives faster than it was measured.
        let is_old = is_period_after(Some(now), Some(chosen.at)) || is_period_after(group.newest(), chosen.newest);
        // While all fit, a new series is shown at once.
        let has_more = self.left_out() == 0 && chosen.of_group != group.series().len();
        let is_at = |(&place, &number): (&usize, &usize)| {
            group.series().get(place).is_some_and(|series| series.number == number)
        };
        is_old || has_more || !self.places.iter().zip(&self.numbers).all(is_at)
    }
}

/// Returns true if two times are a period apart, or only one is known.
fn is_period_after(now: Option<Timestamp>, then: Option<Timestamp>) -> bool {
    match (now, then) {
        (Some(now), Some(then)) => now.micros_since(then).unsigned_abs() >= CHOICE_PERIOD.micros(),
        (now, then) => now != then,
    }
}

#[cfg(test)]
mod tests {
    use protocol::CatalogScope;

    use super::*;
    use crate::store::row_sender::{RowSender, at};

    /// A chart of four series, with a window of 10 s.
    struct Stage {
        sender: RowSender,
        chosen: ChosenSeries,
    }

    impl Stage {
        fn new(series: u32) -> Self {
            Self { sender: RowSender::new(series), chosen: ChosenSeries::default() }
        }

        /// Sends a row and updates at its time. Returns true if other series are chosen.
        fn row(&mut self, row: i64, values: impl IntoIterator<Item = (u32, f64)>) -> bool {
            self.sender.row(row, values);
            self.update(row)
        }

        fn update(&mut self, row: i64) -> bool {
            let window = Window::new(Interval::from_secs(10), 100);
            self.chosen.update(self.sender.group(), &window, at(row), &|_| 4)
        }

        fn names(&self) -> Vec<&str> {
            self.sender.names(&self.chosen.places())
        }
    }

    fn falling(series: u32) -> impl Iterator<Item = (u32, f64)> {
        (1..=series).map(move |number| (number, f64::from(series - number)))
    }

    #[test]
    fn all_series_that_fit_are_chosen_and_new_ones_at_once() {
        let mut stage = Stage::new(3);
        assert!(stage.row(0, falling(3)));
        assert_eq!(stage.names(), ["s1", "s2", "s3"]);
        assert!(!stage.row(1, [(3, 9.0)]));
        stage.sender.catalog(CatalogScope::Changes, &[4], &[]);
        assert!(stage.update(2));
        assert_eq!((stage.names(), stage.chosen.left_out()), (vec!["s1", "s2", "s3", "s4"], 0));
    }

    #[test]
    fn of_more_series_the_largest_are_chosen_when_the_first_row_arrives() {
        let mut stage = Stage::new(6);
        assert!(stage.update(0));
        assert_eq!(stage.names(), ["s1", "s2", "s3", "s4"]);
        assert!(stage.row(1, (1..=6).map(|number| (number, f64::from(number)))));
        assert_eq!((stage.names(), stage.chosen.left_out()), (vec!["s3", "s4", "s5", "s6"], 2));
    }

    #[test]
    fn the_choice_follows_the_values_after_a_period() {
        let mut stage = Stage::new(6);
        stage.row(0, falling(6));
        assert!(!stage.row(1, [(6, 99.0)]), "too soon");
        let late = CHOICE_PERIOD.micros().cast_signed() / 100_000;
        (2..late).for_each(|row| assert!(!stage.row(row, falling(5))));
        assert!(stage.row(late, falling(5).chain([(6, 99.0)])));
        assert_eq!(stage.names(), ["s1", "s2", "s3", "s6"]);
    }

    #[test]
    fn ended_series_leave_their_place_to_the_living() {
        let mut stage = Stage::new(6);
        stage.row(0, falling(6));
        let later = 2 * CHOICE_PERIOD.micros().cast_signed() / 100_000;
        (1..later).for_each(|row| stage.sender.row(row, [(1, 9.0), (4, 1.0), (5, 1.0), (6, 1.0)]));
        assert!(stage.row(later, [(1, 9.0), (4, 1.0)]));
        assert_eq!((stage.names(), stage.chosen.in_window()), (vec!["s1", "s4", "s5", "s6"], 4), "s2 and s3 have left");
    }

    #[test]
    fn a_series_keeps_its_number_when_an_earlier_one_is_dropped() {
        let mut stage = Stage::new(3);
        stage.row(0, falling(3));
        let colors = [10, 20, 30].map(|shade| crate::surface::Color::opaque(shade, 0, 0));
        let style = Style { line_width_px: 1.0, series: colors.into(), ramp: crate::surface::ColorRamp::dark().into() };
        assert_eq!(stage.chosen.style(&style).style.series[..], colors);
        stage.sender.catalog(CatalogScope::Changes, &[4], &[1]);
        (1..10).for_each(|row| stage.sender.row(row, [(2, 1.0), (3, 1.0), (4, 1.0)]));
        assert!(stage.sender.store.prune(at(5)));
        assert!(stage.update(10));
        assert_eq!((stage.names(), stage.chosen.numbers()), (vec!["s2", "s3", "s4"], &[1, 2, 3][..]));
        assert_eq!(stage.chosen.style(&style).style.series[..], [colors[1], colors[2], colors[0]]);
    }
}
