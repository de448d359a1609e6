//! The requests `POST sign-in` and `POST sign-out`.

use js_sys::{JSON, Reflect};
use wasm_bindgen::JsValue;
use web_sys::XmlHttpRequest;

use super::server_request::ServerRequest;

/// A server that does not answer is reported after this time.
const TIMEOUT_MS: u32 = 15_000;

/// The result of a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// With the page's half of the session.
    SignedIn { key: String },
    /// The server needs no token, or has ended the session.
    Done,
    /// With the reason for the user.
    Refused { reason: String },
}

/// Exchanges a token for a session.
pub(super) fn sign_in(token: &str, on_answer: impl FnMut(Answer) + 'static) -> Result<ServerRequest, JsValue> {
    post("sign-in", ("Authorization", &format!("Bearer {token}")), on_answer)
}

/// Ends the session of this key.
pub(super) fn sign_out(key: &str, on_answer: impl FnMut(Answer) + 'static) -> Result<ServerRequest, JsValue> {
    post("sign-out", ("X-Kymograph-Key", key), on_answer)
}

fn post(
    url: &str,
    header: (&str, &str),
    mut on_answer: impl FnMut(Answer) + 'static,
) -> Result<ServerRequest, JsValue> {
    ServerRequest::post(url, Some(header), TIMEOUT_MS, move |request| on_answer(answer(request)))
}

fn answer(request: &XmlHttpRequest) -> Answer {
    let body = request.response_text().ok().flatten().unwrap_or_default();
    match request.status() {
        Ok(200) => match key(&body) {
            Some(key) => Answer::SignedIn { key },
            None => Answer::Refused { reason: "The answer of the server has no key: reload the page.".to_owned() },
        },
        Ok(204) => Answer::Done,
        Ok(0) | Err(_) => {
            Answer::Refused { reason: "The server does not answer. Check that it runs, and try again.".to_owned() }
        }
        Ok(status) if body.is_empty() => {
            Answer::Refused { reason: format!("The server refused with status {status}.") }
        }
        Ok(_) => Answer::Refused { reason: sentence(body.trim()) },
    }
}

fn key(body: &str) -> Option<String> {
    let body = JSON::parse(body).ok()?;
    Reflect::get(&body, &"key".into()).ok()?.as_string()
}

/// The server's reason with a capital letter and a full stop.
fn sentence(reason: &str) -> String {
    let mut characters = reason.chars().take(300);
    let first = characters.next().map(|first| first.to_ascii_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.collect::<String>())
}
