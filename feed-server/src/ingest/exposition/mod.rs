//! Reads the two text formats in which programs expose metrics to Prometheus.
//!
//! - Text 0.0.4: <https://prometheus.io/docs/instrumenting/exposition_formats/>, with the UTF-8 names of Prometheus 3.
//! - OpenMetrics 1.0: <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>.
//!
//! ```text
//! text -> lines -> Line::Sample  -> the part that identifies the series -> SeriesText
//!              \-> Line::Type, Line::Unit, ...                        \-> value, time
//! ```
//! A bad line is an error of its own: the lines around it are read. A reader of the same text, again and again, keeps what it knows of
//! a series by the part of the line that identifies it, and parses only the value.
//!
//! | file | subject |
//! | --- | --- |
//! | [`mod@line`] | one line: a sample, a type, a unit |
//! | [`series_text`] | the name and the labels of a series |
//! | `quoted` | texts in quotes |
//! | [`number`] | values and times |
//! | [`metric_type`] | types, and what they say about a sample |
//! | [`bad_line`] | what is wrong with a line |
//! | [`rules`], `histogram_rules` | the rules of OpenMetrics on lines that belong together |
//! | [`check`] | reads a whole text and names everything that is wrong |
//!
//! This room knows only text. No I/O.

pub mod bad_line;
pub mod check;
mod histogram_rules;
pub mod line;
pub mod metric_type;
pub mod number;
mod quoted;
pub mod rules;
pub mod series_text;

pub use bad_line::BadLine;
pub use line::{Line, Sample};
pub use metric_type::MetricType;
pub use series_text::SeriesText;

/// The format of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format 0.0.4.
    Text,
    OpenMetrics,
}
