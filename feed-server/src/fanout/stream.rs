//! A viewer's socket as tungstenite sees it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::outbox::Outbox;
use super::socket::Socket;

/// Reads from the socket, and writes to its outbox. tungstenite hands over whole frames, which are small here: pongs and
/// closes, and at most one of each waits.
#[derive(Clone, Debug)]
pub struct ViewerStream(Arc<Outbox>);

impl ViewerStream {
    /// The stream of that outbox's socket.
    pub const fn new(outbox: Arc<Outbox>) -> Self {
        Self(outbox)
    }
}

impl AsyncRead for ViewerStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.0.socket().poll_read(context, room)
    }
}

impl AsyncWrite for ViewerStream {
    fn poll_write(self: Pin<&mut Self>, _context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.send(&[Bytes::copy_from_slice(bytes)])?;
        Poll::Ready(Ok(bytes.len()))
    }

    /// The outbox flushes itself: with the next frames, or when the session waits for it.
    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.0.poll_flush(context))?;
        self.0.socket().poll_shutdown(context)
    }
}
