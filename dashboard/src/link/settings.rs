//! Settings of a client.
#![warn(missing_docs)]

use std::fmt;
use std::rc::Rc;

use protocol::Interval;
use protocol::limits::MAX_MESSAGE_BYTES;

use super::backoff::Backoff;
use super::clock::{Clock, PageClock};

/// Options of a [`WebSocketClient`](super::WebSocketClient).
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Timeouts, and the waits between retries.
    pub settings: Settings,
    /// WebSocket subprotocols to offer.
    pub subprotocols: Rc<dyn Subprotocols>,
    /// The longest message to accept. This much memory is reserved once.
    pub max_message_bytes: usize,
    /// The clock that timeouts and retries follow.
    pub clock: Rc<dyn Clock>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            subprotocols: Rc::new(Vec::new()),
            max_message_bytes: MAX_MESSAGE_BYTES,
            clock: Rc::new(PageClock),
        }
    }
}

/// The WebSocket subprotocols that a client offers.
pub trait Subprotocols: fmt::Debug {
    /// The names, the preferred one first. Called at each attempt to connect.
    fn offered(&self) -> Vec<String>;
}

/// The same names at each attempt.
impl Subprotocols for Vec<String> {
    fn offered(&self) -> Vec<String> {
        self.clone()
    }
}

/// Timeouts and retries of a connection.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The timeout of an attempt to connect.
    pub connect_within: Interval,
    /// The longest silence of a live connection.
    pub silence: Silence,
    /// The waits before retries.
    pub backoff: Backoff,
}

/// The limit on the time without a message on a live connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// A silent connection stays open.
    Allowed,
    /// After this time the connection counts as lost, even without an error: a browser notices a dead peer
    /// only after minutes.
    LostAfter(Interval),
}

impl Silence {
    /// The longest silence that is allowed.
    pub const fn limit(self) -> Interval {
        match self {
            Self::Allowed => Interval::from_micros(u64::MAX),
            Self::LostAfter(limit) => limit,
        }
    }
}

impl Default for Settings {
    /// Ten seconds to connect, five of silence (several heartbeats), and the default backoff.
    fn default() -> Self {
        Self {
            connect_within: Interval::from_secs(10),
            silence: Silence::LostAfter(Interval::from_secs(5)),
            backoff: Backoff::default(),
        }
    }
}
