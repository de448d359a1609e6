//! How long to wait before trying again: exponential, fully jittered.

use protocol::Interval;

/// The first retry comes within this: a restarted server is back before anybody has noticed.
pub const BASE: Interval = Interval::from_millis(250);

/// No retry waits longer than this, beyond what the server asked for: an operator does not look away for longer.
pub const CAP: Interval = Interval::from_secs(10);

/// A connection that lived so long was a good one: the next loss starts again from [`BASE`].
pub const HEALTHY_AFTER: Interval = Interval::from_secs(30);

/// Chooses the wait before each retry, and counts retries in a row.
///
/// A wait is anything from nothing to a ceiling that doubles with each retry. The whole of it is random ("full
/// jitter"): a thousand pages that lost one server at one moment come back spread evenly, not in waves.
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
    /// Waits of up to `base` at first, and never more than `cap`.
    pub const fn between(base: Interval, cap: Interval) -> Self {
        Self { base, cap, retries: 0 }
    }

    /// Retries chosen since the last healthy connection.
    pub const fn retries(&self) -> u32 {
        self.retries
    }

    /// The wait before the next retry. `random` lies in [0, 1); `floor` is what the server asked for, and the jitter
    /// comes on top of it, so that viewers that were all told the same time do not return together either.
    pub fn next_wait(&mut self, floor: Interval, random: f64) -> Interval {
        let jitter = self.ceiling().micros() as f64 * random.clamp(0.0, 1.0);
        self.retries = self.retries.saturating_add(1);
        Interval::from_micros(floor.micros().saturating_add(jitter as u64))
    }

    /// Tells how long a connection lived. After a healthy one, retries count from nothing again.
    pub fn connection_lasted(&mut self, life: Interval) {
        if life >= HEALTHY_AFTER {
            self.reset();
        }
    }

    /// Forgets the retries so far.
    pub fn reset(&mut self) {
        self.retries = 0;
    }

    fn ceiling(&self) -> Interval {
        // Above 2^63 the shift would lose bits; the cap lies far below.
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
    fn those_who_lost_their_server_together_do_not_come_back_together() {
        let wait = |random| Backoff { retries: 4, ..Backoff::default() }.next_wait(Interval::from_millis(500), random);
        let waits: Vec<_> = [0.0, 0.25, 0.5, 0.75].map(|random| wait(random).micros() / 1_000).into();
        assert_eq!(waits, [500, 1_500, 2_500, 3_500], "spread evenly from the floor on");
    }

    #[test]
    fn only_a_healthy_connection_starts_it_again() {
        let mut backoff = Backoff::default();
        backoff.next_wait(Interval::ZERO, 0.5);
        backoff.connection_lasted(Interval::from_millis(29_999));
        assert_eq!(backoff.retries(), 1);
        backoff.connection_lasted(HEALTHY_AFTER);
        assert_eq!(backoff.retries(), 0);
        assert_eq!(backoff.next_wait(Interval::ZERO, 1.0), BASE);
    }

    #[test]
    fn years_of_retries_overflow_nothing() {
        let mut backoff = Backoff { retries: u32::MAX, ..Backoff::default() };
        assert!(backoff.next_wait(Interval::ZERO, ALMOST_ONE) < CAP);
        assert_eq!(backoff.retries(), u32::MAX);
        assert_eq!(backoff.next_wait(Interval::from_micros(u64::MAX), 0.9), Interval::from_micros(u64::MAX));
    }

    proptest! {
        #[test]
        fn a_wait_lies_between_floor_and_floor_plus_ceiling(
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
        fn the_ceiling_never_shrinks(earlier in 0_u32..100) {
            let now = Backoff { retries: earlier, ..Backoff::default() };
            let next = Backoff { retries: earlier + 1, ..Backoff::default() };
            prop_assert!(now.ceiling() <= next.ceiling());
        }

        #[test]
        fn a_random_number_out_of_range_is_brought_into_it(random in any::<f64>()) {
            prop_assert!(Backoff::default().next_wait(Interval::ZERO, random) <= BASE);
        }
    }
}
