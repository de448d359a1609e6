//! Detects lost viewers.
//!
//! The server cannot distinguish a lost connection from a silent peer. So a viewer that has sent nothing for a while is
//! sent a ping, which every WebSocket client answers automatically. Over a slow link the ping waits behind the frames: a
//! viewer there must send messages, as the page does every two seconds. A viewer that sends messages but reads nothing is
//! closed too.

use std::time::Duration;

use tokio::time::Instant;

/// A viewer with `start=request` must send `Subscribe` within this time.
pub const SUBSCRIBE_DEADLINE: Duration = Duration::from_secs(5);

/// A viewer that has sent nothing for this long is sent a ping.
const PING_AFTER: Duration = Duration::from_secs(4);

/// The ping must be answered within this time.
pub const ANSWER_DEADLINE: Duration = Duration::from_secs(5);

/// A viewer whose socket is full must take bytes within this time. The kernel reports that only when much of its
/// buffer is free again.
pub const READING_DEADLINE: Duration = Duration::from_secs(30);

/// The time of the last sign of life of a viewer.
#[derive(Clone, Copy, Debug)]
pub enum Liveness {
    /// The time at which it last sent bytes.
    Heard(Instant),
    /// The time of a ping that it has not answered.
    Pinged(Instant),
}

/// The next action of a session for a silent viewer.
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

/// Detects a viewer that does not read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadProgress {
    /// Bytes taken, and the time since which that number has not changed although more wait.
    stalled: Option<(u64, Instant)>,
}

/// The state of a viewer's outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    Empty,
    Waiting,
}

impl ReadProgress {
    /// The deadline for a viewer that has taken `taken` bytes so far to take more; `None` if it is past.
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
