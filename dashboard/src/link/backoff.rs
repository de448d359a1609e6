//! Waits before retries: exponential with full jitter.

use protocol::Interval;

/// Longest wait before the first retry: short, since a restarted server is back quickly.
pub const BASE: Interval = Interval::from_millis(250);

/// Longest wait before any retry, in addition to the floor set by the server.
pub const CAP: Interval = Interval::from_secs(10);

/// After a connection of at least this duration the waits start from [`BASE`] again.
pub const HEALTHY_AFTER: Interval = Interval::from_secs(30);

/// Computes the wait before each retry and counts retries in a row.
///
/// A wait is random between zero and a ceiling that doubles with each retry ("full jitter"): a thousand pages that lose
/// their server at the same moment reconnect spread evenly, not in waves.
///
/// ```
/// use dashboard::link::Backoff;
/// use protocol::Interval;
///
/// let mut backoff = Backoff::default();
/// assert_eq!(backoff.next_wait(Interval::ZERO, 0.5), Interval::from_millis(125));
/// assert_eq!(backoff.next_wait(Interval::ZERO, 0.5), Interval::from_millis(250));
/// assert_eq!(backoff.retries(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Interval,
    cap: Interval,
    retries: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::between(BASE, CAP)
    }
}

impl Backoff {
    pub const fn between(base: Interval, cap: Interval) -> Self {
        Self { base, cap, retries: 0 }
    }

    /// Retries since the last healthy connection.
    pub const fn retries(&self) -> u32 {
        self.retries
    }

    /// The wait before the next retry. `random` is in [0, 1). The jitter is added to `floor`, the wait requested by the server,
    /// so that viewers with the same floor do not reconnect together.
    pub fn next_wait(&mut self, floor: Interval, random: f64) -> Interval {
        let jitter = self.ceiling().micros() as f64 * random.clamp(0.0, 1.0);
        self.retries = self.retries.saturating_add(1);
        Interval::from_micros(floor.micros().saturating_add(jitter as u64))
    }

    /// Reports the duration of a connection. A healthy one resets the retries.
    pub fn connection_lasted(&mut self, life: Interval) {
        if life >= HEALTHY_AFTER {
            self.reset();
        }
    }

    pub fn reset(&mut self) {
        self.retries = 0;
    }

    fn ceiling(&self) -> Interval {
        // The cap is far below 2^63, so a limited shift loses nothing.
        let doubled = self.base.micros().saturating_mul(1 << self.retries.min(63));
        Interval::from_micros(doubled).min(self.cap)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALMOST_ONE: f64 = 1.0 - f64::EPSILON / 2.0;

    #[test]
    fn the_ceiling_doubles_up_to_the_cap() {
        let mut backoff = Backoff::default();
        let millis: Vec<_> = (0..8).map(|_| backoff.next_wait(Interval::ZERO, 1.0).micros() / 1_000).collect();
        assert_eq!(millis, [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
        assert_eq!(backoff.retries(), 8);
    }

    #[test]
    fn pages_that_lost_their_server_together_reconnect_spread_out() {
        let wait = |random| Backoff { retries: 4, ..Backoff::default() }.next_wait(Interval::from_millis(500), random);
        let waits: Vec<_> = [0.0, 0.25, 0.5, 0.75].map(|random| wait(random).micros() / 1_000).into();
        assert_eq!(waits, [500, 1_500, 2_500, 3_500], "spread evenly above the floor");
    }

    #[test]
    fn only_a_healthy_connection_resets_the_retries() {
        let mut backoff = Backoff::default();
        backoff.next_wait(Interval::ZERO, 0.5);
        backoff.connection_lasted(Interval::from_millis(29_999));
        assert_eq!(backoff.retries(), 1);
        backoff.connection_lasted(HEALTHY_AFTER);
        assert_eq!(backoff.retries(), 0);
        assert_eq!(backoff.next_wait(Interval::ZERO, 1.0), BASE);
    }

    #[test]
    fn many_retries_do_not_overflow() {
        let mut backoff = Backoff { retries: u32::MAX, ..Backoff::default() };
        assert!(backoff.next_wait(Interval::ZERO, ALMOST_ONE) < CAP);
        assert_eq!(backoff.retries(), u32::MAX);
        assert_eq!(backoff.next_wait(Interval::from_micros(u64::MAX), 0.9), Interval::from_micros(u64::MAX));
    }

    proptest! {
        #[test]
        fn a_wait_is_between_floor_and_floor_plus_ceiling(
            earlier in 0_u32..100,
            floor_us in 0_u64..100_000_000,
            random in 0.0..1.0_f64,
        ) {
            let mut backoff = Backoff { retries: earlier, ..Backoff::default() };
            let ceiling = backoff.ceiling().micros();
            let wait = backoff.next_wait(Interval::from_micros(floor_us), random).micros();
            prop_assert!((floor_us..=floor_us + ceiling).contains(&wait));
            prop_assert!(ceiling <= CAP.micros());
        }

        #[test]
        fn the_ceiling_never_decreases(earlier in 0_u32..100) {
            let now = Backoff { retries: earlier, ..Backoff::default() };
            let next = Backoff { retries: earlier + 1, ..Backoff::default() };
            prop_assert!(now.ceiling() <= next.ceiling());
        }

        #[test]
        fn a_random_number_out_of_range_is_clamped(random in any::<f64>()) {
            prop_assert!(Backoff::default().next_wait(Interval::ZERO, random) <= BASE);
        }
    }
}
