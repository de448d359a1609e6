//! What a session asks of a viewer's connection, whatever carries it.

use std::fmt::Debug;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

/// A connection that several tasks write to without waiting: the session, and the shard that sends live frames. Only the
/// session waits, for either direction.
pub trait Socket: Debug + Send + Sync + 'static {
    /// Writes what is taken at once.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when that is nothing; whatever else ends the connection.
    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Hands what was taken to the kernel, where something lies between.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] while some of it is left; whatever else ends the connection.
    fn try_flush(&self) -> io::Result<()> {
        Ok(())
    }

    /// Ready when more may be taken. For one task at a time.
    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads what has come; nothing at its end. For one task at a time.
    fn poll_read(&self, context: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>>;

    /// Ready when the peer has been told that nothing more comes.
    fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Ready when `attempt`, one of the first two methods, has come to something. For one task at a time.
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
                // The kernel was too hopeful.
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
