//! Bytes that may be sent at a rate, after a burst.

use std::time::Duration;

use tokio::time::Instant;

/// A token bucket that may be overdrawn: the bytes of a frame are known only when it is encoded. A viewer that has overdrawn it
/// waits.
#[derive(Clone, Copy, Debug)]
pub struct ByteBudget {
    rate: ByteRate,
    /// The time at which the bucket will be full again.
    full_at: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRate {
    pub bytes_per_second: usize,
    /// Bytes that may be sent at once.
    pub burst_bytes: usize,
}

impl ByteRate {
    fn time(self, bytes: usize) -> Duration {
        Duration::from_secs_f64(bytes as f64 / self.bytes_per_second.max(1) as f64)
    }
}

impl ByteBudget {
    /// A budget of which nothing has been spent.
    pub const fn full(rate: ByteRate, now: Instant) -> Self {
        Self { rate, full_at: now }
    }

    /// Spends bytes, also more than are left.
    pub fn spend(&mut self, bytes: usize, now: Instant) {
        self.full_at = self.full_at.max(now) + self.rate.time(bytes);
    }

    /// The time from which more may be sent; it may be past.
    pub fn ready_at(&self) -> Instant {
        self.full_at.checked_sub(self.rate.time(self.rate.burst_bytes)).unwrap_or(self.full_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: ByteRate = ByteRate { bytes_per_second: 1_000, burst_bytes: 5_000 };

    #[test]
    fn a_burst_may_be_sent_at_once_and_then_the_rate() {
        let start = Instant::now();
        let mut budget = ByteBudget::full(RATE, start);
        let mut sent_at_once = 0;
        while budget.ready_at() <= start {
            budget.spend(100, start);
            sent_at_once += 100;
        }
        assert_eq!(sent_at_once, 5_100, "the burst, and what exceeds it");
        let mut now = start;
        let mut sent = 0;
        while now < start + Duration::from_mins(1) {
            now = budget.ready_at().max(now);
            budget.spend(100, now);
            sent += 100;
        }
        assert!((59_000..=61_000).contains(&sent), "{sent} bytes in a minute");
    }

    #[test]
    fn an_overdrawn_budget_is_ready_when_the_excess_has_been_refilled() {
        let start = Instant::now();
        let mut budget = ByteBudget::full(RATE, start);
        budget.spend(8_000, start);
        assert_eq!(budget.ready_at(), start + Duration::from_secs(3));
    }

    #[test]
    fn a_rest_never_saves_more_than_a_burst() {
        let start = Instant::now();
        let hour = start + Duration::from_hours(1);
        let mut budget = ByteBudget::full(RATE, start);
        budget.spend(4_000, start);
        budget.spend(6_000, hour);
        assert_eq!(budget.ready_at(), hour + Duration::from_secs(1));
    }
}
