//! One line of a text.

use std::borrow::Cow;

use protocol::Timestamp;

use super::bad_line::{BadLine, shown};
use super::metric_type::MetricType;
use super::quoted::{end_of_quoted, unescaped};
use super::series_text::{self, SeriesText, is_metric_name};
use super::{Format, number};

/// The rule of OpenMetrics.
const MAX_EXEMPLAR_CHARS: usize = 128;
const EXEMPLAR: &str = " # ";
const END: &str = "# EOF";

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub enum Line<'t> {
    Sample(Sample<'t>),
    Type {
        family: Cow<'t, str>,
        of: MetricType,
    },
    Unit {
        family: Cow<'t, str>,
        unit: &'t str,
    },
    Help {
        family: Cow<'t, str>,
    },
    /// A comment, or an empty line.
    Nothing,
    /// `# EOF` of OpenMetrics.
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Sample<'t> {
    /// The part of the line that identifies the series: [`SeriesText::parse`] reads it.
    pub series: &'t str,
    pub value: f64,
    pub time: Option<Timestamp>,
    pub has_exemplar: bool,
}

impl<'t> Line<'t> {
    /// Reads a line without its line feed.
    ///
    /// Hot: once per line, watched by `benches/exposition.rs`.
    ///
    /// # Errors
    /// [`BadLine`].
    pub fn parse(line: &'t str, format: Format) -> Result<Self, BadLine> {
        let line = match format {
            Format::Text => line.trim_matches([' ', '\t', '\r']),
            Format::OpenMetrics => line,
        };
        match (line.as_bytes().first(), format) {
            (None, Format::Text) => Ok(Self::Nothing),
            (None, Format::OpenMetrics) => Err(BadLine::Empty),
            (Some(b'#'), Format::Text) => text_comment(line),
            (Some(b'#'), Format::OpenMetrics) => open_metrics_comment(line),
            (Some(_), Format::Text) => text_sample(line).map(Self::Sample),
            (Some(_), Format::OpenMetrics) => open_metrics_sample(line).map(Self::Sample),
        }
    }
}

fn text_sample(line: &str) -> Result<Sample<'_>, BadLine> {
    let (series, rest) = line.split_at(series_text::length(line, Format::Text)?);
    let mut parts = rest.split([' ', '\t']).filter(|part| !part.is_empty());
    let value = number::value(parts.next().ok_or(BadLine::NoValue)?)?;
    let time = parts.next().map(|time| number::time(time, Format::Text)).transpose()?;
    match parts.next() {
        Some(rest) => Err(BadLine::Rest(shown(rest))),
        None => Ok(Sample { series, value, time, has_exemplar: false }),
    }
}

fn open_metrics_sample(line: &str) -> Result<Sample<'_>, BadLine> {
    let (series, rest) = line.split_at(series_text::length(line, Format::OpenMetrics)?);
    if rest.is_empty() {
        return Err(BadLine::NoValue);
    }
    let rest = rest.strip_prefix(' ').ok_or_else(|| BadLine::Spaces(shown(rest)))?;
    let (numbers, exemplar) = match rest.split_once(EXEMPLAR) {
        Some((numbers, exemplar)) => (numbers, Some(exemplar)),
        None => (rest, None),
    };
    let (value, time) = numbers_of(numbers)?;
    exemplar.map(check_exemplar).transpose()?;
    Ok(Sample { series, value, time, has_exemplar: exemplar.is_some() })
}

/// A value, and perhaps a time.
fn numbers_of(text: &str) -> Result<(f64, Option<Timestamp>), BadLine> {
    if text.is_empty() {
        return Err(BadLine::NoValue);
    }
    if text.ends_with([' ', '\t']) {
        return Err(BadLine::Spaces(shown(text)));
    }
    let (value, time) = text.split_once(' ').map_or((text, None), |(value, time)| (value, Some(time)));
    let time = time.map(|time| number::time(time, Format::OpenMetrics)).transpose()?;
    Ok((number::value(value)?, time))
}

fn check_exemplar(exemplar: &str) -> Result<(), BadLine> {
    let bad = || BadLine::Exemplar(shown(exemplar));
    let length = series_text::length(exemplar, Format::OpenMetrics)?;
    let (labels, numbers) = exemplar.split_at(length);
    if !labels.starts_with('{') {
        return Err(bad());
    }
    // `SeriesText` needs a name, which an exemplar lacks.
    let named = format!("exemplar{labels}");
    let labels = SeriesText::parse(&named, Format::OpenMetrics)?.labels;
    let found = labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    if found > MAX_EXEMPLAR_CHARS {
        return Err(BadLine::LongExemplar { found, allowed: MAX_EXEMPLAR_CHARS });
    }
    numbers_of(numbers.strip_prefix(' ').ok_or_else(bad)?).map(|_| ())
}

fn text_comment(line: &str) -> Result<Line<'_>, BadLine> {
    let comment = line[1..].trim_start_matches([' ', '\t']);
    let (what, rest) = comment.split_once([' ', '\t']).unwrap_or((comment, ""));
    let rest = rest.trim_start_matches([' ', '\t']);
    let named = |what, expected| family(rest).ok_or_else(|| metadata(what, expected, rest));
    match what {
        "HELP" => Ok(Line::Help { family: named("HELP", "a text")?.0 }),
        "TYPE" => {
            let expected = "a type: counter, gauge, histogram, summary or untyped";
            let (family, of) = named("TYPE", expected)?;
            let of = MetricType::in_text(of.trim_matches([' ', '\t']));
            of.map(|of| Line::Type { family, of }).ok_or_else(|| metadata("TYPE", expected, rest))
        }
        "UNIT" => {
            let (family, unit) = named("UNIT", "a unit")?;
            Ok(Line::Unit { family, unit: unit.trim_matches([' ', '\t']) })
        }
        _ if line == END => Ok(Line::End),
        _ => Ok(Line::Nothing),
    }
}

fn open_metrics_comment(line: &str) -> Result<Line<'_>, BadLine> {
    if line == END {
        return Ok(Line::End);
    }
    let other = || BadLine::Comment(shown(line));
    let (what, rest) = line.strip_prefix("# ").and_then(|rest| rest.split_once(' ')).ok_or_else(other)?;
    // The name is followed by one space, also if the text that follows is empty.
    let named = |what, expected| {
        let parts = family(rest).and_then(|(family, after)| Some((family, after.strip_prefix(' ')?)));
        parts.ok_or_else(|| metadata(what, expected, rest))
    };
    match what {
        "HELP" => Ok(Line::Help { family: named("HELP", "a text")?.0 }),
        "TYPE" => {
            let expected = "a type of OpenMetrics, such as counter or unknown";
            let (family, of) = named("TYPE", expected)?;
            let of = MetricType::in_open_metrics(of);
            of.map(|of| Line::Type { family, of }).ok_or_else(|| metadata("TYPE", expected, rest))
        }
        "UNIT" => {
            let expected = "its unit, which ends the name";
            let (family, unit) = named("UNIT", expected)?;
            let ends_name = family.strip_suffix(unit).is_some_and(|begin| begin.ends_with('_'));
            if unit.is_empty() || ends_name {
                Ok(Line::Unit { family, unit })
            } else {
                Err(metadata("UNIT", expected, rest))
            }
        }
        _ => Err(other()),
    }
}

/// The name of a metric, perhaps in quotes, and what follows it.
fn family(rest: &str) -> Option<(Cow<'_, str>, &str)> {
    if rest.starts_with('"') {
        let end = end_of_quoted(rest.as_bytes(), 1)?;
        return Some((unescaped(&rest[1..end - 1]), &rest[end..]));
    }
    let end = rest.find([' ', '\t']).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    is_metric_name(name).then_some((Cow::Borrowed(name), after))
}

fn metadata(what: &'static str, expected: &'static str, found: &str) -> BadLine {
    BadLine::Metadata { what, expected, found: shown(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(line: &str, format: Format) -> Result<Sample<'_>, BadLine> {
        match Line::parse(line, format)? {
            Line::Sample(sample) => Ok(sample),
            other => panic!("{line} is {other:?}"),
        }
    }

    #[test]
    fn a_sample_has_a_series_a_value_and_perhaps_a_time() {
        let read = |line, format| {
            let Sample { series, value, time, has_exemplar } = sample(line, format).expect(line);
            (series, value, time.map(Timestamp::micros), has_exemplar)
        };
        assert_eq!(read("a 1", Format::Text), ("a", 1.0, None, false));
        assert_eq!(
            read(" a{b=\"c d\"}\t-Inf  5 \r", Format::Text),
            ("a{b=\"c d\"}", f64::NEG_INFINITY, Some(5_000), false)
        );
        assert_eq!(read("a{b=\"c\"}-Inf", Format::Text), ("a{b=\"c\"}", f64::NEG_INFINITY, None, false));
        assert_eq!(read("a{b=\"} # c\"} 1 1.5", Format::OpenMetrics), ("a{b=\"} # c\"}", 1.0, Some(1_500_000), false));
        let exemplar = "a_total 0 123 # {a=\"b # \"} 0.5 1";
        assert_eq!(read(exemplar, Format::OpenMetrics), ("a_total", 0.0, Some(123_000_000), true));
        assert_eq!(read("a_total 0 # {} 0.5", Format::OpenMetrics), ("a_total", 0.0, None, true));
    }

    #[test]
    fn a_bad_sample_is_refused() {
        for line in ["a", "a b", "a 1 z", "a 1 2 3", "a 1 1.5", "a 1 # {} 1", "a{b=\"c\"} ", "a 0x1"] {
            assert!(sample(line, Format::Text).is_err(), "{line}");
        }
        for line in [
            "a ",
            "a  1",
            "a 1 ",
            "a 1\t",
            "\ta 1",
            " a 1",
            "a 1 1 ",
            "a 1  1",
            "a{a=\"b\"}1",
            "a 1 # ",
            "a 1# {} 1",
            "a 1 #{} 1",
            "a 1 # {}1",
            "a 1 # {} 1 ",
            "a 1 # {} 0x1",
            "a 1 # id=\"a\"} 1",
            "a 1 # {} 1 1 1",
            "a 1 # 5",
            "a 1 # {} 1 NaN",
            "a 1 #",
        ] {
            assert!(Line::parse(line, Format::OpenMetrics).is_err(), "{line}");
        }
        let exemplar = |chars: usize| format!("a 1 # {{a=\"{}\"}} 1", "\u{2603}".repeat(chars));
        assert!(sample(&exemplar(127), Format::OpenMetrics).is_ok());
        let long = BadLine::LongExemplar { found: 129, allowed: 128 };
        assert_eq!(sample(&exemplar(128), Format::OpenMetrics), Err(long));
    }

    #[test]
    fn types_and_units_are_read() {
        let typed = |family: &'static str, of| Ok(Line::Type { family: family.into(), of });
        assert_eq!(Line::parse("# TYPE a counter", Format::OpenMetrics), typed("a", MetricType::Counter));
        assert_eq!(Line::parse("#  TYPE\ta  untyped ", Format::Text), typed("a", MetricType::Unknown));
        assert_eq!(Line::parse("# TYPE \"a b\" gauge", Format::Text), typed("a b", MetricType::Gauge));
        let unit = |unit| Ok(Line::Unit { family: "a_seconds".into(), unit });
        assert_eq!(Line::parse("# UNIT a_seconds seconds", Format::OpenMetrics), unit("seconds"));
        assert_eq!(Line::parse("# UNIT a_seconds ", Format::OpenMetrics), unit(""));
        for line in ["", "#", "# a comment", "#TYPER a b", "# EOFs"] {
            assert_eq!(Line::parse(line, Format::Text), Ok(Line::Nothing), "{line}");
        }
        for format in [Format::Text, Format::OpenMetrics] {
            assert_eq!(Line::parse("# HELP a a \\n text", format), Ok(Line::Help { family: "a".into() }));
            assert_eq!(Line::parse("# EOF", format), Ok(Line::End));
        }
    }

    #[test]
    fn bad_metadata_is_refused() {
        for line in ["# TYPE", "# TYPE a", "# TYPE a meh", "# TYPE a info", "# HELP", "# HELP 0a x", "# TYPE \"a gauge"]
        {
            assert!(Line::parse(line, Format::Text).is_err(), "{line}");
        }
        for line in [
            "# HELP",
            "# HELP a",
            "# HELP a\t",
            " # HELP a meh",
            "# TYPE ",
            "# TYPE a\t",
            "# TYPE a meh ",
            "# TYPE a gauge ",
            "# TYPE a untyped",
            "# UNIT a",
            "# UNIT a seconds",
            "# UNIT a_seconds seconds ",
            "# UNIT seconds seconds",
            "#comment",
            "# comment",
            "# EOF ",
            "",
        ] {
            assert!(Line::parse(line, Format::OpenMetrics).is_err(), "{line}");
        }
    }
}
