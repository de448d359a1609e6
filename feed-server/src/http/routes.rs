//! Which path is answered by what.
//!
//! | path | answer |
//! | --- | --- |
//! | `/stream` | the WebSocket; `?window=SECONDS` of history at once, or `?start=request` to wait for `Subscribe` |
//! | `/healthz` | 200 while the process lives |
//! | `/readyz` | 200 while samples come in, 503 when they have not for a while |
//! | `/metrics` | the server's own state in Prometheus exposition |
//! | anything else | the page's files |
//!
//! Before all of them stands [`Access`]: what tells anything of the data needs the token, where there is one.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, LOCATION, ORIGIN,
    SEC_WEBSOCKET_VERSION, SET_COOKIE, VARY, WWW_AUTHENTICATE,
};
use hyper::{Method, Request, Response, StatusCode};
use protocol::Interval;
use serde::Serialize;
use tokio::time::Instant;

use super::access::{Access, Denied, Entry};
use super::page::{File, Page};
use super::server::Answer;
use super::upgrade::UpgradeError;
use super::{headers, upgrade};
use crate::clock;
use crate::deliver::session::{self, DEFAULT_WINDOW, Opening, Service};
use crate::rate_limiter::Allowance;
use crate::telemetry::StatusLabel;

/// Sources slower than this do not exist; when nothing came for so long, the feed is not ready.
const STALE_AFTER: Interval = Interval::from_secs(15);

/// Enough to recognise an address or an origin by.
const MOST_LOGGED_BYTES: usize = 256;

/// A day: more history than any page can draw.
const MAX_WINDOW_SECONDS: f64 = 86_400.0;

/// What requests are answered from.
#[derive(Debug)]
pub struct Routes {
    service: Service,
    page: Page,
    access: Access,
    refusals_said: Mutex<Allowance>,
}

/// `/readyz`, in words for a program.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    reason: &'static str,
    groups: usize,
    series: usize,
}

impl Answer for Routes {
    fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let mut response = match self.access.admit(&request) {
            Ok(Entry::Open) => self.route(request),
            Ok(Entry::SignedIn { location, cookie }) => signed_in(&location, cookie),
            Err(denied) => self.deny(request, &denied),
        };
        headers::secure(response.headers_mut());
        let status = StatusLabel { status: response.status().as_u16() };
        self.service.hub.telemetry().http_responses.get_or_create(&status).inc();
        response
    }

    fn turned_away(&self) {
        self.service.hub.telemetry().connections_refused.inc();
    }
}

impl Routes {
    /// Routes to `service` and `page`, for those whom `access` lets in.
    pub fn new(service: Service, page: Page, access: Access) -> Self {
        Self { service, page, access, refusals_said: Mutex::new(Allowance::of_messages(Instant::now())) }
    }

    /// Says something in the log that is a stranger's doing, unless that was done too often: strangers must not fill it.
    fn say(&self, say: impl FnOnce()) {
        if self.refusals_said.lock().unwrap_or_else(PoisonError::into_inner).take(1, Instant::now()) {
            say();
        }
    }

    fn route(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/stream") => self.stream(request),
            (&Method::GET | &Method::HEAD, "/healthz") => text(StatusCode::OK, "ok\n"),
            (&Method::GET | &Method::HEAD, "/readyz") => self.readiness(),
            (&Method::GET | &Method::HEAD, "/metrics") => self.metrics(),
            (&Method::GET | &Method::HEAD, _) => self.file(&request),
            _ => {
                let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                response
            }
        }
    }

    fn deny(&self, request: Request<Incoming>, denied: &Denied) -> Response<Full<Bytes>> {
        let reason = denied.to_string();
        let (path, reason) = (shortened(request.uri().path()), shortened(&reason));
        self.say(|| tracing::info!(path, reason, "refused"));
        if *denied == Denied::NoToken
            && request.uri().path() == "/stream"
            && request.headers().contains_key(ORIGIN)
            && let Ok(response) = upgrade::accept(&request)
        {
            let telemetry = self.service.hub.telemetry().clone();
            tokio::spawn(async move {
                if let Ok(socket) = upgrade::finish(request, session::websocket_config()).await {
                    session::turn_away(socket, &telemetry).await;
                }
            });
            return response.map(|()| Full::default());
        }
        let mut response = text(denied.status(), format!("{denied}\n"));
        if *denied == Denied::NoToken {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    fn stream(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let opening = match opening(request.uri().query().unwrap_or_default()) {
            Ok(opening) => opening,
            Err(reason) => return text(StatusCode::BAD_REQUEST, reason),
        };
        let response = match upgrade::accept(&request) {
            Ok(response) => response,
            Err(error) => {
                self.say(|| tracing::info!(error = shortened(&error.to_string()), "stream refused"));
                let mut response = text(error.status(), format!("{error}\n"));
                if matches!(error, UpgradeError::Version { .. }) {
                    response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
                }
                return response;
            }
        };
        let service = self.service.clone();
        tokio::spawn(async move {
            match upgrade::take(request).await {
                Ok(upgraded) => session::run(upgraded, service, opening).await,
                Err(error) => tracing::debug!(%error, "connection ended before its upgrade"),
            }
        });
        response.map(|()| Full::default())
    }

    fn readiness(&self) -> Response<Full<Bytes>> {
        let (groups, series) = self.service.hub.catalog().len();
        let oldest = clock::now() - STALE_AFTER;
        let (ready, reason) = match self.service.hub.last_batch() {
            None => (false, "no source has delivered yet"),
            Some(last) if last < oldest => (false, "no source has delivered for 15 s"),
            Some(_) => (true, "samples are coming in"),
        };
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let readiness = Readiness { ready, reason, groups, series };
        // A struct of plain fields always serialises.
        let json = serde_json::to_vec(&readiness).unwrap_or_default();
        with_type(status, json, "application/json")
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        let text = self.service.hub.telemetry().exposition();
        with_type(StatusCode::OK, text, "application/openmetrics-text; version=1.0.0; charset=utf-8")
    }

    fn file(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        let accepted = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
        let Some(file) = self.page.file(path, accepted.unwrap_or_default()) else {
            if path == "/" && !self.page.is_built() {
                let hint = "This server was built without its page. Run `cargo xtask serve`, which builds both.\n";
                return text(StatusCode::NOT_FOUND, hint);
            }
            return text(StatusCode::NOT_FOUND, "not found\n");
        };
        send_file(file)
    }
}

/// What a stranger sent, as far as it goes into the log.
fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(MOST_LOGGED_BYTES)]
}

fn signed_in(location: &str, cookie: HeaderValue) -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::SEE_OTHER, "");
    let headers = response.headers_mut();
    // What stood in a request's address can stand in a header.
    headers.insert(LOCATION, HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("/")));
    headers.insert(SET_COOKIE, cookie);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A file of the page, with the headers that say how it is packed and how long it may be kept.
pub fn send_file(file: File) -> Response<Full<Bytes>> {
    let bytes = match file.bytes {
        Cow::Borrowed(embedded) => Bytes::from_static(embedded),
        Cow::Owned(read) => read.into(),
    };
    let mut response = with_type(StatusCode::OK, bytes, file.media_type);
    let headers = response.headers_mut();
    if let Some(encoding) = file.encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    let cache = if file.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

/// What the stream's query says of its beginning.
fn opening(query: &str) -> Result<Opening, &'static str> {
    let mut opening = Opening::AtOnce(DEFAULT_WINDOW);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        opening = match pair.split_once('=') {
            Some(("start", "request")) => Opening::OnRequest,
            Some(("window", seconds)) => match seconds.parse::<f64>() {
                Ok(seconds) if (0.0..=MAX_WINDOW_SECONDS).contains(&seconds) => {
                    Opening::AtOnce(Interval::from_micros((seconds * 1e6) as u64))
                }
                _ => return Err("window: expected seconds, from 0 to 86400\n"),
            },
            _ => return Err("expected `window=SECONDS` or `start=request`\n"),
        };
    }
    Ok(opening)
}

/// A plain text.
pub fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    with_type(status, text, "text/plain; charset=utf-8")
}

fn with_type(status: StatusCode, body: impl Into<Bytes>, media_type: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_says_how_the_stream_begins() {
        assert_eq!(opening(""), Ok(Opening::AtOnce(DEFAULT_WINDOW)));
        assert_eq!(opening("window=1.5"), Ok(Opening::AtOnce(Interval::from_millis(1_500))));
        assert_eq!(opening("start=request"), Ok(Opening::OnRequest));
        for wrong in ["window=-1", "window=nan", "window=1e9", "start=now", "windw=3", "window"] {
            assert!(opening(wrong).is_err(), "{wrong}");
        }
    }
}
