//! What the server's clock shows right now.
//!
//! A frame says when its samples were measured, by the server's clock; the page has another. Probe and echo give the
//! four times that NTP works with ([RFC 5905, section 8](https://www.rfc-editor.org/rfc/rfc5905#section-8)).

use std::collections::VecDeque;

use protocol::{Echo, Interval, Timestamp};

/// Exchanges to choose from, as many as NTP's clock filter keeps.
pub const KEPT: usize = 8;

/// Two exchanges may disagree by so much before a step of a clock is the only explanation. It covers what a browser
/// takes off its clock's resolution, and drift (50 ppm) over a minute.
pub const SLACK: Interval = Interval::from_millis(5);

/// A probe and its echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// When the probe was sent, by the page's clock.
    pub origin: Timestamp,
    /// When it was read, by the server's clock.
    pub received: Timestamp,
    /// When the echo was sent, by the server's clock.
    pub sent: Timestamp,
    /// When the echo was read, by the page's clock.
    pub arrived: Timestamp,
}

impl Exchange {
    /// The exchange that an echo completes; `sent` stands in its header.
    pub const fn of_echo(echo: Echo, sent: Timestamp, arrived: Timestamp) -> Self {
        Self { origin: echo.origin, received: echo.received, sent, arrived }
    }

    /// How far the server's clock is ahead of the page's, in microseconds. It is right to within half the
    /// [round trip](Self::round_trip), however unequal the two ways are.
    pub fn offset_us(&self) -> i64 {
        // An i64 cannot hold the sum of two differences; half of it always fits.
        let there = i128::from(self.received.micros()) - i128::from(self.origin.micros());
        let back = i128::from(self.sent.micros()) - i128::from(self.arrived.micros());
        clamp(i128::midpoint(there, back))
    }

    /// Time spent on the network. Zero where the clocks are too coarse to tell.
    pub fn round_trip(&self) -> Interval {
        let away = i128::from(self.arrived.micros()) - i128::from(self.origin.micros());
        let held = i128::from(self.sent.micros()) - i128::from(self.received.micros());
        Interval::from_micros(clamp(away - held).max(0).unsigned_abs())
    }

    /// Whether one pair of steady clocks can have shown both exchanges.
    fn agrees_with(&self, other: &Self) -> bool {
        let apart = self.offset_us().abs_diff(other.offset_us());
        let possible = (self.round_trip().micros() / 2).saturating_add(other.round_trip().micros() / 2);
        apart <= possible.saturating_add(SLACK.micros())
    }
}

fn clamp(micros: i128) -> i64 {
    micros.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// The server's clock, estimated.
///
/// ```
/// use dashboard::link::{Exchange, ServerClock};
/// use protocol::Timestamp;
///
/// let at = Timestamp::from_micros;
/// let mut clock = ServerClock::default();
/// assert_eq!(clock.server_now(at(500)), at(500), "before anything was heard the clocks are taken to be equal");
///
/// clock.record(Exchange { origin: at(0), received: at(1_010), sent: at(1_020), arrived: at(30) });
/// assert_eq!(clock.server_now(at(500)), at(1_500));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ServerClock {
    exchanges: VecDeque<Exchange>,
    /// Without an exchange: the server's clock is at least so far ahead.
    least_offset_us: Option<i64>,
}

impl ServerClock {
    /// Takes an exchange into account. One that contradicts the earlier ones proves that a clock was set, or that the
    /// page's clock stood still while the machine slept: the earlier ones are then forgotten.
    pub fn record(&mut self, exchange: Exchange) {
        if self.best().is_some_and(|best| !best.agrees_with(&exchange)) {
            self.exchanges.clear();
        }
        if self.exchanges.len() == KEPT {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(exchange);
        self.least_offset_us = None;
    }

    /// A message arrived that was sent at `sent` by the server's clock. Nothing arrives before it is sent: until the first
    /// echo that tells roughly how far ahead the server's clock is, and later it proves at once that the page's clock has
    /// stood still while the machine slept.
    ///
    /// Hot: once a message.
    pub fn heard(&mut self, sent: Timestamp, arrived: Timestamp) {
        let least = clamp(i128::from(sent.micros()) - i128::from(arrived.micros()));
        if let Some(best) = self.best() {
            let error = (best.round_trip().micros() / 2).saturating_add(SLACK.micros());
            if i128::from(least) <= i128::from(best.offset_us()) + i128::from(error) {
                return;
            }
            self.exchanges.clear();
        }
        self.least_offset_us = Some(self.least_offset_us.map_or(least, |known| known.max(least)));
    }

    /// Of the last [`KEPT`] exchanges the one with the shortest round trip, so with the smallest error; the newest of
    /// equals.
    pub fn best(&self) -> Option<&Exchange> {
        self.exchanges.iter().rev().min_by_key(|exchange| exchange.round_trip())
    }

    /// How far the server's clock is ahead, in microseconds; none before anything was heard.
    pub fn offset_us(&self) -> Option<i64> {
        self.best().map(Exchange::offset_us).or(self.least_offset_us)
    }

    /// How long ago it was, when the page's clock shows `page_now`, that the server's showed `time`. None before the first
    /// echo, for the clocks may be hours apart. What lies in the future was just now: it shows the error of the estimate.
    pub fn age(&self, time: Timestamp, page_now: Timestamp) -> Option<Interval> {
        self.best()?;
        Some(Interval::from_micros(self.server_now(page_now).micros_since(time).max(0).unsigned_abs()))
    }

    /// The round trip of the exchange in use; twice the error that the estimate can have.
    pub fn round_trip(&self) -> Option<Interval> {
        self.best().map(Exchange::round_trip)
    }

    /// What the server's clock shows when the page's shows `page_now`. Before anything was heard: the same.
    pub fn server_now(&self, page_now: Timestamp) -> Timestamp {
        Timestamp::from_micros(page_now.micros().saturating_add(self.offset_us().unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A probe sent at `origin` to a server `ahead_us` ahead, with the given ways there and back.
    fn exchange(origin: i64, ahead_us: i64, there_us: i64, held_us: i64, back_us: i64) -> Exchange {
        let at = Timestamp::from_micros;
        Exchange {
            origin: at(origin),
            received: at(origin + there_us + ahead_us),
            sent: at(origin + there_us + held_us + ahead_us),
            arrived: at(origin + there_us + held_us + back_us),
        }
    }

    #[test]
    fn the_quickest_of_the_last_eight_is_believed() {
        let mut clock = ServerClock::default();
        clock.record(exchange(0, 70, 10, 5, 10));
        for n in 1..8 {
            clock.record(exchange(n, 70, 900, 5, 100));
            assert_eq!(clock.offset_us(), Some(70));
        }
        clock.record(exchange(8, 70, 900, 5, 100));
        assert_eq!(clock.offset_us(), Some(470), "the quick one has left");
        assert_eq!(clock.round_trip(), Some(Interval::from_millis(1)));
    }

    #[test]
    fn a_step_of_the_clock_is_followed_at_once() {
        let mut clock = ServerClock::default();
        for n in 0..5 {
            clock.record(exchange(n, 0, 50, 0, 50));
        }
        clock.record(exchange(9, 3_600_000_000, 400, 0, 400));
        assert_eq!(clock.offset_us(), Some(3_600_000_000));
    }

    #[test]
    fn a_server_that_claims_to_have_held_the_probe_too_long_costs_no_time_at_all() {
        assert_eq!(exchange(0, 0, 10, 50, -40).round_trip(), Interval::ZERO);
    }

    const HOUR_US: i64 = 3_600_000_000;

    #[test]
    fn an_hour_between_the_clocks_either_way_is_neither_lag_nor_a_wrong_edge() {
        for ahead_us in [HOUR_US, -HOUR_US] {
            let at = Timestamp::from_micros;
            let mut clock = ServerClock::default();
            // Measured, sent 2 ms later, 3 ms on the way; by the page's clock it arrives at 1 s.
            let (collected, sent) = (at(995_000 + ahead_us), at(997_000 + ahead_us));
            clock.heard(sent, at(1_000_000));
            let edge = clock.server_now(at(1_000_000));
            assert_eq!(edge, sent, "before the first echo the newest data is within its way of the right edge");
            assert_eq!(clock.age(collected, at(1_000_000)), None, "and no lag is shown");
            clock.record(exchange(1_000_000, ahead_us, 3_000, 100, 3_000));
            assert_eq!(clock.age(collected, at(1_000_000)), Some(Interval::from_millis(5)));
            assert_eq!(clock.server_now(at(1_000_000)), at(1_000_000 + ahead_us));
            // What was sent before it arrived says nothing new.
            clock.heard(at(1_100_000 + ahead_us), at(1_103_000));
            assert_eq!(clock.offset_us(), Some(ahead_us));
        }
    }

    #[test]
    fn the_first_message_after_sleep_proves_that_the_page_s_clock_stood_still() {
        let mut clock = ServerClock::default();
        clock.record(exchange(0, 0, 1_000, 0, 1_000));
        let (sent, arrived) = (Timestamp::from_micros(HOUR_US), Timestamp::from_micros(5_000));
        clock.heard(sent, arrived);
        assert_eq!(clock.server_now(arrived), sent);
        assert_eq!(clock.age(sent, arrived), None, "lag is shown again after the next echo");
    }

    proptest! {
        #[test]
        fn no_message_of_a_steady_clock_looks_like_sleep(
            ahead_us in -1_000_000_000_000_i64..1_000_000_000_000,
            ways in prop::collection::vec((0_i64..3_000_000, 0_i64..3_000_000, 0_i64..3_000_000), 1..20),
        ) {
            let mut clock = ServerClock::default();
            for (n, (there, back, message)) in ways.into_iter().enumerate() {
                let origin = n as i64 * 4_000_000;
                clock.record(exchange(origin, ahead_us, there, 0, back));
                let kept = clock.exchanges.len();
                clock.heard(Timestamp::from_micros(origin + ahead_us), Timestamp::from_micros(origin + message));
                prop_assert_eq!(clock.exchanges.len(), kept);
            }
        }

        #[test]
        fn the_error_is_at_most_half_the_round_trip(
            ahead_us in -1_000_000_000_000_i64..1_000_000_000_000,
            there_us in 0_i64..10_000_000,
            held_us in 0_i64..1_000_000,
            back_us in 0_i64..10_000_000,
        ) {
            let exchange = exchange(1_000, ahead_us, there_us, held_us, back_us);
            prop_assert_eq!(exchange.round_trip().micros(), (there_us + back_us) as u64);
            prop_assert!(exchange.offset_us().abs_diff(ahead_us) <= exchange.round_trip().micros().div_ceil(2));
        }

        #[test]
        fn steady_clocks_never_look_like_a_step(
            ahead_us in -1_000_000_000_i64..1_000_000_000,
            ways in prop::collection::vec((0_i64..3_000_000, 0_i64..1_000, 0_i64..3_000_000), 1..20),
        ) {
            let mut clock = ServerClock::default();
            for (n, (there, held, back)) in ways.iter().enumerate() {
                clock.record(exchange(n as i64 * 1_000_000, ahead_us, *there, *held, *back));
                prop_assert_eq!(clock.exchanges.len(), (n + 1).min(KEPT));
            }
        }

        #[test]
        fn no_times_overflow(times in any::<[i64; 8]>(), page_now in any::<i64>()) {
            let [a, b, c, d, e, f, g, h] = times.map(Timestamp::from_micros);
            let mut clock = ServerClock::default();
            clock.record(Exchange { origin: a, received: b, sent: c, arrived: d });
            clock.record(Exchange { origin: e, received: f, sent: g, arrived: h });
            clock.heard(a, h);
            clock.age(b, Timestamp::from_micros(page_now));
            clock.server_now(Timestamp::from_micros(page_now));
        }
    }
}
