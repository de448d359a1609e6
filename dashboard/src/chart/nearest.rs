//! The series of a chart at a time: that nearest to a height, or one by its place.

use std::ops::Range;

use protocol::Timestamp;

use super::heatmap;
use super::kind::Kind;
use super::live::LiveChart;
use crate::store::{Group, Reading};

/// A series in a column of a chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesAt {
    /// Its number in the group.
    pub number: usize,
    /// `None` without a value in the column.
    pub reading: Option<Reading>,
    /// Its height in the column, in device pixels below the top of the plot; the middle of a range.
    pub y: f64,
}

impl LiveChart {
    /// The series whose ink in a column is nearest to a height, in device pixels below the top of the plot. `None` without ink.
    pub fn nearest(&self, group: &Group, column: &Range<Timestamp>, y: f64) -> Option<SeriesAt> {
        let inked = self.inks(group, column).into_iter().filter(|(at, _)| at.reading.is_some());
        let distance = |ink: &Range<f64>| (ink.start - y).max(y - ink.end).max(0.0);
        // Of several around the height, the one with the least ink is meant.
        let key = |ink: &Range<f64>| (distance(ink), ink.end - ink.start);
        let nearer = |a: &Range<f64>, b: &Range<f64>| {
            let ((a, a_height), (b, b_height)) = (key(a), key(b));
            a.total_cmp(&b).then(a_height.total_cmp(&b_height))
        };
        inked.min_by(|(_, a), (_, b)| nearer(a, b)).map(|(at, _)| at)
    }

    /// The series at a place among those that are drawn; places beyond the last begin again at the first.
    pub fn series_at(&self, group: &Group, column: &Range<Timestamp>, place: i64) -> Option<SeriesAt> {
        let inks = self.inks(group, column);
        let count = i64::try_from(inks.len()).ok().filter(|&count| count > 0)?;
        Some(inks[place.rem_euclid(count) as usize].0)
    }

    /// The drawn series with the heights that each covers in a column.
    fn inks(&self, group: &Group, column: &Range<Timestamp>) -> Vec<(SeriesAt, Range<f64>)> {
        let (numbers, scale) = (self.chosen().numbers(), self.scale());
        let height = |value: f64| f64::from(scale.y(value));
        let mut below = 0.0;
        let ink = |(at, &number): (usize, &usize)| {
            let reading = group.reading(group.place_of_number(number)?, column);
            let ink = match (self.kind(), reading) {
                (Kind::Heatmap, _) => {
                    let rows = heatmap::rows_of(at, numbers.len(), scale.height_px());
                    f64::from(rows.start)..f64::from(rows.end)
                }
                (Kind::Area | Kind::Bars, Some(Reading { low, high })) => {
                    let bottom = below;
                    below += f64::midpoint(low, high).max(0.0);
                    height(below)..height(bottom)
                }
                (_, Some(Reading { low, high })) => height(high)..height(low),
                (_, None) => 0.0..0.0,
            };
            let y = f64::midpoint(ink.start, ink.end);
            Some((SeriesAt { number, reading, y }, ink))
        };
        numbers.iter().enumerate().filter_map(ink).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use protocol::Interval;

    use super::*;
    use crate::chart::{Options, Style};
    use crate::store::row_sender::{RowSender, at};
    use crate::surface::{Color, ColorRamp};
    use crate::view::{Steps, Window};

    /// A chart of three series with the values 10, 50 and 90, over 10 s and 100 rows.
    fn chart(kind: Kind) -> (LiveChart, RowSender) {
        let mut sender = RowSender::new(3);
        (0..100).for_each(|row| sender.row(row, [(1, 10.0), (2, 50.0), (3, 90.0)]));
        let mut chart = LiveChart::new(Steps::Decimal);
        chart.set_options(Options { kind, ..Options::default() });
        chart.resize(100, 300, 0);
        let colors: Rc<[Color]> = vec![Color::opaque(255, 0, 0); 3].into();
        let style = Style { line_width_px: 1.0, series: colors, ramp: Rc::new(ColorRamp::dark()) };
        chart.draw(sender.group(), &Window::new(Interval::from_secs(10), 100), at(99), &style);
        (chart, sender)
    }

    fn nearest(kind: Kind, part: f64) -> Option<usize> {
        let (chart, sender) = chart(kind);
        chart.nearest(sender.group(), &(at(50)..at(51)), part * 300.0).map(|at| at.number)
    }

    #[test]
    fn the_nearest_line_is_that_with_the_least_distance() {
        assert_eq!([0.0, 0.5, 1.0].map(|part| nearest(Kind::Line, part)), [Some(2), Some(1), Some(0)]);
    }

    #[test]
    fn in_a_stack_and_in_a_heatmap_it_is_the_one_under_the_pointer() {
        assert_eq!([0.3, 0.75, 0.99].map(|part| nearest(Kind::Area, part)), [Some(2), Some(1), Some(0)]);
        assert_eq!([0.1, 0.5, 0.9].map(|part| nearest(Kind::Heatmap, part)), [Some(2), Some(1), Some(0)]);
    }

    #[test]
    fn keys_go_through_all_series_and_begin_again() {
        let (chart, sender) = chart(Kind::Line);
        let number = |place| chart.series_at(sender.group(), &(at(50)..at(51)), place).map(|at| at.number);
        assert_eq!([-1, 0, 1, 3].map(number), [Some(2), Some(0), Some(1), Some(0)]);
        let in_a_hole = chart.series_at(sender.group(), &(at(900)..at(901)), 0).expect("a series");
        assert_eq!(in_a_hole.reading, None);
        assert!(chart.nearest(sender.group(), &(at(900)..at(901)), 1.0).is_none());
    }
}
