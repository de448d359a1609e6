//! The interface of a viewer's socket, plain or encrypted.

use std::fmt::Debug;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

/// Bytes that the kernel may buffer for a peer that has not signed in (it allows twice as many): a file of the page is
/// passed to it in parts, so that peers that do not read take little of its memory. A smaller buffer holds less than one
/// segment of the loopback interface: 3 MB then took 0.6 s and more there, and take 2 ms with this one.
pub const STRANGER_BUFFER_BYTES: usize = 48 * 1_024;

/// Bytes that the kernel may buffer for one viewer: its default hides up to 10 MiB, seconds of lag.
pub const VIEWER_BUFFER_BYTES: usize = 256 * 1_024;

/// Time between two calls of [`Socket::is_closed`]. There is no event for it.
pub const ACKNOWLEDGED_CHECK: Duration = Duration::from_millis(20);

/// A socket that several tasks write to without waiting: the session, and the shard that sends live frames. Only the
/// session waits, in either direction.
pub trait Socket: Debug + Send + Sync + 'static {
    /// Writes the bytes that the socket takes without blocking.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when it takes nothing; any other error ends the connection.
    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Passes buffered bytes to the kernel, if the socket buffers.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] while some are left; any other error ends the connection.
    fn try_flush(&self) -> io::Result<()> {
        Ok(())
    }

    /// Ready when a write may take bytes. For one task at a time.
    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads the bytes that have arrived; none at the end of the stream. For one task at a time.
    fn poll_read(&self, context: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>>;

    /// Ready when the end of the stream has been sent.
    fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Sets how many bytes may wait for the peer to read, in the kernel and in the socket.
    fn set_buffer(&self, _bytes: usize) {}

    /// Returns true if the peer has acknowledged every byte and both directions have ended. For a socket that was shut down,
    /// and whose peer has ended its direction.
    fn is_closed(&self) -> bool {
        true
    }

    /// Lets the kernel send the bytes that it has after the socket is dropped. Otherwise it discards them, and resets.
    fn send_rest_after_drop(&self) {}

    /// Repeats `attempt`, one of the first two methods, until it does not block. For one task at a time.
    fn poll_attempt<T>(
        &self,
        context: &mut Context<'_>,
        mut attempt: impl FnMut(&Self) -> io::Result<T>,
    ) -> Poll<io::Result<T>>
    where
        Self: Sized,
    {
        loop {
            match attempt(self) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(self.poll_write_ready(context))?,
                done => return Poll::Ready(done),
            }
        }
    }
}

impl Socket for TcpStream {
    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Self::try_write_vectored(self, slices)
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_write_ready(self, context)
    }

    fn poll_read(&self, context: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_read_ready(context))?;
            match self.try_read(room.initialize_unfilled()) {
                Ok(count) => {
                    room.advance(count);
                    return Poll::Ready(Ok(()));
                }
                // Readiness was spurious.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn poll_shutdown(&self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(self).shutdown(Shutdown::Write))
    }

    fn set_buffer(&self, bytes: usize) {
        if let Err(error) = SockRef::from(self).set_send_buffer_size(bytes) {
            tracing::debug!(%error, "cannot set the size of a send buffer");
        }
    }

    fn is_closed(&self) -> bool {
        // At that time the socket has no peer address any more. The kernel reports it in no other way.
        self.peer_addr().is_err()
    }

    fn send_rest_after_drop(&self) {
        if let Err(error) = SockRef::from(self).set_linger(None) {
            tracing::debug!(%error, "cannot let the kernel send the rest");
        }
    }
}

impl<S: Socket + ?Sized> Socket for Box<S> {
    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        (**self).try_write_vectored(slices)
    }

    fn try_flush(&self) -> io::Result<()> {
        (**self).try_flush()
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_write_ready(context)
    }

    fn poll_read(&self, context: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        (**self).poll_read(context, room)
    }

    fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_shutdown(context)
    }

    fn set_buffer(&self, bytes: usize) {
        (**self).set_buffer(bytes);
    }

    fn is_closed(&self) -> bool {
        (**self).is_closed()
    }

    fn send_rest_after_drop(&self) {
        (**self).send_rest_after_drop();
    }
}
