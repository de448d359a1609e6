//! What is wrong with a line.

use thiserror::Error;

/// Longer parts of a line are cut in messages.
const SHOWN_CHARS: usize = 64;

/// The reason why a line cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BadLine {
    #[error("the line is not UTF-8")]
    NotUtf8,
    #[error("a line must have at most {allowed} bytes, found {found}")]
    TooLong { found: usize, allowed: usize },
    #[error("the line is empty: OpenMetrics allows no empty lines")]
    Empty,
    #[error("a value must follow the series, found nothing")]
    NoValue,
    #[error("a value must be a number, found {0:?}")]
    Value(String),
    #[error("a time must be {expected}, found {found:?}")]
    Time { expected: &'static str, found: String },
    #[error(
        "a metric name must begin with a letter, _ or : and have only these and digits, or be in quotes, found {0:?}"
    )]
    MetricName(String),
    #[error("the series has no metric name")]
    NoMetricName,
    #[error("the series has two metric names, {0:?} and {1:?}")]
    TwoMetricNames(String, String),
    #[error("a label name must begin with a letter or _ and have only these and digits, or be in quotes, found {0:?}")]
    LabelName(String),
    #[error("label {0:?} occurs twice")]
    RepeatedLabel(String),
    #[error("the value of label {0:?} must follow `=` and be in double quotes")]
    LabelValue(String),
    #[error("labels must be separated by one comma and end with a brace, found {0:?}")]
    Labels(String),
    #[error("a quote or a brace is not closed")]
    NotClosed,
    #[error("one space must separate the parts of a line, found {0:?}")]
    Spaces(String),
    #[error("nothing may follow the time, found {0:?}")]
    Rest(String),
    #[error("an exemplar must be ` # {{labels}} value` and perhaps a time, found {0:?}")]
    Exemplar(String),
    #[error("the labels of an exemplar must have at most {allowed} characters, found {found}")]
    LongExemplar { found: usize, allowed: usize },
    #[error("a line that begins with # must be HELP, TYPE, UNIT or EOF in OpenMetrics, found {0:?}")]
    Comment(String),
    #[error("{what} must be followed by the name of a metric and {expected}, found {found:?}")]
    Metadata { what: &'static str, expected: &'static str, found: String },
    #[error("the last line may be cut: it has no end, and the answer states no length")]
    Cut,
    #[error("nothing may follow `# EOF`")]
    AfterEnd,
    #[error("the text must end with `# EOF`: a part may be missing")]
    NoEnd,
}

/// The beginning of a part of a line, for a message.
pub(super) fn shown(part: &str) -> String {
    part.chars().take(SHOWN_CHARS).collect()
}
