//! Lines of columns, separated by tabs, semicolons, commas or blanks. A line without a number is a header, which may come again.

use std::borrow::Cow;

use protocol::Timestamp;

use super::cell::Cell;
use super::line::{Line, LineError, LineValue, MAX_VALUES, group_of_unit, is_label};
use super::line_time::{self, TIME_KEYS};
use super::unit::{WrittenUnit, divided};

/// So many columns without a unit are shown together. Of more, such as those of vmstat, each has a chart of its own: their values differ by
/// orders of magnitude.
const MAX_TOGETHER: usize = 8;

/// Heads of columns whose numbers identify a series.
const NUMBERED: [&str; 7] = ["CPU", "CORE", "PID", "TID", "UID", "index", "pid"];

/// Reads lines of columns by the last header.
#[derive(Debug, Default)]
pub(super) struct Columns {
    heads: Vec<Head>,
    /// A line without a number: a header if the next row fits it, else a remark.
    pending: Vec<Head>,
}

#[derive(Clone, Debug, PartialEq)]
struct Head {
    name: String,
    unit: Option<WrittenUnit>,
}

impl Head {
    fn parse(text: &str) -> Self {
        let (name, unit) = divided(text);
        Self { name: name.to_owned(), unit }
    }

    fn is_time(&self) -> bool {
        TIME_KEYS.contains(&self.name.as_str())
    }
}

impl Columns {
    /// Reads a line. `None` for a header, and for a line of missing values.
    pub(super) fn parse<'t>(&'t mut self, text: &'t str) -> Result<Option<Line<'t>>, LineError> {
        let texts = split(text);
        if texts.len() > MAX_VALUES {
            return Err(LineError::TooManyValues);
        }
        let cells: Vec<Cell<'_>> = texts.iter().map(|text| Cell::parse(text)).collect();
        let has = |is: fn(&Cell<'_>) -> bool| cells.iter().any(is);
        if !has(|cell| matches!(cell, Cell::Number(..))) {
            if has(|cell| matches!(cell, Cell::Text(_))) && !has(|cell| matches!(cell, Cell::Missing)) {
                let heads = texts.iter().filter(|text| text.trim() != "#");
                self.pending = distinct(heads.map(|text| Head::parse(text.trim().trim_start_matches('#'))).collect());
            }
            return Ok(None);
        }
        let pending = std::mem::take(&mut self.pending);
        if !pending.is_empty() && fits(&pending, cells.len()) {
            self.heads = pending;
        }
        let (table, heads) = self.heads_of(cells.len());
        let are_many = are_many(heads, &cells);
        let mut line = line(heads, &texts, &cells, are_many);
        if !table.is_empty() {
            line.values
                .iter_mut()
                .for_each(|value| value.group = format!("{table} {}", value.group).trim_end().to_owned().into());
        }
        Ok(Some(line))
    }

    /// The name of the table, if it has one, and the heads of so many columns; none if the header has another number of them.
    fn heads_of(&self, columns: usize) -> (&str, &[Head]) {
        match &self.heads[..] {
            heads if heads.len() == columns => ("", heads),
            [title, heads @ ..] if fits(&self.heads, columns) => (title.name.trim_end_matches(':'), heads),
            _ => ("", &[]),
        }
    }
}

/// Returns true if a header has so many columns, or one more, which names the table. iostat: `avg-cpu:  %user %nice`
fn fits(heads: &[Head], columns: usize) -> bool {
    let is_title = |head: &Head| head.name.ends_with(':');
    heads.len() == columns || heads.len() == columns + 1 && heads.first().is_some_and(is_title)
}

/// Returns true if more columns without a unit have numbers than are shown together.
fn are_many(heads: &[Head], cells: &[Cell<'_>]) -> bool {
    let head = |place: usize| heads.get(place);
    let is_plain = |(place, cell): &(usize, &Cell<'_>)| {
        matches!(cell, Cell::Number(_, None) | Cell::Missing) && head(*place).is_none_or(|head| head.unit.is_none())
    };
    cells.iter().enumerate().filter(is_plain).count() > MAX_TOGETHER
}

fn line<'t>(heads: &'t [Head], texts: &[Cow<'_, str>], cells: &[Cell<'_>], are_many: bool) -> Line<'t> {
    let mut line = Line::default();
    let is_pair = heads.is_empty() && texts.len() == 2;
    let mut numbers = 0;
    for (place, (text, &cell)) in texts.iter().zip(cells).enumerate() {
        let head = heads.get(place);
        let is_time = head.is_some_and(Head::is_time);
        match cell {
            Cell::Number(number, _) if is_time && line_time::of_number(number).is_some() => {
                line.time = line_time::of_number(number);
            }
            Cell::Number(number, unit) => {
                numbers += 1;
                match head {
                    Some(Head { name, unit: None }) if NUMBERED.contains(&name.as_str()) => {
                        line.labels.push((name.into(), text.trim().to_owned().into()));
                    }
                    Some(Head { name, unit: of_head }) => {
                        line.values.push(value(name, number, of_head.or(unit), are_many));
                    }
                    None => line.values.push(value_without_head(numbers, number, unit, are_many)),
                }
            }
            Cell::Clock | Cell::Text(_) if is_time || line.time.is_none() && is_date(text).is_some() => {
                line.time = is_date(text).or(line.time);
            }
            Cell::Text(label) => {
                let key = head.map_or("name", |head| head.name.trim_end_matches(':'));
                if is_label(key, label) {
                    line.labels.push((key.into(), label.to_owned().into()));
                }
            }
            Cell::Missing | Cell::Clock => {}
        }
    }
    // `latency 3.2`
    if let (true, [only], [(_, name)]) = (is_pair, &mut line.values[..], &line.labels[..]) {
        only.name.clone_from(name);
        line.labels.clear();
    }
    line
}

fn is_date(text: &str) -> Option<Timestamp> {
    if text.contains('-') { line_time::of_text(text) } else { None }
}

fn value(name: &str, number: f64, unit: Option<WrittenUnit>, are_many: bool) -> LineValue<'_> {
    match unit {
        None if are_many => LineValue { group: name.into(), name: "".into(), unit: "", value: number },
        unit => LineValue::of(name, number, unit),
    }
}

fn value_without_head(place: usize, number: f64, unit: Option<WrittenUnit>, are_many: bool) -> LineValue<'static> {
    let (ucum, factor) = unit.map_or(("", 1.0), |unit| (unit.ucum, unit.factor));
    let (group, name) = match group_of_unit(ucum) {
        "" if are_many => (place.to_string(), String::new()),
        group => (group.to_owned(), place.to_string()),
    };
    LineValue { group: group.into(), name: name.into(), unit: ucum, value: number * factor }
}

/// Numbers the heads that are there twice.
fn distinct(mut heads: Vec<Head>) -> Vec<Head> {
    for place in 1..heads.len() {
        let same = heads[..place].iter().filter(|head| head.name == heads[place].name).count();
        if same > 0 {
            let name = format!("{} {}", heads[place].name, same + 1);
            heads[place].name = name;
        }
    }
    heads
}

/// The texts between the separators of a line. Unless these are blanks, a text may be in quotes, as in RFC 4180.
fn split(text: &str) -> Vec<Cow<'_, str>> {
    let separator = if text.contains('\t') {
        '\t'
    } else if text.contains(';') {
        ';'
    } else if text.contains(',') {
        ','
    } else {
        return text.split_whitespace().map(Cow::Borrowed).collect();
    };
    let mut texts = Vec::new();
    let mut rest = text;
    loop {
        let quoted = rest.trim_start_matches(' ').strip_prefix('"').and_then(unquote);
        let (found, after) = quoted.unwrap_or_else(|| {
            let end = rest.find(separator).unwrap_or(rest.len());
            (Cow::Borrowed(&rest[..end]), &rest[end..])
        });
        texts.push(found);
        // What follows a quote belongs to nothing.
        match after.find(separator) {
            Some(end) => rest = &after[end + 1..],
            None => return texts,
        }
    }
}

/// The text up to a quote, and what follows it. Two quotes stand for one.
fn unquote(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut from = 0;
    loop {
        let end = from + text[from..].find('"')?;
        if !text[end + 1..].starts_with('"') {
            let found = &text[..end];
            let found =
                if found.contains('"') { Cow::Owned(found.replace("\"\"", "\"")) } else { Cow::Borrowed(found) };
            return Some((found, &text[end + 1..]));
        }
        from = end + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found = (Vec<(String, String)>, Vec<(String, String, f64)>);

    fn read(columns: &mut Columns, text: &str) -> Option<Found> {
        let line = columns.parse(text).expect("understood")?;
        let labels = line.labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let values = line.values.iter().map(|of| (of.group.to_string(), of.name.to_string(), of.value)).collect();
        Some((labels, values))
    }

    fn of(group: &str, name: &str, value: f64) -> (String, String, f64) {
        (group.to_owned(), name.to_owned(), value)
    }

    fn label(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn vmstat_has_a_chart_for_each_column_and_repeats_its_header() {
        let mut columns = Columns::default();
        let title = "procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----";
        let heads = " r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st";
        let row = " 1  0      0 20400256  12000 3260212    0    0    20    40  300  500  3  1 96  0  0";
        for _ in 0..2 {
            assert_eq!((read(&mut columns, title), read(&mut columns, heads)), (None, None));
            let (labels, values) = read(&mut columns, row).expect("a row");
            assert_eq!((labels.len(), values.len()), (0, 17));
            assert_eq!((&values[0], &values[3]), (&of("r", "", 1.0), &of("free", "", 20_400_256.0)));
        }
    }

    #[test]
    fn iostat_has_two_tables_and_devices_are_labels() {
        let mut columns = Columns::default();
        let texts = [
            "Linux 6.18.44 (vm) \t12/01/26 \t_x86_64_\t(2 CPU)",
            "avg-cpu:  %user   %nice %system %iowait  %steal   %idle",
        ];
        assert!(texts.iter().all(|text| read(&mut columns, text).is_none()));
        let (_, values) = read(&mut columns, "           1.50    0.00    0.50    0.00    0.00   98.00").expect("a row");
        assert_eq!(
            (&values[0], &values[5]),
            (&of("avg-cpu percent", "user", 1.5), &of("avg-cpu percent", "idle", 98.0))
        );
        let heads = "Device            r/s     rkB/s   rrqm/s  %rrqm r_await rareq-sz     w/s     wkB/s   wrqm/s  %wrqm w_await wareq-sz  %util";
        assert_eq!(read(&mut columns, heads), None);
        let row = "vda              0.50     10.00     0.00   0.00    0.20    20.00    1.00      4.00     0.00   0.00    0.30     4.00   0.05";
        let (labels, values) = read(&mut columns, row).expect("a row");
        assert_eq!(labels, [label("Device", "vda")]);
        assert_eq!(values[1], of("bytes/s", "rkB/s", 10_240.0));
        assert_eq!((&values[0], &values[12]), (&of("", "r/s", 0.5), &of("percent", "util", 0.05)));
    }

    #[test]
    fn mpstat_has_times_and_processors() {
        let mut columns = Columns::default();
        assert_eq!(read(&mut columns, "07:10:03 AM  CPU    %usr   %nice"), None);
        let (labels, values) = read(&mut columns, "07:10:04 AM  all    1.50    0.25").expect("a row");
        assert_eq!((labels, &values[1]), (vec![label("CPU", "all")], &of("percent", "nice", 0.25)));
        assert_eq!(read(&mut columns, "07:10:04 AM    1    1.50    0.25").expect("a row").0, [label("CPU", "1")]);
    }

    #[test]
    fn nvidia_smi_has_units_in_its_heads_and_in_its_cells() {
        let mut columns = Columns::default();
        let heads = "timestamp, index, name, utilization.gpu [%], memory.used [MiB], power.draw [W]";
        assert_eq!(read(&mut columns, heads), None);
        let row = "2026/12/01 07:10:03.123, 0, NVIDIA H200, 12 %, 100 MiB, [N/A]";
        let (labels, values) = read(&mut columns, row).expect("a row");
        assert_eq!(labels, [label("index", "0"), label("name", "NVIDIA H200")]);
        let mib = 1024.0 * 1024.0;
        assert_eq!(values, [of("percent", "utilization.gpu", 12.0), of("bytes", "memory.used", 100.0 * mib)]);
        assert_eq!(read(&mut columns, "a, [N/A], [N/A], [N/A], [N/A], [N/A]"), None, "no header");
        assert!(read(&mut columns, row).is_some_and(|(labels, _)| labels.len() == 2));
    }

    #[test]
    fn columns_of_a_script_have_their_names_or_numbers() {
        let mut columns = Columns::default();
        assert_eq!(read(&mut columns, "3 4.5"), Some((vec![], vec![of("", "1", 3.0), of("", "2", 4.5)])));
        assert_eq!(read(&mut columns, "latency 3.2"), Some((vec![], vec![of("", "latency", 3.2)])));
        assert_eq!(read(&mut columns, "sda 1 2").map(|(labels, _)| labels), Some(vec![label("name", "sda")]));
        assert_eq!(read(&mut columns, "ts,x,\"y, of b\",x"), None);
        let (labels, values) = read(&mut columns, "1796108320.5,1,\"2\",-3").expect("a row");
        assert_eq!((labels, values), (vec![], vec![of("", "x", 1.0), of("", "y, of b", 2.0), of("", "x 2", -3.0)]));
        let time = columns.parse("1796108320.5,1,2,3").expect("understood").and_then(|line| line.time);
        assert_eq!(time.map(Timestamp::micros), Some(1_796_108_320_500_000));
        assert_eq!(
            read(&mut columns, "1\t\t\"a\"\"b\"\t4"),
            Some((vec![label("y, of b", "a\"b")], vec![of("", "ts", 1.0), of("", "x 2", 4.0)]))
        );
        assert_eq!(
            read(&mut columns, "1,2"),
            Some((vec![], vec![of("", "1", 1.0), of("", "2", 2.0)])),
            "another table"
        );
    }

    #[test]
    fn a_remark_between_rows_is_no_header() {
        let mut columns = Columns::default();
        let of_row = Some((vec![], vec![of("", "a", 1.0), of("", "b", 2.0)]));
        assert_eq!((read(&mut columns, "# a b"), read(&mut columns, "1 2")), (None, of_row.clone()));
        assert_eq!((read(&mut columns, "*** restarting the disk"), read(&mut columns, "1 2")), (None, of_row));
    }

    #[test]
    fn shares_of_a_processor_are_values_and_semicolons_separate() {
        let mut columns = Columns::default();
        assert_eq!(read(&mut columns, "PID;%CPU;TIME+;COMMAND"), None);
        let (labels, values) = read(&mut columns, "10148;87.5;0:04.22;rustc").expect("a row");
        assert_eq!(labels, [label("PID", "10148"), label("COMMAND", "rustc")]);
        assert_eq!(values, [of("percent", "CPU", 87.5)]);
    }

    #[test]
    fn a_row_of_too_many_columns_is_refused() {
        assert_eq!(Columns::default().parse(&"1 ".repeat(MAX_VALUES + 1)), Err(LineError::TooManyValues));
    }
}
