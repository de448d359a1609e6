//! The content of one line.

use std::borrow::Cow;

use protocol::Timestamp;

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

/// A longer text is no label.
const LONGEST_LABEL: usize = 128;

/// Returns true for the key of a text that identifies a series.
pub(super) fn is_label(key: &str, text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_LABEL && !NOT_LABELS.contains(&key)
}
