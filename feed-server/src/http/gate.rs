//! Checks each request before its handler runs, and refuses those that its policy does not allow.

use std::net::Ipv4Addr;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use hyper::header::{HeaderValue, ORIGIN, WWW_AUTHENTICATE};
use hyper::http::Extensions;
use hyper::{Method, StatusCode};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::access::{Access, Denied, Policy};
use super::requester::{Requester, Via};
use super::response::{text, too_many_connections};
use super::{headers, request_target, upgrade};
use crate::deliver::session;
use crate::deliver::session::violation::Violation;
use crate::net::connection::Peer;
use crate::net::connection_limiter::{Holder, LimitExceeded};
use crate::rate_limiter::RateLimiter;
use crate::telemetry::{StatusLabel, Telemetry};

/// Bytes of a peer's text that are logged: enough to recognise an address or an origin.
const MAX_LOGGED_BYTES: usize = 256;

#[derive(Debug)]
pub struct Gate {
    pub access: Access,
    telemetry: Telemetry,
    log_limit: Mutex<RateLimiter>,
}

impl Gate {
    pub fn new(access: Access, telemetry: Telemetry) -> Self {
        Self { access, telemetry, log_limit: Mutex::new(RateLimiter::of_messages(Instant::now())) }
    }

    /// Who sent this request. Requests of tests have no connection.
    pub fn requester<B>(&self, request: &hyper::Request<B>) -> Requester {
        let known = request.extensions().get::<Requester>().cloned();
        let peer = || request.extensions().get::<Peer>().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.address.ip());
        known.unwrap_or_else(|| self.access.requester(peer(), request.headers()))
    }

    /// Runs the handler if `policy` allows the request.
    pub async fn check(&self, policy: Policy, mut request: Request, next: Next) -> Response {
        let requester = self.requester(&request);
        let query = request.uri().query().unwrap_or_default();
        let checked = self.access.check_query(query);
        match checked.and_then(|()| self.access.check(policy, &requester, request.headers())) {
            Ok(viewer) => {
                if self.access.credentials().is_some() && viewer.is_some() {
                    sign_in(request.extensions());
                }
                // The handler of a public route may sign in: `http::server` decides after it.
                if matches!(policy, Policy::Needs(_) | Policy::NeedsSameOrigin(_))
                    && let Err(exceeded) = decide(request.extensions())
                {
                    return too_many_connections(&exceeded);
                }
                if let Some(viewer) = viewer {
                    request.extensions_mut().insert(viewer);
                }
                next.run(request).await
            }
            Err(denied) => match violation(&denied) {
                Some(violation) if matches!(policy, Policy::NeedsSameOrigin(_)) => match decide(request.extensions()) {
                    Ok(()) => self.deny_websocket(request, &denied, violation),
                    Err(exceeded) => too_many_connections(&exceeded),
                },
                _ => self.deny(&RequestName::of(&request), &denied),
            },
        }
    }

    /// Adds the requester to the request, brings the request's target to its usual form, adds the headers of every
    /// response, and counts it.
    pub async fn surround(&self, mut request: Request, next: Next) -> Response {
        let mut response = match request_target::canonicalize(&mut request) {
            Ok(()) => {
                let requester = self.requester(&request);
                request.extensions_mut().insert(requester);
                next.run(request).await
            }
            Err(error) => {
                self.log_refusal(&RequestName::of(&request), &error.to_string());
                text(error.status(), format!("{error}\n"))
            }
        };
        headers::secure(response.headers_mut());
        let status = StatusLabel { status: response.status().as_u16() };
        self.telemetry.http_responses.get_or_create(&status).inc();
        response
    }

    pub fn deny(&self, request: &RequestName, denied: &Denied) -> Response {
        self.log_refusal(request, &denied.to_string());
        let mut response = text(denied.status(), format!("{denied}\n"));
        if denied.status() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    /// A page cannot read the status of a refused handshake: it is closed with a reason after the upgrade instead.
    fn deny_websocket(&self, request: Request, denied: &Denied, violation: Violation) -> Response {
        let name = RequestName::of(&request);
        let is_page = request.method() == Method::GET && request.headers().contains_key(ORIGIN);
        let telemetry = self.telemetry.clone();
        let close = move |upgraded| async move { session::refuse(upgraded, &telemetry, violation).await };
        if is_page && let Ok(response) = upgrade::upgrade(request, close) {
            self.log_refusal(&name, &denied.to_string());
            return response;
        }
        self.deny(&name, denied)
    }

    /// Logs a refusal. The rate is limited, since any peer can cause these lines.
    pub fn log_refusal(&self, request: &RequestName, reason: &str) {
        if self.log_limit.lock().take(1, Instant::now()) {
            let (peer, path, reason) = (&request.peer, shortened(&request.path), shortened(reason));
            tracing::info!(peer, path, reason, "request refused");
        }
    }
}

/// The part of a log line that identifies a request.
#[derive(Clone, Debug)]
pub struct RequestName {
    /// Its address. Through a trusted proxy: the client's, and the proxy's.
    peer: String,
    path: String,
}

impl RequestName {
    pub fn of<B>(request: &hyper::Request<B>) -> Self {
        // Requests of tests have no connection.
        let mut peer = request.extensions().get::<Peer>().map_or_else(String::new, |peer| peer.address.to_string());
        if let Some(Requester { client, via: Via::TrustedProxy { .. }, .. }) = request.extensions().get() {
            peer = format!("{client} through {peer}");
        }
        Self { peer, path: request.uri().path().to_owned() }
    }
}

/// The rule that is broken by a page without valid credentials.
const fn violation(denied: &Denied) -> Option<Violation> {
    match denied {
        Denied::NoToken | Denied::WrongToken => Some(Violation::NoToken),
        Denied::SessionEnded => Some(Violation::SessionEnded),
        Denied::WrongRole { .. } => Some(Violation::WrongRole),
        Denied::NoHost
        | Denied::UnknownHost { .. }
        | Denied::UnknownProxy { .. }
        | Denied::ForeignOrigin { .. }
        | Denied::NotLocal
        | Denied::TokenInQuery => None,
    }
}

/// Marks the connection of a request as signed in. Requests of tests have no connection.
pub fn sign_in(extensions: &Extensions) {
    if let Some(holder) = extensions.get::<Holder>() {
        holder.sign_in();
    }
}

/// Checks the limit of a connection's class, which must precede an upgrade: hyper upgrades a connection whatever the response.
fn decide(extensions: &Extensions) -> Result<(), LimitExceeded> {
    extensions.get::<Holder>().map_or(Ok(()), Holder::decide)
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_LOGGED_BYTES)]
}
