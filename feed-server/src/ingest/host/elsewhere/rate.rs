//! Converts counters to rates.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::ingest::host::counter::{Counter, Fall, Span};

/// The rate of one counter.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::ingest::host) struct Rate {
    counter: Counter,
    read_at: Option<Instant>,
}

impl Rate {
    /// Returns the increase a second since the last reading: `None` for the first reading, and NaN after a reset. See
    /// [`Counter::read`].
    pub(super) fn per_second(&mut self, at: Instant, total: u64) -> Option<f64> {
        if self.read_at.is_some_and(|read_at| at <= read_at) {
            return None;
        }
        self.counter.read(total, Span { before: self.read_at, at }, Fall::Reset);
        self.read_at = Some(at);
        self.counter.known()
    }
}

/// The rates of a changing set of counters.
#[derive(Debug)]
pub(in crate::ingest::host) struct Rates<K> {
    counters: BTreeMap<K, Rate>,
}

impl<K: Clone + Ord> Rates<K> {
    pub(super) const fn new() -> Self {
        Self { counters: BTreeMap::new() }
    }

    /// Returns the rates in the order given; see [`Rate::per_second`]. Forgets the counters that are not given.
    pub(super) fn per_second(
        &mut self,
        at: Instant,
        totals: impl IntoIterator<Item = (K, u64)>,
    ) -> Vec<(K, Option<f64>)> {
        let mut known = std::mem::take(&mut self.counters);
        let rates = totals.into_iter().map(|(key, total)| {
            let mut rate = known.remove(&key).unwrap_or_default();
            let value = rate.per_second(at, total);
            self.counters.insert(key.clone(), rate);
            (key, value)
        });
        rates.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rates_of(totals: &[u64]) -> Vec<Option<f64>> {
        let start = Instant::now();
        let mut rate = Rate::default();
        let half_seconds = (0..).map(|half: u32| start + Duration::from_millis(500) * half);
        half_seconds.zip(totals).map(|(at, &total)| rate.per_second(at, total)).collect()
    }

    #[test]
    fn a_rate_needs_two_readings() {
        assert_eq!(rates_of(&[1_000, 1_010, 1_010]), [None, Some(20.0), Some(0.0)]);
    }

    #[test]
    fn the_rate_at_a_reset_is_unknown_and_never_negative() {
        let rates = rates_of(&[500, 600, 7, 17]);
        assert!(rates[2].expect("a reading").is_nan());
        assert_eq!(rates[3], Some(20.0));
    }

    #[test]
    fn a_total_misread_once_gives_no_spike() {
        let rates = rates_of(&[1_000_000, 0, 1_000_010, 1_000_020]);
        assert!(rates[1].expect("a reading").is_nan());
        assert_eq!(rates[2..], [Some(10.0), Some(20.0)]);
    }

    #[test]
    fn a_small_step_of_a_large_total_is_exact() {
        assert_eq!(rates_of(&[u64::MAX - 1, u64::MAX]), [None, Some(2.0)]);
    }

    #[test]
    fn two_readings_at_the_same_instant_count_once() {
        let now = Instant::now();
        let mut rate = Rate::default();
        assert_eq!(rate.per_second(now, 0), None);
        assert_eq!(rate.per_second(now, 5), None);
        assert_eq!(rate.per_second(now + Duration::from_secs(1), 10), Some(10.0));
    }

    #[test]
    fn a_counter_that_returns_has_no_rate_at_first() {
        let start = Instant::now();
        let mut rates = Rates::new();
        let mut at = |second, totals: &[(&'static str, u64)]| {
            rates.per_second(start + Duration::from_secs(second), totals.iter().copied())
        };
        at(0, &[("eth0", 0), ("eth1", 0)]);
        assert_eq!(at(1, &[("eth0", 3)]), [("eth0", Some(3.0))]);
        assert_eq!(at(2, &[("eth0", 3), ("eth1", 9)]), [("eth0", Some(0.0)), ("eth1", None)]);
    }
}
