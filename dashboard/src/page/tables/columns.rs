//! The values of one series in the view: a row for each of a few parts of time, for users who cannot see the chart.

use std::fmt::Write as _;
use std::ops::Range;

use protocol::{Interval, Timestamp};

use super::dialog::Table;
use super::statistics::note;
use crate::page::value_format::ValueFormat;
use crate::store::{Exactness, Group, SpanStatistics};
use crate::view::rfc3339;

const HEADS: [&str; 5] = ["time", "min", "mean", "max", "values"];

/// The parts of the view.
const PARTS: u64 = 20;

/// The values of one series.
#[derive(Clone, Debug)]
pub(in crate::page) struct SeriesParts {
    pub(in crate::page) title: String,
    pub(in crate::page) format: ValueFormat,
    exactness: Exactness,
    parts: Vec<(Timestamp, Option<SpanStatistics>)>,
}

impl SeriesParts {
    /// Of the series at a place of a group.
    pub(in crate::page) fn of(
        title: String,
        format: ValueFormat,
        group: &Group,
        place: usize,
        span: &Range<Timestamp>,
    ) -> Self {
        let micros = span.end.since(span.start).micros();
        let time = |part: u64| span.start + Interval::from_micros(micros * part / PARTS);
        let parts = (0..PARTS).map(|part| (time(part), group.statistics(place, &(time(part)..time(part + 1)))));
        Self { title, format, exactness: group.exactness(span), parts: parts.collect() }
    }

    /// `label` is the text of a time.
    pub(in crate::page) fn table(&self, label: &dyn Fn(Timestamp) -> String) -> Table {
        let number = |value: Option<f64>| self.format.text(value.unwrap_or(f64::NAN));
        let texts = |of: &Option<SpanStatistics>| {
            let value = |get: fn(&SpanStatistics) -> f64| number(of.as_ref().map(get));
            let count = of.map_or(0, |of| of.count);
            vec![value(|of| of.min), value(|of| of.mean), value(|of| of.max), count.to_string()]
        };
        Table {
            title: self.title.clone(),
            note: note(self.exactness),
            heads: HEADS.to_vec(),
            rows: self.parts.iter().map(|(time, of)| (label(*time), texts(of))).collect(),
            text: self.plain_text(),
        }
    }

    fn plain_text(&self) -> String {
        let mut text = HEADS.join("\t") + "\n";
        for (time, of) in &self.parts {
            let time = rfc3339::format(*time);
            // Cannot fail: it writes to memory.
            let _done = match of {
                Some(of) => writeln!(text, "{time}\t{}\t{}\t{}\t{}", of.min, of.mean, of.max, of.count),
                None => writeln!(text, "{time}\t\t\t\t0"),
            };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use protocol::Bounds;

    use super::*;
    use crate::store::row_sender::{RowSender, at};

    #[test]
    fn the_view_is_a_table_of_twenty_parts_with_the_same_numbers_to_copy() {
        let mut sender = RowSender::new(1);
        (0..30).for_each(|row| sender.row(row, [(1, f64::from(row as i32))]));
        let format = ValueFormat::new("1", &Bounds::Auto);
        let columns = SeriesParts::of("a".to_owned(), format, sender.group(), 0, &(at(0)..at(40)));
        let table = columns.table(&|time| time.micros_since(at(0)).to_string());
        assert_eq!(table.rows.len(), 20);
        assert_eq!(table.rows[2], ("400000".to_owned(), ["4", "4.5", "5", "2"].map(str::to_owned).to_vec()));
        assert_eq!(table.rows[19].1, ["–", "–", "–", "0"], "after the newest value");
        let lines: Vec<&str> = table.text.lines().collect();
        assert!(lines[3].ends_with("\t4\t4.5\t5\t2") && lines[20].ends_with("\t\t\t\t0"), "{lines:?}");
    }
}
