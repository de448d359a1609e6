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
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::app::shutdown::ShutdownListener;
use crate::net::connection::Connection;
use crate::net::connection_limiter::{Limits, Place, Reception};
use crate::net::tls::Tls;

/// A peer must have said what it wants within this time, a TLS handshake included.
const HEADER_DEADLINE: Duration = Duration::from_secs(4);

/// And the handshake must be done within this part of it.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(3);

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

/// Where connections come in.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    tls: Option<Arc<Tls>>,
}

impl Listener {
    /// The address it has.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// The same, speaking TLS.
    #[must_use]
    pub fn with_tls(self, tls: Arc<Tls>) -> Self {
        Self { tls: Some(tls), ..self }
    }
}

/// Listens on `address`.
///
/// # Errors
/// When the address is in use, or not this machine's, or needs rights that are not there.
pub fn listen(address: SocketAddr) -> std::io::Result<Listener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    // Accepted sockets inherit it.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    Ok(Listener { tcp: socket.listen(BACKLOG)?, tls: None })
}

/// Answers on `listener` until told to stop, then lets open connections end.
pub async fn serve(listener: Listener, limits: Limits, routes: Arc<impl Answer>, mut shutdown: ShutdownListener) {
    let reception = Reception::new(limits);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.stopped() => break,
            Some(_ended) = connections.join_next() => {}
            accepted = listener.tcp.accept() => match accepted {
                Ok((stream, peer)) => match reception.admit(peer.ip()) {
                    Ok(place) => {
                        let (tls, routes, shutdown) = (listener.tls.clone(), Arc::clone(&routes), shutdown.clone());
                        connections.spawn(receive(stream, tls, place, routes, shutdown));
                    }
                    Err(full) => {
                        tracing::debug!(%peer, %full, "connection refused");
                        routes.turned_away();
                        // Over TLS it is told nothing: a handshake for each one too many would cost more than serving it.
                        if listener.tls.is_none() {
                            let reception = Arc::clone(&reception);
                            connections.spawn(async move { reception.refuse(stream, full).await });
                        }
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
    let drained = timeout(DRAIN_DEADLINE, async {
        while connections.join_next().await.is_some() {}
        // Those that have become streams are no longer among them.
        reception.emptied().await;
    });
    if drained.await.is_err() {
        tracing::warn!(left = reception.taken(), "connections did not end in time");
    }
}

async fn receive(
    stream: TcpStream,
    tls: Option<Arc<Tls>>,
    place: Place,
    routes: Arc<impl Answer>,
    shutdown: ShutdownListener,
) {
    let began = Instant::now();
    // Without it half-filled ticks wait 40 ms for the peer's delayed acknowledgement.
    let connection = match (stream.set_nodelay(true), tls) {
        (Err(error), _) => Err(error),
        (Ok(()), None) => Ok(Connection::new(stream, place)),
        (Ok(()), Some(tls)) => match timeout_at(began + HANDSHAKE_DEADLINE, tls.accept(stream)).await {
            Ok(accepted) => accepted.map(|socket| Connection::new(socket, place)),
            Err(late) => Err(late.into()),
        },
    };
    match connection {
        Ok(connection) => answer(connection, HEADER_DEADLINE.saturating_sub(began.elapsed()), routes, shutdown).await,
        Err(error) => tracing::debug!(%error, "connection lost before its first request"),
    }
}

async fn answer(
    connection: Connection,
    header_deadline: Duration,
    routes: Arc<impl Answer>,
    mut shutdown: ShutdownListener,
) {
    let service = service_fn(move |request| {
        let response = routes.answer(request);
        async move { Ok::<_, Infallible>(response) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_deadline)
        .max_buf_size(16 * 1_024)
        .serve_connection(TokioIo::new(connection), service)
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
