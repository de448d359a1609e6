//! An accepted connection: what hyper reads requests from, and what a session takes over after the upgrade.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::reception::Place;
use crate::fanout::socket::Socket;

/// An accepted connection, and its place among those that the server has room for.
#[derive(Debug)]
pub struct Connection {
    socket: Box<dyn Socket>,
    place: Place,
}

impl Connection {
    /// The connection that `socket` is.
    pub fn new(socket: impl Socket, place: Place) -> Self {
        Self { socket: Box::new(socket), place }
    }

    /// For a session: to be written to by several tasks.
    pub fn into_socket(self) -> (Box<dyn Socket>, Place) {
        (self.socket, self.place)
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
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.socket.poll_attempt(context, |socket| socket.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_attempt(context, Socket::try_flush)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_shutdown(context)
    }
}
