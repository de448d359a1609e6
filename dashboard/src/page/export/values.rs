//! The values of some series over a span of time, and their CSV (RFC 4180).

use std::fmt::Write as _;
use std::ops::Range;

use protocol::{Interval, SeriesId, Timestamp};
use series::Summary;

use crate::store::{Exactness, Group, PastAnswer};
use crate::view::rfc3339;

/// Values are exported up to this number: a file of about 60 MB.
pub(in crate::page) const MAX_VALUES: u64 = 4_000_000;

/// The values of some series, by time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::page) struct Values {
    names: Vec<String>,
    /// In the order of time.
    rows: Vec<Row>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Row {
    time: Timestamp,
    /// The length of time that it summarizes; 0 for values.
    step: Interval,
    /// One for each name.
    cells: Vec<Cell>,
}

/// Mean, minimum and maximum, or the same value three times; NaN without a value.
type Cell = [f64; 3];

const NO_VALUE: Cell = [f64::NAN; 3];

impl Values {
    /// No values yet.
    pub(in crate::page) fn new(names: Vec<String>) -> Self {
        Self { names, rows: Vec::new() }
    }

    /// The rows of series at `places` of a group in a span, if the page holds all of them.
    pub(in crate::page) fn held(group: &Group, places: &[usize], span: &Range<Timestamp>) -> Option<Self> {
        (group.exactness(span) == Exactness::Rows).then(|| Self::known(group, places, span))
    }

    /// The rows that the page has, which may be a part of those in the span.
    pub(in crate::page) fn known(group: &Group, places: &[usize], span: &Range<Timestamp>) -> Self {
        let mut values = Self::new(places.iter().map(|&place| group.series()[place].name.clone()).collect());
        let rows = group.first_row_at(span.start)..group.first_row_at(span.end);
        for (column, &place) in places.iter().enumerate() {
            let before = group.past().rows(place, span.start, group.oldest().unwrap_or(span.end).min(span.end));
            let held = (!group.holds_buckets()).then(|| group.iter(place, rows.clone())).into_iter().flatten();
            for (time, value) in before.chain(held) {
                values.put(time, Interval::ZERO, column, [value; 3]);
            }
        }
        values
    }

    /// Adds the answer to a query about the series with these ids, in the order of the names.
    pub(in crate::page) fn add(&mut self, answer: &PastAnswer, ids: &[Option<SeriesId>], span: &Range<Timestamp>) {
        for found in answer.all().filter(|found| span.contains(&found.start)) {
            if let Some(column) = ids.iter().position(|id| *id == Some(found.series)) {
                let Summary { min, max, sum, count, .. } = found.summary;
                let cell = if count == 0 { NO_VALUE } else { [sum / f64::from(count), min, max] };
                self.put(found.start, found.step, column, cell);
            }
        }
    }

    fn put(&mut self, time: Timestamp, step: Interval, column: usize, cell: Cell) {
        if cell[0].is_nan() {
            return;
        }
        // Values come in the order of time, series by series: nearly all are added at the end, or found.
        let place = match self.rows.last() {
            Some(last) if last.time < time => Err(self.rows.len()),
            _ => self.rows.binary_search_by_key(&time, |row| row.time),
        };
        let place = place.unwrap_or_else(|place| {
            self.rows.insert(place, Row { time, step, cells: vec![NO_VALUE; self.names.len()] });
            place
        });
        self.rows[place].cells[column] = cell;
    }

    /// The number of rows.
    pub(in crate::page) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Times as RFC 3339 and in seconds since the first, and a column for each series. Where the server has summaries only, a series has
    /// three: mean, minimum and maximum. An empty field is no value.
    pub(in crate::page) fn csv(&self) -> String {
        let has_summaries = self.rows.iter().any(|row| row.step > Interval::ZERO);
        let mut text = "time,seconds".to_owned();
        for name in &self.names {
            if has_summaries {
                for part in ["mean", "min", "max"] {
                    text.push(',');
                    text.push_str(&field(&format!("{name} {part}")));
                }
            } else {
                text.push(',');
                text.push_str(&field(name));
            }
        }
        text.push_str("\r\n");
        for row in &self.rows {
            let seconds = row.time.micros_since(self.rows[0].time) as f64 / 1e6;
            // Cannot fail: it writes to memory.
            let _done = write!(text, "{},{seconds}", rfc3339::format(row.time));
            for cell in &row.cells {
                let shown = if has_summaries { &cell[..] } else { &cell[..1] };
                for &value in shown {
                    number(&mut text, value);
                }
            }
            text.push_str("\r\n");
        }
        text
    }
}

/// A further field with a number, which is empty for NaN.
fn number(text: &mut String, value: f64) {
    text.push(',');
    if !value.is_nan() {
        // Cannot fail: it writes to memory.
        let _done = write!(text, "{value}");
    }
}

/// A field of text. A spreadsheet would take a text that begins with one of these signs as a formula.
pub(in crate::page) fn field(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::row_sender::{RowSender, at};

    #[test]
    fn rows_are_written_with_their_times_and_a_missing_value_is_empty() {
        let mut sender = RowSender::new(2);
        sender.row(0, [(1, 1.5), (2, -2.0)]);
        sender.row(1, [(1, 1e-9)]);
        sender.row(2, [(1, f64::INFINITY), (2, 0.1)]);
        let csv = Values::held(sender.group(), &[0, 1], &(at(0)..at(2))).expect("held").csv();
        let lines: Vec<&str> = csv.split("\r\n").collect();
        assert_eq!(lines[0], "time,seconds,s1,s2");
        assert!(lines[1].ends_with("Z,0,1.5,-2") && lines[2].ends_with("Z,0.1,0.000000001,"), "{csv}");
        assert_eq!(lines[3..], [""], "the end of the span is not in it");
        assert!(Values::known(sender.group(), &[0], &(at(0)..at(9))).csv().contains("0.2,inf\r\n"));
        assert!(Values::held(sender.group(), &[0], &(at(-9)..at(2))).is_none(), "a part of the span is not held");
    }

    #[test]
    fn names_are_quoted_and_are_no_formulas() {
        for (name, written) in
            [("a,b", "\"a,b\""), ("=1+1", "'=1+1"), ("say \"x\"", "\"say \"\"x\"\"\""), ("cpu 0", "cpu 0")]
        {
            assert_eq!(field(name), written);
        }
    }

    #[test]
    fn summaries_have_mean_minimum_and_maximum() {
        let mut values = Values::new(vec!["a".to_owned()]);
        values.put(at(0), Interval::from_secs(1), 0, [2.5, 1.0, 4.0]);
        let csv = values.csv();
        assert!(csv.starts_with("time,seconds,a mean,a min,a max\r\n") && csv.ends_with(",0,2.5,1,4\r\n"), "{csv}");
    }
}
