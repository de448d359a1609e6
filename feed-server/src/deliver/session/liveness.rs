//! Detects viewers that are gone.
//!
//! A connection whose other end is gone looks like one on which the peer is silent. So a viewer that has sent nothing for a
//! while is sent a ping, which every WebSocket client answers by itself. Over a slow link the ping waits behind the frames: a
//! viewer there must send messages of its own, as the page does every two seconds. A viewer that sends messages but reads
//! nothing is closed too.

use std::time::Duration;

use tokio::time::Instant;

/// A viewer that has sent nothing for this long is sent a ping.
const PING_AFTER: Duration = Duration::from_secs(4);

/// The ping must be answered within this time.
pub const ANSWER_DEADLINE: Duration = Duration::from_secs(5);

/// A viewer whose socket is full must take bytes within this time. The kernel reports that only when much of its
/// buffer is free again.
const READING_DEADLINE: Duration = Duration::from_secs(30);

/// When a viewer was last heard.
#[derive(Clone, Copy, Debug)]
pub enum Liveness {
    /// It sent something then.
    Heard(Instant),
    /// It was sent a ping then, and has not answered.
    Pinged(Instant),
}

/// What the session does next about a silent viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LivenessAction {
    Wait(Instant),
    Ping,
    Close,
}

impl Liveness {
    /// The action now. A viewer is always sent a ping first: after a sleep of the server every viewer seems silent.
    pub fn action(self, now: Instant) -> LivenessAction {
        let (due, action) = match self {
            Self::Heard(at) => (at + PING_AFTER, LivenessAction::Ping),
            Self::Pinged(at) => (at + ANSWER_DEADLINE, LivenessAction::Close),
        };
        if now < due { LivenessAction::Wait(due) } else { action }
    }
}

/// Whether a viewer reads.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadProgress {
    /// Bytes taken, and since when that number has not changed although more wait.
    stalled: Option<(u64, Instant)>,
}

/// Whether bytes wait for the viewer's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    Empty,
    Waiting,
}

impl ReadProgress {
    /// When the viewer, which has taken `taken` bytes so far, must have taken more; `None` if that time is past.
    pub fn deadline(&mut self, queue: Queue, taken: u64, now: Instant) -> Option<Instant> {
        let waits = queue == Queue::Waiting;
        let since = match self.stalled {
            Some((before, since)) if waits && before == taken => since,
            _ => now,
        };
        self.stalled = waits.then_some((taken, since));
        let due = since + READING_DEADLINE;
        (now < due).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_that_takes_some_bytes_gets_another_deadline() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut progress = ReadProgress::default();
        assert_eq!(progress.deadline(Queue::Waiting, 10, at(0)), Some(at(30)));
        assert_eq!(progress.deadline(Queue::Waiting, 10, at(29)), Some(at(30)));
        assert_eq!(progress.deadline(Queue::Waiting, 11, at(29)), Some(at(59)));
        assert_eq!(progress.deadline(Queue::Waiting, 11, at(59)), None);
        assert_eq!(progress.deadline(Queue::Empty, 11, at(59)), Some(at(89)), "nothing waits");
        assert_eq!(progress.deadline(Queue::Waiting, 11, at(60)), Some(at(90)), "the time starts again");
    }

    #[test]
    fn a_silent_viewer_is_sent_a_ping_and_then_closed() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let heard = Liveness::Heard(start);
        assert_eq!(heard.action(at(3)), LivenessAction::Wait(at(4)));
        assert_eq!(heard.action(at(4)), LivenessAction::Ping);
        assert_eq!(heard.action(at(3_600)), LivenessAction::Ping, "never closed without a ping");
        let pinged = Liveness::Pinged(at(4));
        assert_eq!(pinged.action(at(8)), LivenessAction::Wait(at(9)));
        assert_eq!(pinged.action(at(9)), LivenessAction::Close);
    }
}
