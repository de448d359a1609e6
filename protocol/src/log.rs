//! Numbered entries of the stream beside samples: lines of logs, and events.

use bincode::{BorrowDecode, Encode};

use crate::catalog::{Label, check_labels};
use crate::codec::Check;
use crate::entries::{Entries, Item};
use crate::error::{DecodeError, within};
use crate::growing::{growing, with_fallback};
use crate::limits::{MAX_NAME_BYTES, MAX_TEXT_BYTES};
use crate::time::Timestamp;

/// Lines of logs. The header's sequence is the number of this frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Encode, BorrowDecode)]
pub struct Logs<'a> {
    /// In the order in which they arrived.
    pub lines: Entries<'a, LogLine<'a>>,
}

impl Check for Logs<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        self.lines.check("log line", |line| {
            within("length of a source's name", line.source.len(), MAX_NAME_BYTES)?;
            within("length of a log line's text", line.text.len(), MAX_TEXT_BYTES)?;
            check_labels(&line.labels)
        })
    }
}

/// A line of a log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogLine<'a> {
    /// Time that the line states, or of its arrival.
    pub time: Timestamp,
    /// Importance.
    pub severity: Severity,
    /// Name of the source that sent it.
    pub source: &'a str,
    /// Without its line end.
    pub text: &'a str,
    /// What else is known of it, such as `unit` = `nginx`.
    pub labels: Entries<'a, Label<'a>>,
}

impl<'a> Item<'a> for LogLine<'a> {}

growing!(LogLine { time: Timestamp, severity: Severity, source: &'a str, text: &'a str, labels: Entries<'a, Label<'a>> });

/// Importance of a log line. A reader treats an unknown variant as `Info`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode)]
pub enum Severity {
    /// Steps of a program.
    Trace,
    /// For its developers.
    Debug,
    /// What it does.
    #[default]
    Info,
    /// It continues, but something is wrong.
    Warn,
    /// Something failed.
    Error,
    /// It ends.
    Fatal,
}

with_fallback!(Severity: Info, 0 => Trace, 1 => Debug, 3 => Warn, 4 => Error, 5 => Fatal);

/// Something that happened at a time. The header's sequence is the number of this frame.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub struct Event<'a> {
    /// Time at which it happened.
    pub time: Timestamp,
    /// What it is.
    pub kind: EventKind,
    /// Name of the source, the rule, or the user that it comes from.
    pub source: &'a str,
    /// For people.
    pub text: &'a str,
    /// What it concerns, such as `group` = `cpu.cores`.
    pub labels: Entries<'a, Label<'a>>,
}

impl Check for Event<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        within("length of a source's name", self.source.len(), MAX_NAME_BYTES)?;
        within("length of an event's text", self.text.len(), MAX_TEXT_BYTES)?;
        check_labels(&self.labels)
    }
}

/// The kind of an event. A reader treats an unknown variant as `Annotation`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode)]
pub enum EventKind {
    /// A note at a time.
    #[default]
    Annotation,
    /// An alert has changed its state.
    Alert,
    /// A trigger has captured rows.
    Capture,
    /// The layout that all viewers share has changed.
    Layout,
    /// A source has changed its state.
    Source,
}

with_fallback!(EventKind: Annotation, 1 => Alert, 2 => Capture, 3 => Layout, 4 => Source);
