//! How much a source delivers, and how late. Time is an argument.

use protocol::{Interval, Timestamp};

/// Rates and delays are those of such a time.
const WINDOW: Interval = Interval::from_secs(5);
/// After so long without rows, nothing is known.
const SHOWN_FOR: Interval = Interval::from_secs(10);

#[derive(Clone, Copy, Debug, Default)]
pub struct Deliveries {
    /// Since the start.
    rows: u64,
    began: Option<Timestamp>,
    current: Window,
    last: Option<Finished>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    rows: u64,
    longest_delay: Option<Interval>,
}

#[derive(Clone, Copy, Debug)]
struct Finished {
    ended: Timestamp,
    rows_per_s: f64,
    longest_delay: Option<Interval>,
}

impl Deliveries {
    /// Takes rows that arrive at `now`. The newest has the time `newest`.
    ///
    /// Hot: once per batch.
    pub fn add(&mut self, rows: u64, newest: Option<Timestamp>, now: Timestamp) {
        let began = *self.began.get_or_insert(now);
        let elapsed = now.since(began);
        if elapsed >= WINDOW || began > now {
            let rows_per_s = self.current.rows as f64 / elapsed.as_secs_f64();
            let longest_delay = self.current.longest_delay;
            self.last = rows_per_s.is_finite().then_some(Finished { ended: now, rows_per_s, longest_delay });
            (self.began, self.current) = (Some(now), Window::default());
        }
        self.rows += rows;
        self.current.rows += rows;
        let delay = newest.map(|newest| now.since(newest));
        self.current.longest_delay = self.current.longest_delay.max(delay);
    }

    /// Rows since the start.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows a second, and the longest time from the time of the newest row of a batch to its arrival. `None` before they are known, and when
    /// nothing has come for a while.
    pub fn recent(&self, now: Timestamp) -> Option<(f64, Option<Interval>)> {
        let last = self.last.filter(|last| now.since(last.ended) <= SHOWN_FOR)?;
        Some((last.rows_per_s, last.longest_delay))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(1_000_000_000 + millis * 1_000)
    }

    #[test]
    fn rate_and_delay_are_those_of_the_last_five_seconds() {
        let mut deliveries = Deliveries::default();
        for batch in 0..100 {
            let now = at(batch * 100);
            deliveries.add(3, Some(at(batch * 100 - if batch == 20 { 400 } else { 50 })), now);
        }
        let (rate, delay) = deliveries.recent(at(10_000)).expect("known");
        assert!((rate - 30.0).abs() < 0.01 && delay == Some(Interval::from_millis(400)), "{rate} {delay:?}");
        assert_eq!((deliveries.rows(), deliveries.recent(at(30_000))), (300, None));
    }

    #[test]
    fn nothing_is_known_at_first_and_after_the_clock_was_set_back() {
        let mut deliveries = Deliveries::default();
        assert_eq!(deliveries.recent(at(0)), None);
        deliveries.add(1, None, at(0));
        assert_eq!(deliveries.recent(at(100)), None);
        deliveries.add(1, None, at(-60_000));
        assert_eq!(deliveries.recent(at(-60_000)), None);
    }
}
