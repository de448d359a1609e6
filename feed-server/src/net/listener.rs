//! The listening socket and the accept loop.
//!
//! The loop is not a framework's, for two reasons: it sets the size of the kernel's buffer, which would hide the lag of a
//! viewer and hold bytes for peers that do not read, and it refuses connections over the limit before anything is read or
//! allocated for them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::net::connection::{Connection, Peer};
use crate::net::connection_limiter::{ConnectionLimiter, Permit};
use crate::net::socket::STRANGER_BUFFER_BYTES;
use crate::net::tls::Tls;

/// A TLS handshake must be done within this time.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(3);

/// Time for open connections to end when the server stops.
const DRAIN_DEADLINE: Duration = Duration::from_secs(4);

/// Wait after a failed accept, such as for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const BACKLOG: u32 = 1_024;

#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    tls: Option<Arc<Tls>>,
}

impl Listener {
    /// Listens on `address`, without TLS.
    ///
    /// # Errors
    /// When the address is in use, is not this machine's, or is not allowed to this user.
    pub fn bind(address: SocketAddr) -> std::io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        // Accepted sockets inherit both.
        socket.set_send_buffer_size(STRANGER_BUFFER_BYTES as u32)?;
        // A socket that is dropped is reset, and the kernel frees its buffer: one whose peer does not read would keep it
        // for minutes, without a permit. A connection that ends in order is dropped after its peer has read everything.
        socket.set_zero_linger()?;
        socket.bind(address)?;
        Ok(Self { tcp: socket.listen(BACKLOG)?, tls: None })
    }

    /// # Errors
    /// When the system does not return the address.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    #[must_use]
    pub fn with_tls(self, tls: Arc<Tls>) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Accepts connections until `stop`, and passes each with the time of its accept to `serve`. Then waits, for a limited
    /// time, until every connection has ended: those whose permit is held by a session too.
    pub async fn accept<F>(
        self,
        limiter: ConnectionLimiter,
        stop: CancellationToken,
        serve: impl Fn(Connection, Instant) -> F + Clone + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let tasks = TaskTracker::new();
        loop {
            let (stream, peer) = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.tcp.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
            };
            match limiter.admit(peer.ip()) {
                Ok(permit) => {
                    let (tls, serve, peer) = (self.tls.clone(), serve.clone(), Peer { address: peer });
                    tasks.spawn(async move {
                        let accepted = Instant::now();
                        let holder = permit.holder().clone();
                        let opened = tokio::select! {
                            () = holder.evicted() => Err(std::io::Error::other("evicted for another connection")),
                            opened = open(stream, tls, peer, permit, accepted) => opened,
                        };
                        match opened {
                            Ok(connection) => serve(connection, accepted).await,
                            Err(error) => tracing::debug!(%error, "connection lost before its first request"),
                        }
                    });
                }
                Err(full) => {
                    tracing::debug!(%peer, %full, "connection refused");
                    // Over TLS it is closed without a response: the handshake would cost more than serving it.
                    if self.tls.is_none() {
                        let limiter = limiter.clone();
                        tasks.spawn(async move { limiter.refuse(stream, full).await });
                    }
                }
            }
        }
        drop(self.tcp);
        tasks.close();
        let ended = async {
            tasks.wait().await;
            limiter.all_ended().await;
        };
        if timeout(DRAIN_DEADLINE, ended).await.is_err() {
            tracing::warn!(connections = limiter.held(), "connections did not end in time");
        }
    }
}

async fn open(
    stream: TcpStream,
    tls: Option<Arc<Tls>>,
    peer: Peer,
    permit: Permit,
    accepted: Instant,
) -> std::io::Result<Connection> {
    // Without this option half-filled ticks wait 40 ms for the peer's delayed acknowledgement.
    stream.set_nodelay(true)?;
    let Some(tls) = tls else { return Ok(Connection::new(stream, peer, permit)) };
    let socket = timeout_at(accepted + HANDSHAKE_DEADLINE, tls.accept(stream)).await??;
    Ok(Connection::new(socket, peer, permit))
}
