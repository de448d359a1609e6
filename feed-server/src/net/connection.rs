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

use crate::net::connection_limiter::{Holder, Permit};
use crate::net::socket::{ACKNOWLEDGED_CHECK, Socket, VIEWER_BUFFER_BYTES};

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
    buffer: Buffer,
    /// Runs while the kernel takes no bytes of a response.
    deadline: Option<Pin<Box<Sleep>>>,
    closing: Option<Closing>,
}

/// The size of the kernel's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Buffer {
    Stranger,
    Viewer,
}

/// A close, after the end of the stream has been sent.
#[derive(Debug)]
struct Closing {
    deadline: Pin<Box<Sleep>>,
    /// The next check if everything is acknowledged; `None` until the peer has ended its direction.
    next_check: Option<Pin<Box<Sleep>>>,
}

/// Time for the kernel to take more bytes of a response, and for the peer to read the last of them and close, so that a
/// peer that sends requests and does not read loses its permit. The kernel reports that it takes more when a third of its
/// buffer is free: at 4 KiB a second that takes 8 s.
const RESPONSE_DEADLINE: Duration = Duration::from_secs(10);

impl Connection {
    pub fn new(socket: impl Socket, peer: Peer, permit: Permit) -> Self {
        let buffer = Buffer::Stranger;
        Self { socket: Box::new(socket), peer, permit, buffer, deadline: None, closing: None }
    }

    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    pub const fn holder(&self) -> &Holder {
        self.permit.holder()
    }

    /// The socket of a stream, for several tasks to write to. The permit must be kept for the same time.
    pub fn into_socket(mut self) -> (Box<dyn Socket>, Permit) {
        // A stream counts as signed in also on a server that needs no token: it has its own bounds.
        self.permit.holder().sign_in();
        self.enlarge_buffer();
        (self.socket, self.permit)
    }

    /// Gives a peer that has signed in the buffer of a viewer.
    fn enlarge_buffer(&mut self) {
        if self.buffer == Buffer::Stranger && self.permit.holder().is_signed_in() {
            self.socket.set_buffer(VIEWER_BUFFER_BYTES);
            self.buffer = Buffer::Viewer;
        }
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
        self.deadline = None;
        polled
    }
}

impl Closing {
    fn start() -> Self {
        Self { deadline: Box::pin(sleep(RESPONSE_DEADLINE)), next_check: None }
    }

    /// Ready when the peer has read everything and closed, or is lost. An error when the deadline has passed.
    fn poll(&mut self, socket: &impl Socket, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.poll_closed(socket, context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        ready!(self.deadline.as_mut().poll(context));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }

    fn poll_closed(&mut self, socket: &impl Socket, context: &mut Context<'_>) -> Poll<()> {
        while self.next_check.is_none() {
            let mut ignored = [0; 1_024];
            let mut room = ReadBuf::new(&mut ignored);
            match ready!(socket.poll_read(context, &mut room)) {
                Ok(()) if room.filled().is_empty() => self.next_check = Some(Box::pin(sleep(ACKNOWLEDGED_CHECK))),
                Ok(()) => {}
                Err(_) => return Poll::Ready(()),
            }
        }
        while let Some(check) = &mut self.next_check
            && !socket.is_closed()
        {
            ready!(check.as_mut().poll(context));
            *check = Box::pin(sleep(ACKNOWLEDGED_CHECK));
        }
        Poll::Ready(())
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
        self.enlarge_buffer();
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
        self.permit.holder().flushed();
        Poll::Ready(flushed)
    }

    /// Ends the stream, and waits until the peer has read everything and closed: a socket that is dropped is reset. Bytes
    /// that arrive meanwhile are ignored.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closing.is_none() {
            ready!(self.poll_in_time(context, Socket::poll_shutdown))?;
        }
        let Self { socket, closing, .. } = &mut *self;
        closing.get_or_insert_with(Closing::start).poll(socket, context)
    }
}
