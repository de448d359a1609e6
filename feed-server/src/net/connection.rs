//! An accepted connection: what hyper reads requests from, and what a session takes over after the upgrade.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::connection_limiter::Place;
use crate::net::socket::Socket;

/// An accepted connection, and its place among those that the server has room for.
#[derive(Debug)]
pub struct Connection {
    socket: Box<dyn Socket>,
    place: Place,
    /// Runs while an answer has not been taken.
    deadline: Option<Pin<Box<Sleep>>>,
}

/// What the kernel has not taken of an answer at once must be taken within this time, or a peer that asks and does not read would
/// keep its place for ever. The kernel takes more than the largest file of the page, packed.
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);

impl Connection {
    /// The connection that `socket` is.
    pub fn new(socket: impl Socket, place: Place) -> Self {
        Self { socket: Box::new(socket), place, deadline: None }
    }

    /// For a session: to be written to by several tasks.
    pub fn into_socket(self) -> (Box<dyn Socket>, Place) {
        (self.socket, self.place)
    }

    /// What `poll` comes to, as long as the deadline has not passed.
    fn poll_in_time<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: impl FnOnce(&Box<dyn Socket>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let polled = poll(&self.socket, context);
        if polled.is_pending() {
            let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(ANSWER_DEADLINE)));
            ready!(deadline.as_mut().poll(context));
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        polled
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
