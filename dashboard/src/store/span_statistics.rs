//! Statistics of a series over a span: from its rows, or from summaries where the page has no rows.

use std::ops::Range;

use protocol::{Interval, Timestamp};
use series::Summary;

use super::group::Group;

/// The quantiles that are computed.
pub const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

/// Of more values, quantiles take too long for a display frame.
const MOST_SORTED: usize = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpanStatistics {
    pub count: u64,
    pub min: f64,
    pub mean: f64,
    pub max: f64,
    pub first: f64,
    pub last: f64,
    /// Change from the first to the last value, per second; NaN for a single value.
    pub slope: f64,
    /// Those of [`QUANTILES`]: the value at rank `ceil(q * count)`. `None` if only summaries are known.
    pub quantiles: Option<[f64; 3]>,
}

/// What statistics were computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exactness {
    /// Every value in the span.
    Rows,
    /// Summaries: values up to a bucket beside the span are in them.
    Buckets,
    /// The page has a part of the span only.
    Part,
}

impl Group {
    /// What [`statistics`](Self::statistics) are computed from.
    pub fn exactness(&self, span: &Range<Timestamp>) -> Exactness {
        let is_held = self.is_read_from_rings(span);
        if is_held && !self.holds_buckets() || !is_held && self.past().has(span) && !self.past().has_buckets() {
            Exactness::Rows
        } else if is_held || self.past().has(span) {
            Exactness::Buckets
        } else {
            Exactness::Part
        }
    }

    /// The statistics of a series over a span; `None` without a value in it. Values that are not finite are left out.
    pub fn statistics(&self, place: usize, span: &Range<Timestamp>) -> Option<SpanStatistics> {
        if self.exactness(span) == Exactness::Rows {
            return of_rows(self.rows_in(place, span));
        }
        let is_held = self.is_read_from_rings(span);
        let rows = self.first_row_at(span.start)..self.first_row_at(span.end);
        let summary = if is_held { self.summary(place, rows) } else { self.past().summary_in(place, span.clone()) };
        of_summary(&summary, span)
    }

    /// The time in a span for which a series was above a level: each value holds until the next one, unless there is a hole between them.
    /// `None` if not every value in the span is known.
    pub fn time_above(&self, place: usize, span: &Range<Timestamp>, level: f64) -> Option<Interval> {
        if self.exactness(span) != Exactness::Rows {
            return None;
        }
        let longest = self.longest_step();
        let (mut above, mut last): (u64, Option<Timestamp>) = (0, None);
        let mut hold = |since: Option<Timestamp>, until: Timestamp| {
            let held = since.map_or(Interval::ZERO, |since| until.since(since));
            above += if held <= longest { held.micros() } else { 0 };
        };
        for (time, value) in self.rows_in(place, span) {
            hold(last, time);
            last = (value > level).then_some(time);
        }
        hold(last, span.end);
        Some(Interval::from_micros(above))
    }

    fn is_read_from_rings(&self, span: &Range<Timestamp>) -> bool {
        self.oldest().is_some_and(|oldest| oldest <= span.start) && !self.has_finer_answer(span)
    }

    /// The rows of a series in a span. The page must hold all of them.
    fn rows_in(&self, place: usize, span: &Range<Timestamp>) -> impl Iterator<Item = (Timestamp, f64)> {
        let is_held = self.is_read_from_rings(span);
        let rows = self.first_row_at(span.start)..self.first_row_at(span.end);
        let held = is_held.then(|| self.iter(place, rows)).into_iter().flatten();
        let asked = (!is_held).then(|| self.past().rows(place, span.start, span.end)).into_iter().flatten();
        held.chain(asked)
    }
}

fn of_rows(rows: impl Iterator<Item = (Timestamp, f64)>) -> Option<SpanStatistics> {
    let rows: Vec<(Timestamp, f64)> = rows.filter(|(_, value)| value.is_finite()).collect();
    let (&(from, first), &(to, last)) = (rows.first()?, rows.last()?);
    let mut values: Vec<f64> = rows.iter().map(|&(_, value)| value).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let (min, max) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    let quantiles = (values.len() <= MOST_SORTED).then(|| {
        QUANTILES.map(|quantile| {
            let rank = ((quantile * values.len() as f64).ceil() as usize).clamp(1, values.len());
            *values.select_nth_unstable_by(rank - 1, f64::total_cmp).1
        })
    });
    let seconds = to.micros_since(from) as f64 / 1e6;
    let slope = if seconds > 0.0 { (last - first) / seconds } else { f64::NAN };
    Some(SpanStatistics { count: rows.len() as u64, min, mean, max, first, last, slope, quantiles })
}

fn of_summary(summary: &Summary, span: &Range<Timestamp>) -> Option<SpanStatistics> {
    let Summary { first, last, min, max, sum, count } = *summary;
    let seconds = span.end.micros_since(span.start) as f64 / 1e6;
    let slope = if count > 1 && seconds > 0.0 { (last - first) / seconds } else { f64::NAN };
    let mean = sum / f64::from(count);
    let count = u64::from(count);
    (count > 0).then_some(SpanStatistics { count, min, mean, max, first, last, slope, quantiles: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::row_sender::{RowSender, at};

    /// Rows of one series, a tenth of a second apart.
    fn sender(values: &[f64]) -> RowSender {
        let mut sender = RowSender::new(1);
        for (row, &value) in (0..).zip(values) {
            sender.row(row, [(1, value)]);
        }
        sender
    }

    #[test]
    fn statistics_are_those_of_the_rows_in_the_span() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let sender = sender(&values);
        let group = sender.group();
        let of = group.statistics(0, &(at(10)..at(20))).expect("values");
        assert_eq!((of.count, of.min, of.mean, of.max, of.last), (10, 10.0, 14.5, 19.0, 19.0));
        assert_eq!(of.quantiles, Some([14.0, 18.0, 19.0]));
        assert!((of.slope - 10.0).abs() < 1e-9, "one in a tenth of a second: {}", of.slope);
        assert_eq!(group.exactness(&(at(10)..at(20))), Exactness::Rows);
    }

    #[test]
    fn values_that_are_not_finite_are_left_out_and_a_single_one_has_no_slope() {
        let sender = sender(&[1.0, f64::NAN, f64::INFINITY, 5.0]);
        let group = sender.group();
        let all = group.statistics(0, &(at(0)..at(4))).expect("values");
        assert_eq!((all.count, all.min, all.max), (2, 1.0, 5.0));
        let one = group.statistics(0, &(at(3)..at(4))).expect("a value");
        assert!(one.slope.is_nan() && one.quantiles == Some([5.0; 3]));
        assert_eq!(group.statistics(0, &(at(1)..at(3))), None);
    }

    #[test]
    fn the_time_above_a_level_is_that_until_the_next_value_and_ends_at_a_hole() {
        let mut sender = RowSender::new(1);
        for (row, value) in [(0, 5.0), (1, 1.0), (2, 9.0), (3, 9.0), (4, 0.0), (5, 9.0), (50, 9.0)] {
            sender.row(row, [(1, value)]);
        }
        let above = |from, to, level| sender.group().time_above(0, &(at(from)..at(to)), level).map(Interval::micros);
        // A tenth of a second a row: rows 0, 2 and 3. After row 5 is a hole.
        assert_eq!(above(0, 50, 4.0), Some(300_000));
        assert_eq!(above(0, 5, 4.0), Some(300_000));
        assert_eq!(above(2, 4, 8.9), Some(200_000));
        assert_eq!(above(0, 5, 10.0), Some(0));
        assert_eq!(above(-9, 5, 4.0), None, "a part is not known");
    }

    #[test]
    fn a_span_of_which_the_page_has_a_part_is_said_to_be_one() {
        let sender = sender(&[1.0, 2.0]);
        assert_eq!(sender.group().exactness(&(at(-50)..at(2))), Exactness::Part);
    }
}
