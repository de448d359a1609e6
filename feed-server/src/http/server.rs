//! Serves a router on the accept loop.
//!
//! hyper's HTTP/1 connection is used directly, since it closes peers that connect and send nothing: `axum::serve` does not.

use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio_util::sync::CancellationToken;

use crate::net::connection::Connection;
use crate::net::connection_limiter::ConnectionLimiter;
use crate::net::listener::Listener;

/// The head of a request must be received within this time. For the first request it includes the TLS handshake.
const HEADER_DEADLINE: Duration = Duration::from_secs(4);

/// Limit of a request's head.
const MAX_HEAD_BYTES: usize = 16 * 1_024;

/// Serves `router` until `stop`, then waits for open requests.
pub async fn serve(listener: Listener, limiter: ConnectionLimiter, router: Router, stop: CancellationToken) {
    let stopping = stop.clone();
    let serve = move |connection, accepted: tokio::time::Instant| {
        let deadline = HEADER_DEADLINE.saturating_sub(accepted.elapsed());
        serve_connection(connection, deadline, router.clone(), stopping.clone())
    };
    listener.accept(limiter, stop, serve).await;
}

async fn serve_connection(connection: Connection, deadline: Duration, router: Router, stop: CancellationToken) {
    let peer = connection.peer().clone();
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        router.call(request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(deadline)
        .max_buf_size(MAX_HEAD_BYTES)
        // A client may end its side after its request, and read the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(connection), service)
        .with_upgrades();
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}
