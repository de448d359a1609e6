//! The thread of a publisher: connects, announces, sends what is not held, and reads the answers.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use protocol::{Body, ClientMessage, Frame};
use rand::RngExt;

use crate::address::Address;
use crate::backoff::Backoff;
use crate::catalog::Extent;
use crate::group::timestamp;
use crate::link::{Link, LinkError};
use crate::shared::{Phase, Shared};

/// Rows are sent sixty times a second: a display cannot show more.
const TURN: Duration = Duration::from_micros(16_667);

/// Messages that are sent before answers are read.
const MESSAGES_AT_ONCE: usize = 16;

/// Linux shows 15 characters.
const THREAD: &str = "kymograph-publ";

#[derive(Debug)]
pub(crate) struct Sender {
    shared: Arc<Shared>,
    address: Address,
    name: String,
    token: Option<String>,
    run: u64,
    gauge_interval: Duration,
    gauges_due: Instant,
    backoff: Backoff,
    /// The server asks to wait at least this long before the next connection.
    retry_after: Duration,
}

/// Why the thread ends.
enum End {
    /// The publisher was dropped.
    Closed,
    Error(LinkError),
}

impl From<LinkError> for End {
    fn from(error: LinkError) -> Self {
        Self::Error(error)
    }
}

/// Starts the thread. It ends when its publisher is dropped, or the server refuses it for good.
pub(crate) fn start(mut sender: Sender) -> std::io::Result<()> {
    thread::Builder::new().name(THREAD.to_owned()).spawn(move || {
        // Also after a panic, so that nobody waits for this thread.
        let ended = SayEnded(Arc::clone(&sender.shared));
        let reason = sender.run();
        ended.0.lock().phase = Phase::Ended(reason);
    })?;
    Ok(())
}

struct SayEnded(Arc<Shared>);

impl Drop for SayEnded {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_connected = false;
        if state.ended().is_none() {
            state.phase = Phase::Ended("its thread panicked".to_owned());
        }
        drop(state);
        self.0.notify();
    }
}

impl Sender {
    pub(crate) fn new(
        shared: Arc<Shared>,
        address: Address,
        name: String,
        token: Option<String>,
        gauge_interval: Duration,
    ) -> Self {
        // Below 2^53.
        let run = rand::rng().random_range(1..1 << 53);
        let (backoff, retry_after) = (Backoff::new(), Duration::ZERO);
        Self { shared, address, name, token, run, gauge_interval, gauges_due: Instant::now(), backoff, retry_after }
    }

    /// Returns the reason for the end.
    fn run(&mut self) -> String {
        loop {
            let end = self.connection();
            let mut state = self.shared.lock();
            state.is_connected = false;
            // Who waits for the server waits for the next connection.
            state.is_urgent = false;
            let error = match end {
                End::Closed => return "it was closed".to_owned(),
                End::Error(error) => error,
            };
            if error.is_final() {
                return error.to_string();
            }
            state.last_error = Some(error.to_string());
            drop(state);
            self.shared.notify();
            let pause = self.backoff.pause(self.retry_after, rand::rng().random_range(0.0..=1.0));
            self.wait_to_connect(Instant::now() + pause);
            if self.is_over() {
                return "it was closed".to_owned();
            }
        }
    }

    /// Samples gauges meanwhile.
    fn wait_to_connect(&mut self, until: Instant) {
        while Instant::now() < until && !self.is_over() {
            let turn = until.min(Instant::now() + TURN);
            let mut state = self.shared.lock();
            if !matches!(state.phase, Phase::Running) {
                // What waits is sent by one more attempt, at once.
                return;
            }
            state = self.shared.wait(state, turn);
            drop(state);
            self.sample_gauges();
        }
    }

    fn is_over(&self) -> bool {
        match &self.shared.lock().phase {
            Phase::Running => false,
            Phase::Closing(until) => Instant::now() >= *until,
            Phase::Ended(_) => true,
        }
    }

    /// One connection, from its start to its end.
    fn connection(&mut self) -> End {
        let mut link = match self.opened() {
            Ok(link) => link,
            Err(error) => return End::Error(error),
        };
        let (mut announced, mut sent) = (Extent::default(), 0);
        loop {
            match self.turn(&mut link, &mut announced, &mut sent) {
                Ok(()) => {}
                Err(End::Closed) => {
                    link.close();
                    return End::Closed;
                }
                Err(end) => return end,
            }
        }
    }

    /// Connects, and opens the publisher. What the server holds is forgotten.
    fn opened(&mut self) -> Result<Link, LinkError> {
        let mut link = Link::connect(&self.address, self.token.as_deref())?;
        link.send(&ClientMessage::Open { publisher: &self.name, run: self.run })?;
        loop {
            let message = link.receive()?;
            if let Body::Held(_) = Frame::decode(&message)?.body {
                self.read(&message)?;
                return Ok(link);
            }
            self.read(&message)?;
        }
    }

    /// Sends what waits, reads what has arrived, and waits for the next turn.
    fn turn(&mut self, link: &mut Link, announced: &mut Extent, sent: &mut u64) -> Result<(), End> {
        self.sample_gauges();
        let (announcements, messages, extent) = {
            let mut state = self.shared.lock();
            state.buffer.encode().map_err(LinkError::from)?;
            let announcements = state.catalog.announcements(*announced).map_err(LinkError::from)?;
            if let Phase::Closing(until) = state.phase
                && (state.buffer.is_held() || Instant::now() >= until)
            {
                return Err(End::Closed);
            }
            (announcements, state.buffer.after(*sent, MESSAGES_AT_ONCE), state.catalog.extent())
        };
        for message in announcements {
            link.send_bytes(message)?;
        }
        *announced = extent;
        let is_whole = messages.len() < MESSAGES_AT_ONCE;
        for message in messages {
            link.send_bytes(message.bytes.to_vec())?;
            *sent = message.number;
        }
        while let Some(message) = link.received()? {
            self.read(&message)?;
        }
        if is_whole {
            self.shared.lock().is_urgent = false;
            self.wait_for_turn();
        }
        Ok(())
    }

    fn wait_for_turn(&self) {
        let state = self.shared.lock();
        if state.phase == Phase::Running {
            drop(state);
            self.shared.pause(TURN);
        } else {
            // Answers are awaited in short turns.
            drop(state);
            thread::sleep(TURN / 8);
        }
    }

    fn sample_gauges(&mut self) {
        let now = Instant::now();
        if now >= self.gauges_due {
            // Samples that were missed are not made up.
            self.gauges_due = now + self.gauge_interval;
            self.shared.lock().sample_gauges(timestamp(SystemTime::now()));
        }
    }

    fn read(&mut self, message: &[u8]) -> Result<(), LinkError> {
        match Frame::decode(message)?.body {
            Body::Held(held) if held.run == self.run => {
                let mut state = self.shared.lock();
                state.buffer.release(held.number);
                (state.refused, state.is_connected) = (held.dropped, true);
                drop(state);
                self.shared.notify();
                self.backoff.reset();
                self.retry_after = Duration::ZERO;
            }
            Body::LeftOut(left_out) => self.shared.lock().last_error = Some(left_out.text.to_owned()),
            Body::Bye(bye) => self.retry_after = Duration::from_micros(bye.retry_after.micros()),
            _ => {}
        }
        Ok(())
    }
}
