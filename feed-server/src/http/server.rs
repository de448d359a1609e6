//! The accept loop.
//!
//! An own loop on hyper's HTTP/1 connection, since it alone closes peers that connect and say nothing; and an own
//! listener, since what the kernel buffers for a viewer hides how late that viewer is.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::connection::Connection;
use super::reception::{Limits, Place, Reception};
use crate::shutdown::ShutdownListener;

/// A peer must have said what it wants within this time.
const HEADER_DEADLINE: Duration = Duration::from_secs(4);

/// How much the kernel may hold back for one viewer: its default hides up to 10 MiB, seconds of lag.
const SEND_BUFFER_BYTES: u32 = 256 * 1_024;

/// How long open connections get to end by themselves when the server stops.
const DRAIN_DEADLINE: Duration = Duration::from_secs(4);

/// How long to wait when the system has no more descriptors to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const BACKLOG: u32 = 1_024;

/// Answers requests.
pub trait Answer: Send + Sync + 'static {
    /// Answers one. An upgrade is answered here and goes on in a task of its own.
    fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>>;

    /// A connection was refused for want of a place.
    fn turned_away(&self) {}
}

/// Listens on `address`.
///
/// # Errors
/// When the address is in use, or not this machine's, or needs rights that are not there.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    // Accepted sockets inherit it.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Answers on `listener` until told to stop, then lets open connections end.
pub async fn serve(listener: TcpListener, limits: Limits, routes: Arc<impl Answer>, mut shutdown: ShutdownListener) {
    let reception = Reception::new(limits);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.stopped() => break,
            Some(_ended) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => match reception.admit(peer.ip()) {
                    Ok(place) => {
                        connections.spawn(connection(stream, place, Arc::clone(&routes), shutdown.clone()));
                    }
                    Err(full) => {
                        tracing::debug!(%peer, %full, "connection refused");
                        routes.turned_away();
                        let reception = Arc::clone(&reception);
                        connections.spawn(async move { reception.refuse(stream, full).await });
                    }
                },
                Err(error) => {
                    tracing::warn!(%error, "cannot accept");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let drained = timeout(DRAIN_DEADLINE, async { while connections.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!(left = connections.len(), "connections did not end in time");
    }
}

async fn connection(stream: TcpStream, place: Place, routes: Arc<impl Answer>, mut shutdown: ShutdownListener) {
    // Without it half-filled ticks wait 40 ms for the peer's delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "connection lost at once");
        return;
    }
    let service = service_fn(move |request| {
        let response = routes.answer(request);
        async move { Ok::<_, Infallible>(response) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .max_buf_size(16 * 1_024)
        .serve_connection(TokioIo::new(Connection::new(stream, place)), service)
        .with_upgrades();
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = shutdown.stopped() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}
