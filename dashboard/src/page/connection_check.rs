//! Asks the server why it does not accept the stream: a browser hides the answer to a refused WebSocket handshake.

use wasm_bindgen::JsValue;
use web_sys::XmlHttpRequest;

use super::server_request::ServerRequest;

/// Relative to the page's address, as the stream.
const PATH: &str = "connection-check";

const TIMEOUT_MS: u32 = 5_000;

/// A server that restarts can refuse an attempt and accept the check after it; not several times in a row.
const FAILURES_BEYOND_A_RESTART: u32 = 3;

/// The answer to a check, from the server or from a proxy before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// 0 without an answer.
    pub(super) status: u16,
    pub(super) content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// The reasons for which the server would refuse the stream; without one, other possible causes.
    Report {
        ok: bool,
        text: String,
    },
    Text(String),
    Other,
}

/// Asks the server.
pub(super) fn check_connection(mut on_answer: impl FnMut(&Answer) + 'static) -> Result<ServerRequest, JsValue> {
    ServerRequest::post(PATH, None, TIMEOUT_MS, move |request| on_answer(&answer(request)))
}

impl Answer {
    /// Why the stream is refused, after this many failed attempts in a row. `None` if nothing is known.
    pub(super) fn explain(&self, failures: u32) -> Option<String> {
        let status = self.status;
        match (status, &self.content) {
            (0, _) => None,
            (_, Content::Report { ok: true, .. }) if failures < FAILURES_BEYOND_A_RESTART => None,
            (_, Content::Report { text, .. }) => Some(format!("No stream: {text}")),
            (400 | 401 | 403 | 503, Content::Text(text)) => Some(format!("No stream: {}", text.trim())),
            (502..=504, _) => {
                Some(format!("No stream: a proxy answers with status {status}; it does not reach the server"))
            }
            _ => Some(format!(
                "No stream: {PATH} was answered with status {status}, not by this server; a proxy must pass on all paths below \
                 that of this page"
            )),
        }
    }
}

fn answer(request: &XmlHttpRequest) -> Answer {
    let body = request.response_text().ok().flatten().unwrap_or_default();
    let media_type = request.get_response_header("content-type").ok().flatten().unwrap_or_default();
    let content = if media_type.starts_with("application/json") {
        report(&body).unwrap_or(Content::Other)
    } else if media_type.starts_with("text/plain") {
        Content::Text(body)
    } else {
        Content::Other
    };
    Answer { status: request.status().unwrap_or_default(), content }
}

fn report(body: &str) -> Option<Content> {
    let report = js_sys::JSON::parse(body).ok()?;
    let field = |name: &str| js_sys::Reflect::get(&report, &name.into()).ok();
    Some(Content::Report { ok: field("ok")?.as_bool()?, text: field("text")?.as_string()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explain(status: u16, content: Content, failures: u32) -> Option<String> {
        Answer { status, content }.explain(failures)
    }

    #[test]
    fn a_refusal_is_explained_in_the_words_of_the_server() {
        let refused = |ok| Content::Report { ok, text: "set this".to_owned() };
        assert_eq!(explain(200, refused(false), 2).as_deref(), Some("No stream: set this"));
        let text = Content::Text("x is not a name of this server\n".to_owned());
        assert_eq!(explain(403, text, 2).as_deref(), Some("No stream: x is not a name of this server"));
        assert_eq!(explain(200, refused(true), 2), None, "the server may have restarted");
        assert_eq!(explain(200, refused(true), 3).as_deref(), Some("No stream: set this"));
    }

    #[test]
    fn an_unreachable_server_is_no_refusal() {
        assert_eq!(explain(0, Content::Other, 9), None);
    }

    #[test]
    fn an_answer_that_is_not_the_servers_is_explained_by_its_status() {
        let text = explain(502, Content::Other, 2).expect("explained");
        assert!(text.contains("a proxy answers with status 502"), "{text}");
        let text = explain(404, Content::Text("404 page not found".to_owned()), 2).expect("explained");
        assert!(text.contains("with status 404, not by this server"), "{text}");
    }
}
