//! How often something slow is read. Time is an argument.

use std::time::{Duration, Instant};

/// Of what is slow.
const SLOW_EVERY: Duration = Duration::from_mins(1);

/// Something is read in each turn, or once a minute after a reading that took too long.
#[derive(Debug)]
pub(super) struct Pace {
    limit: Duration,
    slow_until: Option<Instant>,
}

impl Pace {
    /// A reading may take as long as `limit`.
    pub(super) const fn new(limit: Duration) -> Self {
        Self { limit, slow_until: None }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.slow_until.is_none_or(|end| now >= end)
    }

    pub(super) fn took(&mut self, now: Instant, time: Duration) {
        self.slow_until = (time > self.limit).then(|| now + SLOW_EVERY);
    }

    /// States that something is read less often than it should be.
    pub(super) fn statement(&self, subject: &str) -> Option<String> {
        let limit = self.limit.as_millis();
        self.slow_until.map(|_| format!("{subject}: read once a minute, because a reading took longer than {limit} ms"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_slow_is_read_once_a_minute_until_it_is_quick() {
        let (start, limit) = (Instant::now(), Duration::from_millis(20));
        let mut pace = Pace::new(limit);
        pace.took(start, limit);
        assert!(pace.is_due(start) && pace.statement("CPU frequencies").is_none());
        pace.took(start, limit * 2);
        assert!(!pace.is_due(start + SLOW_EVERY / 2) && pace.is_due(start + SLOW_EVERY));
        let stated = pace.statement("CPU frequencies").expect("is stated");
        assert_eq!(stated, "CPU frequencies: read once a minute, because a reading took longer than 20 ms");
        pace.took(start + SLOW_EVERY, limit);
        assert!(pace.is_due(start + SLOW_EVERY) && pace.statement("CPU frequencies").is_none());
    }
}
