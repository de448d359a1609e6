//! Chromium's events: messages of the console, and the end of a page. A page is named by its session.

use serde_json::Value;

use crate::connection::Event;
use crate::console::{ConsoleMessage, Level};

pub(super) fn read(event: &Value) -> Event {
    let parameters = &event["params"];
    match event["method"].as_str() {
        Some("Inspector.targetCrashed") => {
            Event::PageEnded { page: text(&event["sessionId"]), why: "the page crashed" }
        }
        Some("Target.detachedFromTarget") => {
            Event::PageEnded { page: text(&parameters["sessionId"]), why: "the page is closed" }
        }
        Some(method) => match message(method, parameters) {
            Some(message) => Event::Console { page: text(&event["sessionId"]), message },
            None => Event::Other,
        },
        None => Event::Other,
    }
}

fn message(method: &str, parameters: &Value) -> Option<ConsoleMessage> {
    match method {
        "Runtime.consoleAPICalled" => {
            let words = parameters["args"].as_array()?.iter().map(word);
            Some(ConsoleMessage {
                level: level(parameters["type"].as_str()?),
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
            let level = level(entry["level"].as_str()?);
            Some(ConsoleMessage { level, text: text(&entry["text"]), url: text(&entry["url"]) })
        }
        _ => None,
    }
}

fn level(name: &str) -> Level {
    match name {
        "debug" | "verbose" => Level::Debug,
        "warning" => Level::Warning,
        "error" | "assert" => Level::Error,
        _ => Level::Info,
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
