//! Limits a rate: of a viewer's messages and bytes, and of log lines that any peer can cause.

use tokio::time::Instant;

/// Messages of a viewer: the page sends one every two seconds.
pub const MESSAGES_PER_SECOND: u32 = 20;
pub const MESSAGES_AT_ONCE: u32 = 40;

/// Bytes of a viewer: the page sends 20 a second; the longest message has 64 KiB.
pub const BYTES_PER_SECOND: u32 = 64 << 10;
pub const BYTES_AT_ONCE: u32 = 512 << 10;

#[derive(Debug)]
pub struct RateLimiter {
    per_second: u32,
    burst: u32,
    left: f64,
    at: Instant,
}

impl RateLimiter {
    pub fn of_messages(now: Instant) -> Self {
        Self::full(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE, now)
    }

    /// Limits bytes, including heads of frames and empty fragments.
    pub fn of_bytes(now: Instant) -> Self {
        Self::full(BYTES_PER_SECOND, BYTES_AT_ONCE, now)
    }

    fn full(per_second: u32, burst: u32, now: Instant) -> Self {
        Self { per_second, burst, left: burst.into(), at: now }
    }

    /// Takes `count` from the bucket. Returns false, and takes nothing, if the limit is exceeded.
    pub fn take(&mut self, count: usize, now: Instant) -> bool {
        let more = f64::from(self.per_second) * (now - self.at).as_secs_f64();
        self.left = (self.left + more).min(self.burst.into());
        self.at = now;
        let allowed = self.left >= count as f64;
        if allowed {
            self.left -= count as f64;
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
        let mut limiter = RateLimiter::of_messages(start);
        assert_eq!((0..1_000).filter(|_| limiter.take(1, start)).count(), 40);
        let later = start + Duration::from_millis(510);
        assert_eq!((0..1_000).filter(|_| limiter.take(1, later)).count(), 10);
        let much_later = start + Duration::from_hours(1);
        assert_eq!((0..1_000).filter(|_| limiter.take(1, much_later)).count(), 40, "at most a burst");
    }

    #[test]
    fn seven_messages_of_the_longest_kind_are_allowed_in_a_burst() {
        let start = Instant::now();
        let mut limiter = RateLimiter::of_bytes(start);
        assert_eq!((0..100).filter(|_| limiter.take(65_550, start)).count(), 7);
    }
}
