//! Statistics of a selected span: a row for each series of a panel.

use std::fmt::Write as _;

use protocol::Interval;

use super::dialog::Table;
use crate::page::export::values::field;
use crate::page::foreign_text::foreign;
use crate::page::navigation::span_text;
use crate::page::value_format::ValueFormat;
use crate::store::{Exactness, SpanStatistics};

const HEADS: [&str; 13] = [
    "series",
    "min",
    "mean",
    "max",
    "p50",
    "p90",
    "p99",
    "first",
    "last",
    "change",
    "change/s",
    "values",
    "time above",
];

/// The statistics of one panel.
#[derive(Clone, Debug)]
pub(in crate::page) struct PanelStatistics {
    pub(in crate::page) title: String,
    pub(in crate::page) exactness: Exactness,
    pub(in crate::page) format: ValueFormat,
    pub(in crate::page) series: Vec<SeriesStatistics>,
}

#[derive(Clone, Debug)]
pub(in crate::page) struct SeriesStatistics {
    pub(in crate::page) name: String,
    pub(in crate::page) of: SpanStatistics,
    /// The time above the level, if there is a level and it is known.
    pub(in crate::page) above: Option<Interval>,
}

impl PanelStatistics {
    pub(in crate::page) fn table(&self) -> Table {
        let rows = self.series.iter().map(|series| (foreign(&series.name).into_owned(), self.texts(series)));
        Table {
            title: self.title.clone(),
            note: note(self.exactness),
            heads: HEADS.to_vec(),
            rows: rows.collect(),
            text: self.plain_text(),
        }
    }

    fn texts(&self, series: &SeriesStatistics) -> Vec<String> {
        let values = values(&series.of).into_iter().map(|value| self.format.text(value));
        let above = series.above.map_or_else(|| "–".to_owned(), span_text);
        values.chain([series.of.count.to_string(), above]).collect()
    }

    /// Columns with tabs between them. Unknown values are empty; the time above is in seconds.
    fn plain_text(&self) -> String {
        let mut text = HEADS.join("\t") + "\n";
        for SeriesStatistics { name, of, above } in &self.series {
            // A name is no further column.
            let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let number = |value: f64| if value.is_finite() { value.to_string() } else { String::new() };
            let values = values(of).map(number).join("\t");
            let above = above.map_or_else(String::new, |above| above.as_secs_f64().to_string());
            // Cannot fail: it writes to memory.
            let _done = writeln!(text, "{}\t{values}\t{}\t{above}", field(&name), of.count);
        }
        text
    }
}

/// In the order of the heads, up to the number of values.
fn values(of: &SpanStatistics) -> [f64; 10] {
    let [p50, p90, p99] = of.quantiles.unwrap_or([f64::NAN; 3]);
    [of.min, of.mean, of.max, p50, p90, p99, of.first, of.last, of.last - of.first, of.slope]
}

pub(super) const fn note(exactness: Exactness) -> &'static str {
    match exactness {
        Exactness::Rows => "From every value in the span.",
        Exactness::Buckets => {
            "From summaries: quantiles and the time above a level are not known. Zoom in to get every value."
        }
        Exactness::Part => "The page holds only a part of this span.",
    }
}

#[cfg(test)]
mod tests {
    use protocol::Bounds;

    use super::*;

    #[test]
    fn a_table_is_copied_as_plain_numbers_and_names_are_no_formulas() {
        let of = SpanStatistics {
            count: 3,
            min: -1.5,
            mean: 0.1,
            max: 1e9,
            first: 1.5,
            last: 2.0,
            slope: f64::NAN,
            quantiles: Some([1.0, 2.0, 2.0]),
        };
        let unknown = SpanStatistics { quantiles: None, ..of };
        let panel = PanelStatistics {
            title: "CPU".to_owned(),
            exactness: Exactness::Rows,
            format: ValueFormat::new("1", &Bounds::Auto),
            series: vec![
                SeriesStatistics { name: "=a\tb".to_owned(), of, above: Some(Interval::from_millis(1_500)) },
                SeriesStatistics { name: "c".to_owned(), of: unknown, above: None },
            ],
        };
        let table = panel.table();
        let lines = [
            "series\tmin\tmean\tmax\tp50\tp90\tp99\tfirst\tlast\tchange\tchange/s\tvalues\ttime above",
            "'=a b\t-1.5\t0.1\t1000000000\t1\t2\t2\t1.5\t2\t0.5\t\t3\t1.5",
            "c\t-1.5\t0.1\t1000000000\t\t\t\t1.5\t2\t0.5\t\t3\t",
        ];
        assert_eq!(table.text.lines().collect::<Vec<_>>(), lines);
        assert!(table.rows.iter().all(|(_, values)| values.len() + 1 == table.heads.len()));
        assert_eq!(table.rows[0].1.last().map(String::as_str), Some("1.5 s"));
    }
}
