//! A viewer's socket for writing.
//!
//! There are three writers: the shard (each tick's frames), the session (history, replies), and tungstenite (pongs, closes).
//! All of them pass complete frames to the outbox, so that no frame is sent inside another.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use parking_lot::Mutex;

use crate::net::socket::Socket;

/// Frames in one write. A tick has one or two, a session's turn half a dozen.
const MAX_SLICES: usize = 16;

/// The result of a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The kernel has all of them.
    Whole,
    /// The outbox keeps the rest: [`Outbox::poll_flush`] waits until the kernel has it.
    Partly,
    /// Nothing was sent: the session has revoked the ticket.
    Revoked,
}

/// Allows a shard to write until the session revokes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

/// A socket and the bytes that it has not taken yet: at most one turn of a session or one tick of a shard, since neither
/// sends again before the outbox is empty.
#[derive(Debug)]
pub struct Outbox<S = Box<dyn Socket>> {
    socket: S,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Bytes>,
    ticket: u64,
    taken_bytes: u64,
}

impl<S: Socket> Outbox<S> {
    pub fn new(socket: S) -> Self {
        Self { socket, queue: Mutex::default() }
    }

    /// The socket, for reading.
    pub const fn socket(&self) -> &S {
        &self.socket
    }

    /// Sends frames, in one write unless earlier bytes wait.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn send(&self, frames: &[Bytes]) -> io::Result<Sent> {
        self.queue.lock().send(&self.socket, frames)
    }

    /// Does the same as [`Outbox::send`] if the shard's ticket is valid.
    ///
    /// Hot: once per viewer and tick.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn send_live(&self, ticket: Ticket, frames: &[Bytes]) -> io::Result<Sent> {
        let mut queue = self.queue.lock();
        if queue.ticket == ticket.0 { queue.send(&self.socket, frames) } else { Ok(Sent::Revoked) }
    }

    /// A ticket for a shard. Earlier tickets are revoked.
    pub fn ticket(&self) -> Ticket {
        let mut queue = self.queue.lock();
        queue.ticket += 1;
        Ticket(queue.ticket)
    }

    /// Revokes every ticket: from now on only the session writes.
    pub fn revoke(&self) {
        self.queue.lock().ticket += 1;
    }

    /// Writes the waiting bytes that the socket takes without blocking.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn flush_now(&self) -> io::Result<Sent> {
        self.queue.lock().flush(&self.socket)
    }

    /// Bytes that wait for the socket.
    pub fn queued_bytes(&self) -> usize {
        self.queue.lock().frames.iter().map(Bytes::len).sum()
    }

    /// Bytes that the socket has taken so far.
    pub fn taken_bytes(&self) -> u64 {
        self.queue.lock().taken_bytes
    }

    /// Ready when the kernel has all bytes.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.queue.lock().flush(&self.socket)? == Sent::Whole {
                return Poll::Ready(Ok(()));
            }
            ready!(self.socket.poll_write_ready(context))?;
        }
    }
}

impl Queue {
    fn send(&mut self, socket: &impl Socket, frames: &[Bytes]) -> io::Result<Sent> {
        if !self.frames.is_empty() {
            self.frames.extend(frames.iter().cloned());
            return self.flush(socket);
        }
        // Written from the shared frames: usually no reference count changes.
        let slices = Slices::of(frames.iter());
        let Some(mut written) = slices.write(socket)? else {
            self.frames.extend(frames.iter().cloned());
            return Ok(Sent::Partly);
        };
        self.taken_bytes += written as u64;
        for frame in frames {
            if written >= frame.len() {
                written -= frame.len();
            } else {
                self.frames.push_back(frame.slice(written..));
                written = 0;
            }
        }
        self.flush(socket)
    }

    fn flush(&mut self, socket: &impl Socket) -> io::Result<Sent> {
        while !self.frames.is_empty() {
            let Some(mut written) = Slices::of(self.frames.iter()).write(socket)? else { return Ok(Sent::Partly) };
            self.taken_bytes += written as u64;
            while let Some(front) = self.frames.front_mut() {
                if written < front.len() {
                    front.advance(written);
                    break;
                }
                written -= front.len();
                self.frames.pop_front();
            }
        }
        match socket.try_flush() {
            Ok(()) => Ok(Sent::Whole),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Sent::Partly),
            Err(error) => Err(error),
        }
    }
}

/// Frames for a vectored write.
struct Slices<'a> {
    slices: [IoSlice<'a>; MAX_SLICES],
    count: usize,
}

impl<'a> Slices<'a> {
    fn of(frames: impl Iterator<Item = &'a Bytes>) -> Self {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let mut count = 0;
        for (slice, frame) in slices.iter_mut().zip(frames) {
            *slice = IoSlice::new(frame);
            count += 1;
        }
        Self { slices, count }
    }

    /// Returns how many bytes the kernel took; `None` if it takes none now.
    fn write(&self, socket: &impl Socket) -> io::Result<Option<usize>> {
        if self.count == 0 {
            return Ok(Some(0));
        }
        match socket.try_write_vectored(&self.slices[..self.count]) {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            Ok(written) => Ok(Some(written)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use proptest::prelude::*;
    use tokio::io::ReadBuf;

    use super::*;

    /// Takes a given number of bytes at each write.
    #[derive(Debug, Default)]
    struct Pipe {
        state: Mutex<(VecDeque<usize>, Vec<u8>)>,
        lost: bool,
    }

    impl Pipe {
        fn taking(amounts: &[usize]) -> Self {
            Self { state: Mutex::new((amounts.iter().copied().collect(), Vec::new())), lost: false }
        }

        fn took(&self) -> Vec<u8> {
            self.state.lock().1.clone()
        }
    }

    impl Socket for Pipe {
        fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            if self.lost {
                return Err(ErrorKind::BrokenPipe.into());
            }
            let mut state = self.state.lock();
            // After the given amounts it takes everything.
            let room = state.0.pop_front().unwrap_or(usize::MAX);
            if room == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).take(room).collect();
            state.1.extend(&bytes);
            Ok(bytes.len())
        }

        fn poll_write_ready(&self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_read(&self, _context: &mut Context<'_>, _room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(&self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn frames(texts: &[&'static str]) -> Vec<Bytes> {
        texts.iter().map(|text| Bytes::from_static(text.as_bytes())).collect()
    }

    #[test]
    fn frames_sent_together_are_one_write() {
        let outbox = Outbox::new(Pipe::taking(&[8, 0]));
        assert_eq!(outbox.send(&frames(&["one", "two", "xy"])).expect("sends"), Sent::Whole);
        assert_eq!(outbox.socket().took(), b"onetwoxy");
    }

    #[test]
    fn a_pong_is_sent_after_a_partly_written_frame() {
        let outbox = Outbox::new(Pipe::taking(&[4, 0, 0]));
        assert_eq!(outbox.send(&frames(&["one", "two"])).expect("sends"), Sent::Partly);
        assert_eq!(outbox.send(&frames(&["pong"])).expect("sends"), Sent::Partly);
        assert!(outbox.poll_flush(&mut Context::from_waker(Waker::noop())).is_ready());
        assert_eq!(outbox.socket().took(), b"onetwopong");
    }

    #[test]
    fn a_revoked_ticket_sends_nothing() {
        let outbox = Outbox::new(Pipe::default());
        let ticket = outbox.ticket();
        assert_eq!(outbox.send_live(ticket, &frames(&["one"])).expect("sends"), Sent::Whole);
        outbox.revoke();
        assert_eq!(outbox.send_live(ticket, &frames(&["two"])).expect("sends"), Sent::Revoked);
        let later = outbox.ticket();
        assert_eq!(outbox.send_live(ticket, &frames(&["two"])).expect("sends"), Sent::Revoked);
        assert_eq!(outbox.send_live(later, &frames(&["three"])).expect("sends"), Sent::Whole);
        assert_eq!(outbox.socket().took(), b"onethree");
    }

    #[test]
    fn a_lost_connection_is_an_error() {
        let lost = Pipe { lost: true, ..Pipe::default() };
        let error = Outbox::new(lost).send(&frames(&["one"])).expect_err("lost");
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }

    proptest! {
        #[test]
        fn bytes_are_written_once_and_in_order_for_any_partial_writes(
            turns in proptest::collection::vec(proptest::collection::vec(0..9_usize, 0..40), 0..6),
            amounts in proptest::collection::vec(0..12_usize, 0..60),
        ) {
            let outbox = Outbox::new(Pipe::taking(&amounts));
            let mut expected: Vec<u8> = Vec::new();
            for turn in turns {
                let frames: Vec<Bytes> = turn.iter().map(|&length| {
                    let frame: Vec<u8> = (0..length).map(|byte| (expected.len() + byte) as u8).collect();
                    expected.extend(&frame);
                    Bytes::from(frame)
                }).filter(|frame| !frame.is_empty()).collect();
                outbox.send(&frames).expect("sends");
            }
            prop_assert!(outbox.poll_flush(&mut Context::from_waker(Waker::noop())).is_ready());
            prop_assert_eq!(outbox.socket().took(), expected);
        }
    }
}
