//! Messages of pages: console calls, uncaught exceptions, and entries of the browser's log.

use std::collections::HashMap;
use std::fmt;

use serde_json::Value;

/// The number of first messages of each page that are kept: a limit on memory for a page in a loop.
const MAX_MESSAGES: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleMessage {
    pub level: Level,
    pub text: String,
    /// The file that caused the message or that it names; empty if unknown.
    pub url: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Debug,
    /// `console.log`, `console.info` and all other levels.
    Info,
    /// `console.warn`, and the browser's own warnings.
    Warning,
    /// `console.error`, a failed `console.assert`, and the browser's own errors, such as a file that was not found.
    Error,
    Exception,
}

impl fmt::Display for ConsoleMessage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {} ({})", self.level, self.text, self.url)
    }
}

impl Level {
    fn parse(name: &str) -> Self {
        match name {
            "debug" | "verbose" => Self::Debug,
            "warning" => Self::Warning,
            "error" | "assert" => Self::Error,
            _ => Self::Info,
        }
    }
}

/// The messages of each session.
#[derive(Debug, Default)]
pub(super) struct Console(HashMap<String, Vec<ConsoleMessage>>);

impl Console {
    /// Keeps the event if it is a message of a page.
    pub(super) fn record(&mut self, event: &Value) {
        if let Some(session) = event["sessionId"].as_str()
            && let Some(message) = parse(event)
        {
            let messages = self.0.entry(session.to_owned()).or_default();
            if messages.len() < MAX_MESSAGES {
                messages.push(message);
            }
        }
    }

    pub(super) fn of_page(&self, session: &str) -> Vec<ConsoleMessage> {
        self.0.get(session).cloned().unwrap_or_default()
    }
}

fn parse(event: &Value) -> Option<ConsoleMessage> {
    let parameters = &event["params"];
    match event["method"].as_str()? {
        "Runtime.consoleAPICalled" => {
            let words = parameters["args"].as_array()?.iter().map(word);
            Some(ConsoleMessage {
                level: Level::parse(parameters["type"].as_str()?),
                text: words.collect::<Vec<_>>().join(" "),
                url: text(&parameters["stackTrace"]["callFrames"][0]["url"]),
            })
        }
        "Runtime.exceptionThrown" => {
            let details = &parameters["exceptionDetails"];
            Some(ConsoleMessage { level: Level::Exception, text: exception(details), url: text(&details["url"]) })
        }
        "Log.entryAdded" => {
            let entry = &parameters["entry"];
            let level = Level::parse(entry["level"].as_str()?);
            Some(ConsoleMessage { level, text: text(&entry["text"]), url: text(&entry["url"]) })
        }
        _ => None,
    }
}

/// The text of an exception, with its stack if it has one.
pub(super) fn exception(details: &Value) -> String {
    let thrown = &details["exception"];
    if thrown.is_object() { word(thrown) } else { text(&details["text"]) }
}

/// A JavaScript value as the console shows it.
fn word(object: &Value) -> String {
    match (object.get("value"), object.get("unserializableValue").or_else(|| object.get("description"))) {
        (Some(Value::String(value)), _) => value.clone(),
        (Some(value), _) => value.to_string(),
        (None, Some(description)) => text(description),
        (None, None) => text(&object["type"]),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
