//! An estimate of the server's clock.
//!
//! Frames have times of the server's clock; the page has its own. Probe and echo give the four times of NTP
//! ([RFC 5905, section 8](https://www.rfc-editor.org/rfc/rfc5905#section-8)).

use std::collections::VecDeque;

use protocol::{Echo, Interval, Timestamp};

/// The number of exchanges that are kept, as in NTP's clock filter.
pub const KEPT: usize = 8;

/// Exchanges that differ by more than this show that a clock was set. Covers the reduced resolution of browser clocks and
/// drift (50 ppm) over a minute.
pub const SLACK: Interval = Interval::from_millis(5);

/// A probe and its echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The probe was sent, page's clock.
    pub origin: Timestamp,
    /// The probe was received, server's clock.
    pub received: Timestamp,
    /// The echo was sent, server's clock.
    pub sent: Timestamp,
    /// The echo arrived, page's clock.
    pub arrived: Timestamp,
}

impl Exchange {
    /// `sent` is from the header of the echo's frame.
    pub const fn of_echo(echo: Echo, sent: Timestamp, arrived: Timestamp) -> Self {
        Self { origin: echo.origin, received: echo.received, sent, arrived }
    }

    /// Offset of the server's clock from the page's in microseconds. The error is at most half the
    /// [round trip](Self::round_trip), for any asymmetry of the path.
    pub fn offset_us(&self) -> i64 {
        // The sum of two differences can exceed an i64; half of it fits.
        let there = i128::from(self.received.micros()) - i128::from(self.origin.micros());
        let back = i128::from(self.sent.micros()) - i128::from(self.arrived.micros());
        clamp(i128::midpoint(there, back))
    }

    /// Time spent on the network; zero if it is below the resolution of the clocks.
    pub fn round_trip(&self) -> Interval {
        let away = i128::from(self.arrived.micros()) - i128::from(self.origin.micros());
        let held = i128::from(self.sent.micros()) - i128::from(self.received.micros());
        Interval::from_micros(clamp(away - held).max(0).unsigned_abs())
    }

    /// Returns true if both exchanges are possible with the same offset.
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
/// assert_eq!(clock.server_now(at(500)), at(500), "without a message the clocks are assumed to be equal");
///
/// clock.record(Exchange { origin: at(0), received: at(1_010), sent: at(1_020), arrived: at(30) });
/// assert_eq!(clock.server_now(at(500)), at(1_500));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ServerClock {
    exchanges: VecDeque<Exchange>,
    /// Without an exchange: a lower bound of the offset.
    least_offset_us: Option<i64>,
}

impl ServerClock {
    /// Adds an exchange. If it contradicts the earlier ones, a clock was set, or the page's clock stopped while the machine
    /// slept: the earlier exchanges are then discarded.
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

    /// Adds a message that was sent at `sent` by the server's clock. No message arrives before it is sent: this gives a lower
    /// bound of the offset until the first echo, and later detects that the page's clock stopped during sleep.
    ///
    /// Hot: once a message.
    pub fn message_arrived(&mut self, sent: Timestamp, arrived: Timestamp) {
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

    /// The exchange with the shortest round trip, and so the smallest error, of the last [`KEPT`]; the newest of equals.
    pub fn best(&self) -> Option<&Exchange> {
        self.exchanges.iter().rev().min_by_key(|exchange| exchange.round_trip())
    }

    /// Offset of the server's clock in microseconds; `None` before the first message.
    pub fn offset_us(&self) -> Option<i64> {
        self.best().map(Exchange::offset_us).or(self.least_offset_us)
    }

    /// The age of `time`, by the server's clock, at `page_now`, by the page's. `None` before the first echo: the clocks may be
    /// hours apart. A time in the future has age zero: it shows the error of the estimate.
    pub fn age(&self, time: Timestamp, page_now: Timestamp) -> Option<Interval> {
        self.best()?;
        Some(self.server_now(page_now).since(time))
    }

    /// The server's time at `page_now`; the same time before the first message.
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
    fn the_fastest_of_the_last_eight_exchanges_is_used() {
        let mut clock = ServerClock::default();
        clock.record(exchange(0, 70, 10, 5, 10));
        for n in 1..8 {
            clock.record(exchange(n, 70, 900, 5, 100));
            assert_eq!(clock.offset_us(), Some(70));
        }
        clock.record(exchange(8, 70, 900, 5, 100));
        assert_eq!(clock.offset_us(), Some(470), "the fast one was evicted");
        assert_eq!(clock.best().map(Exchange::round_trip), Some(Interval::from_millis(1)));
    }

    #[test]
    fn a_step_of_the_server_clock_is_followed_immediately() {
        let mut clock = ServerClock::default();
        for n in 0..5 {
            clock.record(exchange(n, 0, 50, 0, 50));
        }
        clock.record(exchange(9, 3_600_000_000, 400, 0, 400));
        assert_eq!(clock.offset_us(), Some(3_600_000_000));
    }

    #[test]
    fn a_hold_time_longer_than_the_exchange_gives_a_zero_round_trip() {
        assert_eq!(exchange(0, 0, 10, 50, -40).round_trip(), Interval::ZERO);
    }

    const HOUR_US: i64 = 3_600_000_000;

    #[test]
    fn clocks_an_hour_apart_give_the_true_lag_and_right_edge() {
        for ahead_us in [HOUR_US, -HOUR_US] {
            let at = Timestamp::from_micros;
            let mut clock = ServerClock::default();
            // Measured, sent after 2 ms, arrived 3 ms later, at 1 s by the page's clock.
            let (collected, sent) = (at(995_000 + ahead_us), at(997_000 + ahead_us));
            clock.message_arrived(sent, at(1_000_000));
            let edge = clock.server_now(at(1_000_000));
            assert_eq!(edge, sent, "before the first echo the right edge is the send time");
            assert_eq!(clock.age(collected, at(1_000_000)), None, "and no lag is shown");
            clock.record(exchange(1_000_000, ahead_us, 3_000, 100, 3_000));
            assert_eq!(clock.age(collected, at(1_000_000)), Some(Interval::from_millis(5)));
            assert_eq!(clock.server_now(at(1_000_000)), at(1_000_000 + ahead_us));
            // A message with a plausible send time changes nothing.
            clock.message_arrived(at(1_100_000 + ahead_us), at(1_103_000));
            assert_eq!(clock.offset_us(), Some(ahead_us));
        }
    }

    #[test]
    fn the_first_message_after_sleep_corrects_the_offset() {
        let mut clock = ServerClock::default();
        clock.record(exchange(0, 0, 1_000, 0, 1_000));
        let (sent, arrived) = (Timestamp::from_micros(HOUR_US), Timestamp::from_micros(5_000));
        clock.message_arrived(sent, arrived);
        assert_eq!(clock.server_now(arrived), sent);
        assert_eq!(clock.age(sent, arrived), None, "lag is shown again after the next echo");
    }

    proptest! {
        #[test]
        fn messages_of_a_steady_clock_never_discard_exchanges(
            ahead_us in -1_000_000_000_000_i64..1_000_000_000_000,
            ways in prop::collection::vec((0_i64..3_000_000, 0_i64..3_000_000, 0_i64..3_000_000), 1..20),
        ) {
            let mut clock = ServerClock::default();
            for (n, (there, back, message)) in ways.into_iter().enumerate() {
                let origin = n as i64 * 4_000_000;
                clock.record(exchange(origin, ahead_us, there, 0, back));
                let kept = clock.exchanges.len();
                clock.message_arrived(Timestamp::from_micros(origin + ahead_us), Timestamp::from_micros(origin + message));
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
        fn exchanges_of_steady_clocks_never_contradict(
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
        fn extreme_times_do_not_overflow(times in any::<[i64; 8]>(), page_now in any::<i64>()) {
            let [a, b, c, d, e, f, g, h] = times.map(Timestamp::from_micros);
            let mut clock = ServerClock::default();
            clock.record(Exchange { origin: a, received: b, sent: c, arrived: d });
            clock.record(Exchange { origin: e, received: f, sent: g, arrived: h });
            clock.message_arrived(a, h);
            clock.age(b, Timestamp::from_micros(page_now));
            clock.server_now(Timestamp::from_micros(page_now));
        }
    }
}
