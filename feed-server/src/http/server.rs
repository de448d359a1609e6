//! Serves a router on the accept loop, and bounds the requests and the age of connections whose peer has not signed in.
//!
//! hyper's HTTP/1 connection is used directly, since it closes peers that connect and send nothing: `axum::serve` does not.

use std::time::Duration;

use axum::Router;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::open_body::OpenBody;
use super::response::too_many_connections;
use crate::net::connection::Connection;
use crate::net::connection_limiter::{Class, ConnectionLimiter, Holder, OpenRequest, Status};
use crate::net::listener::Listener;

/// The head of a request must be received within this time, also that of a further request on the same connection. For
/// the first request it includes the TLS handshake.
const HEADER_DEADLINE: Duration = Duration::from_secs(4);

/// Limit of a request's head.
const MAX_HEAD_BYTES: usize = 16 * 1_024;

/// Requests on a connection whose peer has not signed in. The page loads with a dozen.
const MAX_STRANGER_REQUESTS: u32 = 100;

/// The age of a connection whose peer has not signed in: the page loads in that time at 4 KiB a second.
const MAX_STRANGER_AGE: Duration = Duration::from_mins(1);

/// A connection is checked at least this often. The time at which a response ends is not known in advance.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Time for an open response, and for the peer to read it and close, after a bound was exceeded.
const CLOSE_DEADLINE: Duration = Duration::from_secs(10);

/// The same when the server stops.
const STOP_DEADLINE: Duration = Duration::from_secs(3);

/// Serves `router` until `stop`, then waits for open requests.
pub async fn serve(listener: Listener, limiter: ConnectionLimiter, router: Router, stop: CancellationToken) {
    let stopping = stop.clone();
    let serve =
        move |connection, accepted: Instant| serve_connection(connection, accepted, router.clone(), stopping.clone());
    listener.accept(limiter, stop, serve).await;
}

/// Serves requests until the connection ends or becomes a stream. Where this returns earlier, the connection is reset.
async fn serve_connection(connection: Connection, accepted: Instant, router: Router, stop: CancellationToken) {
    let (peer, holder) = (connection.peer().clone(), connection.holder().clone());
    let router = TowerToHyperService::new(router);
    let answering = holder.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let open = answering.begin_request();
        request.extensions_mut().insert(peer.clone());
        request.extensions_mut().insert(answering.clone());
        let (response, holder) = (router.call(request), answering.clone());
        async move { response.await.map(|response| finish(response, open, &holder)) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        // Its own deadline resets a connection whose last response is on its way.
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD_BYTES)
        // A client may end its side after its request, and read the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(connection), service)
        .with_upgrades();
    let mut serving = std::pin::pin!(serving);
    let deadline = tokio::select! {
        biased;
        () = holder.evicted() => {
            tracing::debug!("connection evicted for another one");
            return;
        }
        ended = &mut serving => {
            if let Err(error) = ended {
                tracing::debug!(%error, "connection ended");
            }
            return;
        }
        () = stop.cancelled() => STOP_DEADLINE,
        () = bound_exceeded(&holder, accepted) => {
            if holder.status().is_none_or(|status| status.requests == 0) {
                tracing::debug!("no complete request in time");
                return;
            }
            CLOSE_DEADLINE
        }
    };
    serving.as_mut().graceful_shutdown();
    match timeout(deadline, serving).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "connection ended"),
        Err(_) => tracing::debug!("the peer did not read the response and close in time"),
    }
}

/// Waits until the next request is late, or a stranger's connection is too old.
async fn bound_exceeded(holder: &Holder, accepted: Instant) {
    while let Some(next) = holder.status().and_then(|status| next_check(status, accepted, Instant::now())) {
        sleep_until(next).await;
    }
}

/// The time at which to check a connection again; `None` if it exceeds a bound.
fn next_check(status: Status, accepted: Instant, now: Instant) -> Option<Instant> {
    let mut due = now + CHECK_INTERVAL;
    if let Some(since) = status.waiting_since {
        due = due.min(since + HEADER_DEADLINE);
    }
    if status.class != Class::SignedIn {
        due = due.min(accepted + MAX_STRANGER_AGE);
    }
    (now < due).then_some(due)
}

/// Refuses a connection that exceeds the limit of its class, and announces the close of its connection after many requests.
fn finish(response: Response, open: OpenRequest, holder: &Holder) -> Response<OpenBody> {
    let mut response = match holder.decide() {
        Ok(()) => response,
        Err(exceeded) => too_many_connections(&exceeded),
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        open.upgraded();
        return response.map(OpenBody::upgraded);
    }
    let many = |status: Status| status.class != Class::SignedIn && status.requests >= MAX_STRANGER_REQUESTS;
    if holder.status().is_some_and(many) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response.map(|body| OpenBody::new(body, open))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds after its accept at which a connection in this state exceeds a bound; `None` if it does not.
    fn exceeds_after(class: Class, waiting_since: Option<u64>) -> Option<f64> {
        let accepted = Instant::now();
        let waiting_since = waiting_since.map(|seconds| accepted + Duration::from_secs(seconds));
        let status = Status { class, requests: 1, waiting_since };
        let mut now = waiting_since.unwrap_or(accepted);
        while let Some(next) = next_check(status, accepted, now) {
            now = next;
            if now > accepted + Duration::from_hours(1) {
                return None;
            }
        }
        Some((now - accepted).as_secs_f64())
    }

    #[test]
    fn a_strangers_connection_is_closed_after_a_minute_whatever_it_does() {
        assert_eq!(exceeds_after(Class::Undecided, Some(0)), Some(4.0), "no request");
        assert_eq!(exceeds_after(Class::Stranger, Some(10)), Some(14.0), "no further request");
        assert_eq!(exceeds_after(Class::Stranger, Some(58)), Some(60.0), "a request every two seconds");
        assert_eq!(exceeds_after(Class::Stranger, None), Some(60.0), "a response that does not end");
        assert_eq!(exceeds_after(Class::SignedIn, None), None);
        assert_eq!(exceeds_after(Class::SignedIn, Some(100)), Some(104.0));
    }
}
