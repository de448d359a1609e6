//! Reports to a page why its stream is refused, and what to set: a browser hides the answer to a refused WebSocket handshake.
//!
//! The page sends a POST, since a browser sends the page's origin with it as with the handshake. A request that is refused on
//! every path, such as one with an unknown host, gets its reason as text from the [gate](super::gate).

use axum::response::Response;
use hyper::{Request, StatusCode, Version};
use serde::Serialize;

use super::access::{Denied, check_origin};
use super::requester::Requester;
use super::response::{json, not_stored};
use crate::net::connection_limiter::LimitExceeded;

/// For an upgrade that fails although nothing here refuses it.
const UPGRADE_SETTINGS: &str = "a proxy in between must pass the WebSocket upgrade: in nginx, set `proxy_http_version 1.1;`, \
     `proxy_set_header Upgrade $http_upgrade;` and `proxy_set_header Connection \"upgrade\";`";

/// The answer: the reasons for which the stream would be refused.
#[derive(Debug, Serialize)]
pub struct Report {
    ok: bool,
    refusals: Vec<Refusal>,
    /// For the user: all refusals, or what else may be wrong.
    text: String,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Refusal {
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    text: String,
}

impl Report {
    /// Checks whether the stream of this page would be refused. `room` says whether one more connection would be admitted. The
    /// browser session is not checked: without one the stream is opened, and closed with the reason.
    pub fn new<B>(requester: &Requester, request: &Request<B>, room: Result<(), LimitExceeded>) -> Self {
        let denied = check_origin(requester, request.headers()).err().map(of_denied);
        let version = (request.version() < Version::HTTP_11).then(|| Refusal {
            reason: "http-version",
            found: Some("HTTP/1.0".to_owned()),
            expected: Some("HTTP/1.1".to_owned()),
            text: format!("this request arrived as HTTP/1.0, which has no WebSockets: {UPGRADE_SETTINGS}"),
        });
        let full =
            room.err().map(|full| Refusal { reason: "full", found: None, expected: None, text: full.to_string() });
        let refusals: Vec<Refusal> = [denied, version, full].into_iter().flatten().collect();
        let ok = refusals.is_empty();
        let text = if ok {
            format!("the server accepts this page, but its WebSocket does not arrive: {UPGRADE_SETTINGS}")
        } else {
            refusals.iter().map(|refusal| refusal.text.as_str()).collect::<Vec<_>>().join(". Also: ")
        };
        Self { ok, refusals, text }
    }

    pub fn into_response(self) -> Response {
        not_stored(json(StatusCode::OK, &self))
    }
}

fn of_denied(denied: Denied) -> Refusal {
    let text = denied.to_string();
    let (found, expected) = match denied {
        Denied::ForeignOrigin { origin, own, .. } => (Some(origin), Some(own)),
        _ => (None, None),
    };
    Refusal { reason: "origin", found, expected, text }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::http::access::{Access, Scheme};

    fn report(headers: &[(&str, &str)], version: Version, room: Result<(), LimitExceeded>) -> Report {
        let access = Access::new(None, Vec::new(), Scheme::Http, 9_000);
        let mut request = Request::builder().version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request");
        let requester = access.requester(IpAddr::V4(Ipv4Addr::LOCALHOST), request.headers());
        Report::new(&requester, &request, room)
    }

    const OWN: [(&str, &str); 2] = [("host", "127.0.0.1:9000"), ("origin", "http://127.0.0.1:9000")];

    #[test]
    fn each_reason_for_which_a_stream_is_refused_is_reported_with_what_to_set() {
        let foreign = [OWN[0], ("origin", "https://metrics.example")];
        let cases = [
            (report(&foreign, Version::HTTP_11, Ok(())), "origin", "it changed Host"),
            (report(&OWN, Version::HTTP_10, Ok(())), "http-version", "`proxy_http_version 1.1;`"),
            (report(&OWN, Version::HTTP_11, Err(LimitExceeded::Server(9))), "full", "(limit 9)"),
        ];
        for (report, reason, text) in cases {
            let reasons: Vec<_> = report.refusals.iter().map(|refusal| refusal.reason).collect();
            assert_eq!((report.ok, reasons), (false, vec![reason]));
            assert!(report.text.contains(text), "{}", report.text);
        }
    }

    #[test]
    fn found_and_expected_origin_are_reported() {
        let found = report(&[OWN[0], ("origin", "https://metrics.example")], Version::HTTP_11, Ok(()));
        assert_eq!(found.refusals[0].found.as_deref(), Some("https://metrics.example"));
        assert_eq!(found.refusals[0].expected.as_deref(), Some("http://127.0.0.1:9000"));
    }

    #[test]
    fn all_reasons_are_reported_together() {
        let several = report(&[OWN[0], ("origin", "https://metrics.example")], Version::HTTP_10, Ok(()));
        assert_eq!(several.refusals.len(), 2);
        assert!(several.text.contains(". Also: this request arrived as HTTP/1.0"), "{}", several.text);
    }

    #[test]
    fn a_page_that_is_not_refused_gets_the_settings_of_upgrades() {
        let fine = report(&OWN, Version::HTTP_11, Ok(()));
        assert!(fine.ok && fine.refusals.is_empty(), "{fine:?}");
        assert!(fine.text.contains("`proxy_set_header Upgrade $http_upgrade;`"), "{}", fine.text);
    }
}
