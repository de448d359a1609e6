//! Checks each request before its handler runs, and refuses those that its policy does not allow.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use hyper::Method;
use hyper::header::{HeaderValue, ORIGIN, WWW_AUTHENTICATE};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::access::{Access, Denied, Policy};
use super::response::text;
use super::{headers, upgrade};
use crate::deliver::session;
use crate::net::connection::Peer;
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

    /// Runs the handler if `policy` allows the request.
    pub async fn check(&self, policy: Policy, request: Request, next: Next) -> Response {
        match self.access.check(policy, request.headers()) {
            Ok(()) => next.run(request).await,
            Err(denied) if denied == Denied::NoToken && policy == Policy::SignedInSameOrigin => {
                self.deny_websocket(request)
            }
            Err(denied) => self.deny(&RequestName::of(&request), &denied),
        }
    }

    /// Adds the headers of every response, and counts it.
    pub async fn finish(&self, request: Request, next: Next) -> Response {
        let mut response = next.run(request).await;
        headers::secure(response.headers_mut());
        let status = StatusLabel { status: response.status().as_u16() };
        self.telemetry.http_responses.get_or_create(&status).inc();
        response
    }

    pub fn deny(&self, request: &RequestName, denied: &Denied) -> Response {
        self.log_refusal(request, &denied.to_string());
        let mut response = text(denied.status(), format!("{denied}\n"));
        if *denied == Denied::NoToken {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    /// A page cannot read the status of a refused handshake: it is closed with a reason after the upgrade instead.
    fn deny_websocket(&self, request: Request) -> Response {
        let name = RequestName::of(&request);
        let is_page = request.method() == Method::GET && request.headers().contains_key(ORIGIN);
        let telemetry = self.telemetry.clone();
        let close = move |upgraded| async move { session::refuse_without_token(upgraded, &telemetry).await };
        if is_page && let Ok(response) = upgrade::upgrade(request, close) {
            self.log_refusal(&name, &Denied::NoToken.to_string());
            return response;
        }
        self.deny(&name, &Denied::NoToken)
    }

    /// Logs a refusal. The rate is limited, since any peer can cause these lines.
    pub fn log_refusal(&self, request: &RequestName, reason: &str) {
        if self.log_limit.lock().take(1, Instant::now()) {
            let (peer, path, reason) = (&request.peer, shortened(&request.path), shortened(reason));
            tracing::info!(peer, path, reason, "request refused");
        }
    }
}

/// What a log line says about a request.
#[derive(Clone, Debug)]
pub struct RequestName {
    peer: String,
    path: String,
}

impl RequestName {
    pub fn of<B>(request: &hyper::Request<B>) -> Self {
        // Requests of tests have no connection.
        let peer = request.extensions().get::<Peer>().map_or_else(String::new, |peer| peer.address.to_string());
        Self { peer, path: request.uri().path().to_owned() }
    }
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_LOGGED_BYTES)]
}
