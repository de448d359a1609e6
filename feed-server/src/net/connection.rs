//! An accepted connection: hyper reads requests from it, and a session takes it over after the upgrade.

use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::net::connection_limiter::Permit;
use crate::net::socket::Socket;

/// The other end of a connection. Every request carries it as an extension.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The address of the TCP peer: of a proxy, if the request came through one.
    pub address: SocketAddr,
}

#[derive(Debug)]
pub struct Connection {
    socket: Box<dyn Socket>,
    peer: Peer,
    permit: Permit,
    /// Runs while the kernel has not taken a response.
    deadline: Option<Pin<Box<Sleep>>>,
}

/// Time for the kernel to take a response, so that a peer that sends requests and does not read loses its permit. The
/// kernel's buffer is larger than the largest compressed file of the page.
const RESPONSE_DEADLINE: Duration = Duration::from_secs(10);

impl Connection {
    pub fn new(socket: impl Socket, peer: Peer, permit: Permit) -> Self {
        Self { socket: Box::new(socket), peer, permit, deadline: None }
    }

    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The socket, for several tasks to write to. The permit must be kept for the same time.
    pub fn into_socket(self) -> (Box<dyn Socket>, Permit) {
        (self.socket, self.permit)
    }

    /// The result of `poll`, or an error when the deadline has passed.
    fn poll_in_time<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: impl FnOnce(&Box<dyn Socket>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let polled = poll(&self.socket, context);
        if polled.is_pending() {
            let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(RESPONSE_DEADLINE)));
            ready!(deadline.as_mut().poll(context));
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        polled
    }
}

/// A connection after its upgrade to a WebSocket.
#[derive(Debug)]
pub struct Upgraded {
    pub connection: Connection,
    /// Bytes that the peer has already sent.
    pub early: Vec<u8>,
}

impl Upgraded {
    pub async fn into_websocket(self, config: WebSocketConfig) -> WebSocketStream<Connection> {
        WebSocketStream::from_partially_read(self.connection, self.early, Role::Server, Some(config)).await
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_read(context, room)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_in_time(context, |socket, context| {
            socket.poll_attempt(context, |socket| socket.try_write_vectored(slices))
        })
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed =
            ready!(self.poll_in_time(context, |socket, context| { socket.poll_attempt(context, Socket::try_flush) }));
        self.deadline = None;
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_in_time(context, Socket::poll_shutdown)
    }
}
