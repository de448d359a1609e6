//! A viewer's socket for tungstenite.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::outbox::Outbox;
use crate::net::socket::Socket;
use crate::rate_limiter::RateLimiter;

/// Reads from the socket and writes to its outbox. tungstenite writes complete frames, which are small here: pongs and
/// closes, at most one of each at a time.
#[derive(Debug)]
pub struct ViewerStream {
    outbox: Arc<Outbox>,
    read_limit: ReadLimit,
}

/// Limits the bytes that a peer may send. Counting messages is not enough, since a message may have fragments without end.
#[derive(Debug)]
pub enum ReadLimit {
    Unlimited,
    Limited(RateLimiter),
}

/// The peer exceeded the limit. Returned once; later bytes are read without a limit, and ignored.
#[derive(Debug, Error)]
#[error("rate limit of bytes exceeded")]
pub struct Flooded;

impl ViewerStream {
    pub const fn new(outbox: Arc<Outbox>, read_limit: ReadLimit) -> Self {
        Self { outbox, read_limit }
    }
}

impl AsyncRead for ViewerStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = room.filled().len();
        ready!(self.outbox.socket().poll_read(context, room))?;
        if let ReadLimit::Limited(limiter) = &mut self.read_limit
            && !limiter.take(room.filled().len() - before, Instant::now())
        {
            self.read_limit = ReadLimit::Unlimited;
            return Poll::Ready(Err(io::Error::other(Flooded)));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ViewerStream {
    fn poll_write(self: Pin<&mut Self>, _context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.outbox.send(&[Bytes::copy_from_slice(bytes)])?;
        Poll::Ready(Ok(bytes.len()))
    }

    /// Does nothing: the outbox is flushed with the next frames, or when the session waits for it.
    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.outbox.poll_flush(context))?;
        self.outbox.socket().poll_shutdown(context)
    }
}
