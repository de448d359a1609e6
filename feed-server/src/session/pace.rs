//! How often a viewer may be sent something.
//!
//! Without a wish the hub's own beat is the pace. A hidden page asks for nothing but signs of life; what it missed comes
//! from history when it asks for more again.

use std::time::Duration;

use tokio::time::Instant;

/// Between two sends to a viewer that asked for no frames: enough to show that the link is alive.
const IDLE: Duration = Duration::from_secs(1);

/// One viewer's pace.
#[derive(Debug, Default)]
pub struct Pace {
    interval: Duration,
    last: Option<Instant>,
}

impl Pace {
    /// At most so many sends a second; 0 for a sign of life each second.
    pub fn limit(&mut self, frames_per_second: u8) {
        self.interval = match frames_per_second {
            0 => IDLE,
            rate => Duration::from_secs(1) / u32::from(rate),
        };
    }

    /// Whether something may be sent now.
    pub fn due(&self, now: Instant) -> bool {
        self.next_due().is_none_or(|due| now >= due)
    }

    /// When something may next be sent; `None` when that is now or past.
    pub fn next_due(&self) -> Option<Instant> {
        if self.interval.is_zero() { None } else { self.last.map(|last| last + self.interval) }
    }

    /// Something was sent.
    pub fn sent(&mut self, now: Instant) {
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_for_ten_frames_a_second_spaces_them_by_a_tenth() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert!(pace.due(start));
        pace.sent(start);
        assert!(pace.due(start), "no wish, no limit");
        pace.limit(10);
        assert!(!pace.due(start + Duration::from_millis(99)));
        assert!(pace.due(start + Duration::from_millis(100)));
        pace.limit(0);
        assert!(!pace.due(start + Duration::from_millis(999)));
    }
}
