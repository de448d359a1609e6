//! The interface of a viewer's socket, plain or encrypted.

use std::fmt::Debug;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

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
}
