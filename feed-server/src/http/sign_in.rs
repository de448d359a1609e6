//! Sign-in and sign-out of pages: `POST sign-in` exchanges a token for a browser session, `POST sign-out` ends it.

use axum::extract::Request;
use axum::response::Response;
use hyper::StatusCode;
use hyper::header::{HeaderValue, RETRY_AFTER, SET_COOKIE, USER_AGENT};
use serde::Serialize;

use super::access::Denied;
use super::gate::{self, Gate, RequestName};
use super::response::{json, not_stored, text};
use super::session_halves::bearer_tokens;
use crate::credentials::client_name::client_name;
use crate::credentials::role::Role;
use crate::credentials::{NewSession, Viewer};

/// The body of the response to a sign-in.
#[derive(Serialize)]
struct SignedIn<'a> {
    /// The page's half of the session.
    key: &'a str,
    role: Role,
}

/// Opens a session for the token in `Authorization: Bearer`. 204 if the server needs no token.
pub async fn sign_in(gate: &Gate, request: Request) -> Response {
    let (name, requester) = (RequestName::of(&request), gate.requester(&request));
    let (head, _body) = request.into_parts();
    let Some(credentials) = gate.access.credentials() else { return not_stored(text(StatusCode::NO_CONTENT, "")) };
    let Some(token) = bearer_tokens(&head.headers).find_map(|candidate| credentials.token(candidate)) else {
        return not_stored(gate.deny(&name, &Denied::WrongToken));
    };
    let user_agent = head.headers.get(USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
    let client = client_name(&String::from_utf8_lossy(user_agent));
    let address = requester.client.to_string();
    let NewSession { cookie, key, role } = match credentials.open_session(token, client, address).await {
        Ok(new) => new,
        Err(error) => {
            gate.log_refusal(&name, &error.to_string());
            let mut response = text(StatusCode::TOO_MANY_REQUESTS, format!("{error}\n"));
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            return not_stored(response);
        }
    };
    gate::sign_in(&head.extensions);
    let mut response = json(StatusCode::OK, &SignedIn { key: key.reveal(), role });
    response.headers_mut().insert(SET_COOKIE, gate.access.cookie().set(requester.scheme, &cookie, credentials));
    not_stored(response)
}

/// Ends the session of the request, if it has one, and deletes the cookie. 500 if the session could return after a restart.
pub async fn sign_out(gate: &Gate, request: Request) -> Response {
    let (viewer, scheme) = (request.extensions().get::<Viewer>().cloned(), gate.requester(&request).scheme);
    drop(request);
    let mut response = text(StatusCode::NO_CONTENT, "");
    if let Some(credentials) = gate.access.credentials() {
        if let Some(session) = viewer.and_then(|viewer| viewer.session) {
            // The keeper's thread logs the reason.
            if let Err(error) = credentials.end_session(&session).await {
                response = text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n"));
            }
        }
        response.headers_mut().insert(SET_COOKIE, gate.access.cookie().delete(scheme));
    }
    not_stored(response)
}
