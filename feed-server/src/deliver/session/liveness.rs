//! Whether a viewer is still there.
//!
//! A connection whose other end has vanished looks like one that is merely quiet. So a viewer that says nothing for a while
//! is asked for a sign of life, with a ping that every WebSocket client answers by itself. Over a slow link the ping waits behind
//! the frames: a viewer there must say something of its own accord, as the page does every two seconds. And one that says
//! much but reads nothing is let go too.

use std::time::Duration;

use tokio::time::Instant;

/// A viewer that has been quiet for so long is asked.
const ASKED_AFTER: Duration = Duration::from_secs(4);

/// It must answer within this time.
pub const ANSWER_DEADLINE: Duration = Duration::from_secs(5);

/// A viewer whose socket is full must take something within this time. A kernel says so only when a good part of its buffer
/// is free again.
const READING_DEADLINE: Duration = Duration::from_secs(30);

/// What is known of a viewer's being there.
#[derive(Clone, Copy, Debug)]
pub enum Liveness {
    /// It showed a sign of life then.
    Heard(Instant),
    /// It was asked then, and has not answered.
    Asked(Instant),
}

/// What is to be done about a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing, until then.
    Wait(Instant),
    /// Ask it.
    Ask,
    /// Let it go.
    Gone,
}

impl Liveness {
    /// What is to be done now. Being asked comes before being gone: a server that slept itself has heard nobody.
    pub fn verdict(self, now: Instant) -> Verdict {
        let (due, verdict) = match self {
            Self::Heard(at) => (at + ASKED_AFTER, Verdict::Ask),
            Self::Asked(at) => (at + ANSWER_DEADLINE, Verdict::Gone),
        };
        if now < due { Verdict::Wait(due) } else { verdict }
    }
}

/// Whether a viewer takes what it is sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// Bytes it had taken when that was last seen to change, while more waited.
    stands: Option<(u64, Instant)>,
}

impl Reading {
    /// Until when it has to take something, as it has taken `taken` bytes so far and more wait or not. `None` when that is past.
    pub fn verdict(&mut self, waits: bool, taken: u64, now: Instant) -> Option<Instant> {
        let since = match self.stands {
            Some((before, since)) if waits && before == taken => since,
            _ => now,
        };
        self.stands = waits.then_some((taken, since));
        let due = since + READING_DEADLINE;
        (now < due).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_that_takes_a_little_now_and_then_is_reading() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut reading = Reading::default();
        assert_eq!(reading.verdict(true, 10, at(0)), Some(at(30)));
        assert_eq!(reading.verdict(true, 10, at(29)), Some(at(30)));
        assert_eq!(reading.verdict(true, 11, at(29)), Some(at(59)));
        assert_eq!(reading.verdict(true, 11, at(59)), None);
        assert_eq!(reading.verdict(false, 11, at(59)), Some(at(89)), "nothing waits to be taken");
        assert_eq!(reading.verdict(true, 11, at(60)), Some(at(90)), "it begins anew");
    }

    #[test]
    fn a_quiet_viewer_is_asked_and_then_let_go() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let heard = Liveness::Heard(start);
        assert_eq!(heard.verdict(at(3)), Verdict::Wait(at(4)));
        assert_eq!(heard.verdict(at(4)), Verdict::Ask);
        assert_eq!(heard.verdict(at(3_600)), Verdict::Ask, "never gone without being asked");
        let asked = Liveness::Asked(at(4));
        assert_eq!(asked.verdict(at(8)), Verdict::Wait(at(9)));
        assert_eq!(asked.verdict(at(9)), Verdict::Gone);
    }
}
