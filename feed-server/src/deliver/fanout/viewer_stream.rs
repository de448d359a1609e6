//! A viewer's socket as tungstenite sees it.

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
use crate::rate_limiter::Allowance;

/// Reads from the socket, and writes to its outbox. tungstenite hands over whole frames, which are small here: pongs and
/// closes, and at most one of each waits.
#[derive(Debug)]
pub struct ViewerStream {
    outbox: Arc<Outbox>,
    intake: Intake,
}

/// How much may be read.
#[derive(Debug)]
pub enum Intake {
    /// Whatever comes.
    Unbounded,
    /// So much. Frames are taken in one by one without end while they make up no message, so counting messages is not enough.
    Bounded(Allowance),
}

/// More was sent than may be. Reported once; what is read from then on is read to be thrown away.
#[derive(Debug, Error)]
#[error("more bytes than a viewer may send")]
pub struct Flooded;

impl ViewerStream {
    /// The stream of that outbox's socket.
    pub const fn new(outbox: Arc<Outbox>, intake: Intake) -> Self {
        Self { outbox, intake }
    }
}

impl AsyncRead for ViewerStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = room.filled().len();
        ready!(self.outbox.socket().poll_read(context, room))?;
        if let Intake::Bounded(allowance) = &mut self.intake
            && !allowance.take(room.filled().len() - before, Instant::now())
        {
            self.intake = Intake::Unbounded;
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

    /// The outbox flushes itself: with the next frames, or when the session waits for it.
    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.outbox.poll_flush(context))?;
        self.outbox.socket().poll_shutdown(context)
    }
}
