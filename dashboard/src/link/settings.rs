//! What the owner of a client can choose.

use protocol::Interval;

use super::backoff::Backoff;

/// How a client treats its connection.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long an attempt to connect may take.
    pub connect_within: Interval,
    /// How long a live connection may say nothing.
    pub silence: Silence,
    /// How long to wait before each retry.
    pub backoff: Backoff,
}

/// What to make of a connection that says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It has nothing to say.
    Allowed,
    /// After so long it is lost, even if no error was seen: a browser notices a dead peer only after minutes.
    LostAfter(Interval),
}

impl Silence {
    /// How long silence may last.
    pub const fn patience(self) -> Interval {
        match self {
            Self::Allowed => Interval::from_micros(u64::MAX),
            Self::LostAfter(patience) => patience,
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
