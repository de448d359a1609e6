//! The content of one line.

use std::borrow::Cow;
use std::net::IpAddr;

use protocol::Timestamp;

use super::line_time::is_clock;
use super::unit::WrittenUnit;

/// The values of a line, and what they have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line<'t> {
    /// `None`: the time at which it arrived.
    pub(super) time: Option<Timestamp>,
    /// Identify the series, beside the names of the values.
    pub(super) labels: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    pub(super) values: Vec<LineValue<'t>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct LineValue<'t> {
    /// The end of the name of its group; empty for the main group of the source.
    pub(super) group: Cow<'t, str>,
    /// Empty if the group has one value for each set of labels.
    pub(super) name: Cow<'t, str>,
    /// In UCUM; empty if it is not known.
    pub(super) unit: &'static str,
    pub(super) value: f64,
}

impl<'t> LineValue<'t> {
    /// A value in a unit as written. Those of one unit are shown together.
    pub(super) fn of(name: impl Into<Cow<'t, str>>, value: f64, unit: Option<WrittenUnit>) -> Self {
        let (ucum, factor) = unit.map_or(("", 1.0), |unit| (unit.ucum, unit.factor));
        Self { group: group_of_unit(ucum).into(), name: name.into(), unit: ucum, value: value * factor }
    }
}

/// The group of the values of a unit.
pub(super) fn group_of_unit(ucum: &'static str) -> &'static str {
    match ucum {
        "%" => "percent",
        "By" => "bytes",
        "By/s" => "bytes/s",
        "Cel" => "temperature",
        "{rotation}/min" => "rpm",
        other => other,
    }
}

/// The reason why a line is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum LineError {
    #[error("a line is not a JSON object or list: {0}")]
    Json(String),
    #[error("a line has no number")]
    NoNumber,
    #[error("a line has more than {MAX_VALUES} values")]
    TooManyValues,
}

/// A line with more is refused.
pub(super) const MAX_VALUES: usize = 4_096;

/// Keys of texts that say nothing about the identity of a series.
const NOT_LABELS: [&str; 6] = ["msg", "message", "level", "severity", "error", "err"];

/// A number is followed by at most so many letters, and begins with a sign.
const LONGEST_UNIT: usize = 4;

/// A longer text is no label.
const LONGEST_LABEL: usize = 128;

/// Returns true for the key of a text that identifies a series.
pub(super) fn is_label(key: &str, text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_LABEL
        && !NOT_LABELS.contains(&key)
        && !is_clock(text)
        && (!is_like_number(text) || text.parse::<IpAddr>().is_ok())
}

/// Returns true for a number in a form that is not read, such as `5.2G`, `3/1048`, `0:04.22`: it changes from line to line.
fn is_like_number(text: &str) -> bool {
    let rest = text.trim_start_matches(['+', '-']);
    let rest = rest.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | ':' | '/' | '-' | '+');
    text.len() - rest.len() <= LONGEST_UNIT
        && rest.starts_with(|c: char| c.is_ascii_digit())
        && rest.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_change_with_each_line_are_no_labels() {
        for text in
            ["", "5.2G", "3/1048", "0:04.22", "0.00-1.00", "-3.5x", "2026-12-01T07:58:40.25", "07:58:40", "1,234,567"]
        {
            assert!(!is_label("x", text), "{text}");
        }
        for text in ["sda", "web1", "127.0.0.1", "::1", "0000:00:1f.2", "3f2a9c", "all", "R"] {
            assert!(is_label("x", text), "{text}");
        }
        assert!(!is_label("msg", "text") && !is_label("x", &"x".repeat(200)));
    }
}
