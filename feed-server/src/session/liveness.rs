//! Whether a viewer is still there.
//!
//! A connection whose other end has vanished looks like one that is merely quiet. So a viewer that says nothing for a while
//! is asked for a sign of life, with a ping that every WebSocket client answers by itself; and one whose socket is full must
//! go on taking bytes.

use std::time::Duration;

use tokio::time::Instant;

/// A viewer that has been quiet for so long is asked.
const ASKED_AFTER: Duration = Duration::from_secs(4);

/// It must answer within this time; and a socket that is full must take something within it.
pub const ANSWER_DEADLINE: Duration = Duration::from_secs(5);

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

#[cfg(test)]
mod tests {
    use super::*;

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
