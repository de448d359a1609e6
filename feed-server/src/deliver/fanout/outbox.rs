//! A viewer's way to its socket.
//!
//! Three write to it: the shard (each tick's frames), the session (history, answers), and tungstenite (pongs, closes).
//! All of them go through here, whole frames at a time, so that none ever lands inside another's.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};

use crate::net::socket::Socket;

/// Frames in one write. A tick has one or two, a session's turn half a dozen.
const MOST_SLICES: usize = 16;

/// What became of frames that were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The kernel has all of them.
    Whole,
    /// The outbox keeps the rest: [`Outbox::poll_flush`] waits until the kernel has it.
    Partly,
    /// Nothing was sent: the session has withdrawn the ticket.
    Withdrawn,
}

/// Allows a shard to write, until the session withdraws it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

/// A socket, and what it has not taken yet. Holds no more than one turn of a session or one tick of a shard: neither sends
/// again before it is empty.
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
    /// The way to `socket`.
    pub fn new(socket: S) -> Self {
        Self { socket, queue: Mutex::default() }
    }

    /// The socket, for reading.
    pub const fn socket(&self) -> &S {
        &self.socket
    }

    /// Sends frames, in one write where nothing is left from before.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn send(&self, frames: &[Bytes]) -> io::Result<Sent> {
        self.lock().send(&self.socket, frames)
    }

    /// As [`Outbox::send`], with a shard's ticket.
    ///
    /// Hot: once per viewer and tick.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn send_live(&self, ticket: Ticket, frames: &[Bytes]) -> io::Result<Sent> {
        let mut queue = self.lock();
        if queue.ticket == ticket.0 { queue.send(&self.socket, frames) } else { Ok(Sent::Withdrawn) }
    }

    /// A ticket for a shard. Those given out before are worthless.
    pub fn ticket(&self) -> Ticket {
        let mut queue = self.lock();
        queue.ticket += 1;
        Ticket(queue.ticket)
    }

    /// Makes every ticket worthless: from now on only the session writes.
    pub fn withdraw(&self) {
        self.lock().ticket += 1;
    }

    /// Sends what waits, as far as it is taken at once.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn flush_now(&self) -> io::Result<Sent> {
        self.lock().flush(&self.socket)
    }

    /// Bytes that wait.
    pub fn queued_bytes(&self) -> usize {
        self.lock().frames.iter().map(Bytes::len).sum()
    }

    /// Bytes that the socket has ever taken.
    pub fn taken_bytes(&self) -> u64 {
        self.lock().taken_bytes
    }

    /// Ready when the kernel has everything.
    ///
    /// # Errors
    /// When the connection is lost.
    pub fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.lock().flush(&self.socket)? == Sent::Whole {
                return Poll::Ready(Ok(()));
            }
            ready!(self.socket.poll_write_ready(context))?;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn send(&mut self, socket: &impl Socket, frames: &[Bytes]) -> io::Result<Sent> {
        if !self.frames.is_empty() {
            self.frames.extend(frames.iter().cloned());
            return self.flush(socket);
        }
        // Straight from the shared frames: in the usual case nothing is even counted up.
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

/// Frames, as the kernel wants them.
struct Slices<'a> {
    slices: [IoSlice<'a>; MOST_SLICES],
    count: usize,
}

impl<'a> Slices<'a> {
    fn of(frames: impl Iterator<Item = &'a Bytes>) -> Self {
        let mut slices = [IoSlice::new(&[]); MOST_SLICES];
        let mut count = 0;
        for (place, frame) in slices.iter_mut().zip(frames) {
            *place = IoSlice::new(frame);
            count += 1;
        }
        Self { slices, count }
    }

    /// How many bytes the kernel took; none when it takes nothing now.
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

    /// Takes what it is told to, write by write.
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
            self.state.lock().expect("not poisoned").1.clone()
        }
    }

    impl Socket for Pipe {
        fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            if self.lost {
                return Err(ErrorKind::BrokenPipe.into());
            }
            let mut state = self.state.lock().expect("not poisoned");
            // When nothing is told, it takes everything.
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
    fn a_tick_is_one_write() {
        let outbox = Outbox::new(Pipe::taking(&[8, 0]));
        assert_eq!(outbox.send(&frames(&["one", "two", "xy"])).expect("sends"), Sent::Whole);
        assert_eq!(outbox.socket().took(), b"onetwoxy");
    }

    #[test]
    fn a_pong_never_lands_inside_a_frame() {
        let outbox = Outbox::new(Pipe::taking(&[4, 0, 0]));
        assert_eq!(outbox.send(&frames(&["one", "two"])).expect("sends"), Sent::Partly);
        assert_eq!(outbox.send(&frames(&["pong"])).expect("sends"), Sent::Partly);
        assert!(outbox.poll_flush(&mut Context::from_waker(Waker::noop())).is_ready());
        assert_eq!(outbox.socket().took(), b"onetwopong");
    }

    #[test]
    fn a_withdrawn_ticket_sends_nothing() {
        let outbox = Outbox::new(Pipe::default());
        let ticket = outbox.ticket();
        assert_eq!(outbox.send_live(ticket, &frames(&["one"])).expect("sends"), Sent::Whole);
        outbox.withdraw();
        assert_eq!(outbox.send_live(ticket, &frames(&["two"])).expect("sends"), Sent::Withdrawn);
        let later = outbox.ticket();
        assert_eq!(outbox.send_live(ticket, &frames(&["two"])).expect("sends"), Sent::Withdrawn);
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
        fn everything_arrives_once_and_in_order(
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
