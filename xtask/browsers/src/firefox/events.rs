//! Firefox's events: messages of the console, requests that failed, and the end of a page. A page is named by its context.

use serde_json::Value;

use crate::connection::Event;
use crate::console::{ConsoleMessage, Level};

/// The error of a request that the page itself ended, for example by leaving.
const ABORTED: &str = "NS_BINDING_ABORTED";

pub(super) fn read(event: &Value) -> Event {
    let parameters = &event["params"];
    let (page, message) = match event["method"].as_str() {
        Some("browsingContext.contextDestroyed") => {
            return Event::PageEnded { page: text(&parameters["context"]), why: "the page is closed" };
        }
        Some("log.entryAdded") => (&parameters["source"]["context"], Some(entry(parameters))),
        Some("network.fetchError") => (&parameters["context"], failed(parameters)),
        Some("network.responseCompleted") => (&parameters["context"], refused(parameters)),
        _ => return Event::Other,
    };
    match message {
        Some(message) => Event::Console { page: text(page), message },
        None => Event::Other,
    }
}

fn entry(entry: &Value) -> ConsoleMessage {
    let level = match entry["level"].as_str() {
        Some("debug") => Level::Debug,
        Some("warn") => Level::Warning,
        Some("error") if is_exception(entry) => Level::Exception,
        Some("error") => Level::Error,
        _ => Level::Info,
    };
    ConsoleMessage { level, text: text(&entry["text"]), url: text(&entry["stackTrace"]["callFrames"][0]["url"]) }
}

/// The protocol does not tell an exception from an error of the browser, such as a connection that was refused. Only
/// exceptions have a stack; those of the parser have none, but begin with their type.
fn is_exception(entry: &Value) -> bool {
    let text = entry["text"].as_str().unwrap_or_default();
    entry["type"] == "javascript" && (entry["stackTrace"].is_object() || text.starts_with("SyntaxError: "))
}

fn failed(parameters: &Value) -> Option<ConsoleMessage> {
    let reason = parameters["errorText"].as_str().filter(|reason| *reason != ABORTED)?;
    Some(ConsoleMessage { level: Level::Error, text: reason.to_owned(), url: text(&parameters["request"]["url"]) })
}

fn refused(parameters: &Value) -> Option<ConsoleMessage> {
    let response = &parameters["response"];
    let status = response["status"].as_u64().filter(|status| *status >= 400)?;
    let text_of_status = format!("status {status} {}", text(&response["statusText"]));
    Some(ConsoleMessage { level: Level::Error, text: text_of_status, url: text(&parameters["request"]["url"]) })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn level(entry: &Value) -> Level {
        super::entry(entry).level
    }

    #[test]
    fn an_exception_has_a_stack_or_is_the_parsers() {
        let stack = json!({ "callFrames": [{ "url": "http://a/b.js" }] });
        let thrown =
            json!({ "type": "javascript", "level": "error", "text": "uncaught exception: 5", "stackTrace": stack });
        assert_eq!(level(&thrown), Level::Exception);
        assert_eq!(entry(&thrown).url, "http://a/b.js");
        let printed = json!({ "type": "console", "level": "error", "text": "5", "stackTrace": stack });
        assert_eq!(level(&printed), Level::Error);
        let parsed = json!({ "type": "javascript", "level": "error", "text": "SyntaxError: unexpected token", "stackTrace": null });
        assert_eq!(level(&parsed), Level::Exception);
        let refused = json!({ "type": "javascript", "level": "error", "text": "Firefox can’t establish a connection", "stackTrace": null });
        assert_eq!(level(&refused), Level::Error);
    }

    #[test]
    fn a_request_that_failed_is_an_error_unless_the_page_ended_it() {
        let event = |reason: &str| {
            let request = json!({ "url": "http://a/" });
            json!({ "method": "network.fetchError", "params": { "context": "c", "request": request, "errorText": reason } })
        };
        let failed = read(&event("NS_ERROR_CONNECTION_REFUSED"));
        assert!(matches!(failed, Event::Console { page, message } if page == "c" && message.url == "http://a/"));
        assert!(matches!(read(&event(ABORTED)), Event::Other));
    }

    #[test]
    fn a_response_is_an_error_if_its_status_is_one() {
        let event = |status: u32| {
            let (request, response) =
                (json!({ "url": "http://a/" }), json!({ "status": status, "statusText": "Reason" }));
            let parameters = json!({ "context": "c", "request": request, "response": response });
            read(&json!({ "method": "network.responseCompleted", "params": parameters }))
        };
        let refused = event(404);
        assert!(matches!(refused, Event::Console { message, .. } if message.text == "status 404 Reason"));
        assert!(matches!(event(304), Event::Other));
    }
}
