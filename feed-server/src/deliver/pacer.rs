//! Limits the rate at which a viewer is sent frames, as its `Pace` messages ask.
//!
//! By default each tick of the hub is sent. A hidden page asks for no frames and is sent one a second; the skipped
//! frames follow together, or come from the history.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Time between two sends to a viewer that asked for no frames: enough to show that the connection is open.
const IDLE: Duration = Duration::from_secs(1);

/// The hub's own rate. A viewer that asks for this rate or more is sent every frame at once.
const HUB_RATE: u8 = 60;

/// One viewer's limit, shared by its session and its shard.
#[derive(Debug, Default)]
pub struct Pacer(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    interval: Duration,
    last: Option<Instant>,
}

impl State {
    fn next_due(&self) -> Option<Instant> {
        if self.interval.is_zero() { None } else { self.last.map(|last| last + self.interval) }
    }
}

impl Pacer {
    /// Allows this many sends a second; 0 allows one.
    pub fn limit(&self, frames_per_second: u8) {
        self.0.lock().interval = match frames_per_second {
            0 => IDLE,
            HUB_RATE.. => Duration::ZERO,
            rate => Duration::from_secs(1) / u32::from(rate),
        };
    }

    /// Returns true if frames may be sent now.
    pub fn due(&self, now: Instant) -> bool {
        self.next_due().is_none_or(|due| now >= due)
    }

    /// The time of the next send; `None` if a send is always allowed.
    pub fn next_due(&self) -> Option<Instant> {
        self.0.lock().next_due()
    }

    pub fn sent(&self, now: Instant) {
        self.0.lock().last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_frames_a_second_are_a_tenth_of_a_second_apart() {
        let start = Instant::now();
        let pacer = Pacer::default();
        assert!(pacer.due(start));
        pacer.sent(start);
        assert!(pacer.due(start), "no limit by default");
        pacer.limit(10);
        assert!(!pacer.due(start + Duration::from_millis(99)));
        assert!(pacer.due(start + Duration::from_millis(100)));
        pacer.limit(0);
        assert!(!pacer.due(start + Duration::from_millis(999)));
        assert!(pacer.due(start + Duration::from_secs(1)));
    }

    #[test]
    fn a_viewer_that_asks_for_the_hubs_rate_is_not_limited() {
        let start = Instant::now();
        let pacer = Pacer::default();
        pacer.limit(60);
        pacer.sent(start);
        assert!(pacer.due(start), "a tick may come a little early");
    }
}
