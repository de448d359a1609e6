//! The settings that all sources of lines share.

use protocol::Interval;

/// The format of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    /// Each line has its own.
    #[default]
    Auto,
    Columns,
    Json,
    Words,
}

pub(super) const FORMATS: [(&str, Format); 4] =
    [("auto", Format::Auto), ("columns", Format::Columns), ("json", Format::Json), ("words", Format::Words)];

/// The settings of lines.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LineSettings {
    /// The name of the source, and the beginning of the names of its groups.
    pub(super) name: String,
    pub(super) format: Format,
    /// The time from row to row; `None` if it is estimated.
    pub(super) interval: Option<Interval>,
    pub(super) series: usize,
    pub(super) merge: Interval,
}
