//! How much may be said: by a viewer, and in the log about strangers.

use tokio::time::Instant;

/// A second, in the long run. The page sends a message every two seconds.
const PER_SECOND: f64 = 20.0;

/// At once.
const BURST: f64 = 40.0;

/// What may still be said: a token bucket.
#[derive(Debug)]
pub struct Allowance {
    left: f64,
    at: Instant,
}

impl Allowance {
    /// A full one.
    pub const fn full(now: Instant) -> Self {
        Self { left: BURST, at: now }
    }

    /// Takes one message from it. Whether there was one left.
    pub fn take(&mut self, now: Instant) -> bool {
        self.left = (self.left + PER_SECOND * (now - self.at).as_secs_f64()).min(BURST);
        self.at = now;
        let allowed = self.left >= 1.0;
        if allowed {
            self.left -= 1.0;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_the_rate() {
        let start = Instant::now();
        let mut allowance = Allowance::full(start);
        assert_eq!((0..1_000).filter(|_| allowance.take(start)).count(), 40);
        let later = start + Duration::from_millis(510);
        assert_eq!((0..1_000).filter(|_| allowance.take(later)).count(), 10);
        let much_later = start + Duration::from_hours(1);
        assert_eq!((0..1_000).filter(|_| allowance.take(much_later)).count(), 40, "it does not pile up");
    }
}
