//! A viewer's encrypted socket.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::task::{Context, Poll, ready};

use parking_lot::Mutex;
use rustls::ServerConnection;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

use super::socket::{STRANGER_BUFFER_BYTES, Socket};

/// rustls buffers at most as many encrypted bytes that the kernel has not taken; before a peer has signed in, fewer.
const MAX_ENCRYPTED_BYTES: usize = 64 * 1_024;

/// Encrypts written bytes and passes them to the kernel.
#[derive(Debug)]
pub struct TlsSocket {
    stream: TcpStream,
    tls: Mutex<ServerConnection>,
}

impl TlsSocket {
    /// `tls` has done its handshake over `stream`.
    pub fn new(stream: TcpStream, mut tls: ServerConnection) -> Self {
        tls.set_buffer_limit(Some(STRANGER_BUFFER_BYTES));
        Self { stream, tls: Mutex::new(tls) }
    }

    fn flush(&self, tls: &mut ServerConnection) -> io::Result<()> {
        while tls.wants_write() {
            tls.write_tls(&mut NonBlocking(&self.stream))?;
        }
        Ok(())
    }

    /// Reads decrypted bytes; [`ErrorKind::WouldBlock`] if none are available.
    fn take_decrypted(&self, room: &mut ReadBuf<'_>) -> io::Result<()> {
        let count = self.tls.lock().reader().read(room.initialize_unfilled())?;
        room.advance(count);
        Ok(())
    }

    /// Decrypts the bytes that have arrived; [`ErrorKind::WouldBlock`] if none have.
    fn decrypt(&self) -> io::Result<()> {
        let mut tls = self.tls.lock();
        tls.read_tls(&mut NonBlocking(&self.stream))?;
        let processed = tls.process_new_packets();
        // An alert, or the answer to a key update: if the kernel does not take it now, it is sent with the next write.
        let _later = self.flush(&mut tls);
        processed.map(drop).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
    }
}

impl Socket for TlsSocket {
    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut tls = self.tls.lock();
        // Bytes that are already encrypted go first.
        self.flush(&mut tls)?;
        let taken = tls.writer().write_vectored(slices)?;
        match self.flush(&mut tls) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    fn try_flush(&self) -> io::Result<()> {
        self.flush(&mut self.tls.lock())
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_write_ready(context)
    }

    fn poll_read(&self, context: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.take_decrypted(room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                taken => return Poll::Ready(taken),
            }
            // Each time, even if more bytes have arrived: otherwise a task that reads without end would not yield.
            ready!(self.stream.poll_read_ready(context))?;
            match self.decrypt() {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Poll::Ready(Err(error)),
                _ => {}
            }
        }
    }

    fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tls.lock().send_close_notify();
        ready!(self.poll_attempt(context, Socket::try_flush))?;
        Socket::poll_shutdown(&self.stream, context)
    }

    fn set_buffer(&self, bytes: usize) {
        self.tls.lock().set_buffer_limit(Some(bytes.min(MAX_ENCRYPTED_BYTES)));
        self.stream.set_buffer(bytes);
    }

    fn is_closed(&self) -> bool {
        self.stream.is_closed()
    }

    fn send_rest_after_drop(&self) {
        self.stream.send_rest_after_drop();
    }
}

/// The kernel's side of the socket, with the traits that rustls needs.
struct NonBlocking<'a>(&'a TcpStream);

impl Read for NonBlocking<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(room)
    }
}

impl Write for NonBlocking<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
