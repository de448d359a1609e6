//! The pauses between two attempts to connect.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);

/// Pauses that double, with a random part, so that programs that lost their server together return one after another.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self { next: FIRST }
    }

    /// The next pause. `random` is from 0 to 1, and `least` what the server asks for.
    pub(crate) fn pause(&mut self, least: Duration, random: f64) -> Duration {
        let pause = self.next.mul_f64(0.5 + random / 2.0);
        self.next = (self.next * 2).min(LONGEST);
        pause.max(least)
    }

    /// Begins again with the shortest pause, after a connection that worked.
    pub(crate) const fn reset(&mut self) {
        self.next = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_ten_seconds_and_at_least_half_of_each_passes() {
        let mut backoff = Backoff::new();
        let pauses: Vec<_> = (0..8).map(|_| backoff.pause(Duration::ZERO, 1.0).as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
        backoff.reset();
        assert_eq!(backoff.pause(Duration::ZERO, 0.0), Duration::from_millis(125));
        assert_eq!(backoff.pause(Duration::from_mins(1), 0.0), Duration::from_mins(1));
    }
}
