//! How often a viewer may be sent something.
//!
//! Without a wish the hub's own beat is the pace. A hidden page asks for nothing but signs of life; what it missed comes
//! with the next of them, or from history.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Between two sends to a viewer that asked for no frames: enough to show that the link is alive.
const IDLE: Duration = Duration::from_secs(1);

/// The hub makes frames no faster: who wishes for so many gets each as it is made, not one whenever two beats agree.
const HUB_RATE: u8 = 60;

/// One viewer's pace, shared by its session, which hears its wishes, and whoever sends.
#[derive(Debug, Default)]
pub struct Pace(Mutex<State>);

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

impl Pace {
    /// At most so many sends a second; 0 for a sign of life each second.
    pub fn limit(&self, frames_per_second: u8) {
        self.lock().interval = match frames_per_second {
            0 => IDLE,
            HUB_RATE.. => Duration::ZERO,
            rate => Duration::from_secs(1) / u32::from(rate),
        };
    }

    /// Whether something may be sent now.
    pub fn due(&self, now: Instant) -> bool {
        self.next_due().is_none_or(|due| now >= due)
    }

    /// When something may next be sent; `None` when that is now or past.
    pub fn next_due(&self) -> Option<Instant> {
        self.lock().next_due()
    }

    /// Something was sent.
    pub fn sent(&self, now: Instant) {
        self.lock().last = Some(now);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_for_ten_frames_a_second_spaces_them_by_a_tenth() {
        let start = Instant::now();
        let pace = Pace::default();
        assert!(pace.due(start));
        pace.sent(start);
        assert!(pace.due(start), "no wish, no limit");
        pace.limit(10);
        assert!(!pace.due(start + Duration::from_millis(99)));
        assert!(pace.due(start + Duration::from_millis(100)));
        pace.limit(0);
        assert!(!pace.due(start + Duration::from_millis(999)));
        assert!(pace.due(start + Duration::from_secs(1)));
    }

    #[test]
    fn who_wishes_for_as_many_as_are_made_gets_them_all() {
        let start = Instant::now();
        let pace = Pace::default();
        pace.limit(60);
        pace.sent(start);
        assert!(pace.due(start), "a tick may come a little early");
    }
}
