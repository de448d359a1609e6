//! What sources send beside samples: lines of logs, and events.

use std::sync::Arc;

use protocol::limits::{MAX_LABELS, MAX_NAME_BYTES, MAX_TEXT_BYTES};
use protocol::{EventKind, Severity, Timestamp};

/// The allocator's own bytes, and those of the list that holds it.
const ITEM_BYTES: usize = 64;

/// Lines or an event of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name of the source.
    pub source: Arc<str>,
    pub content: EntryContent,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryContent {
    Logs(Vec<LogLine>),
    Event(Event),
}

/// A line of a log. Texts are cut to the limits of the protocol when they are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    pub time: Timestamp,
    pub severity: Severity,
    pub text: String,
    pub labels: Vec<(String, String)>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub time: Timestamp,
    pub kind: EventKind,
    pub text: String,
    pub labels: Vec<(String, String)>,
}

impl Entry {
    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        match &self.content {
            EntryContent::Logs(lines) => lines.iter().map(LogLine::bytes).sum(),
            EntryContent::Event(event) => item_bytes(&event.text, &event.labels),
        }
    }
}

impl LogLine {
    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        item_bytes(&self.text, &self.labels)
    }
}

fn item_bytes(text: &str, labels: &[(String, String)]) -> usize {
    let label = |(key, value): &(String, String)| key.len() + value.len() + ITEM_BYTES;
    text.len() + ITEM_BYTES + labels.iter().map(label).sum::<usize>()
}

/// The part of a text that fits the protocol.
pub fn text_that_fits(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]
}

/// The part of a name, a key or a value that fits the protocol.
pub fn name_that_fits(name: &str) -> &str {
    &name[..name.floor_char_boundary(MAX_NAME_BYTES)]
}

/// The labels that fit the protocol.
pub fn labels_that_fit(labels: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    labels.iter().take(MAX_LABELS).map(|(key, value)| (name_that_fits(key), name_that_fits(value)))
}
