//! The times at which the clocks are compared.

use protocol::{Interval, Timestamp};

const INTERVAL: Interval = Interval::from_secs(2);

/// Probes of a new connection that are sent without waiting for the interval: the first echoes are delayed by the history
/// that arrives with them, and a late echo gives an imprecise estimate.
const BURST: u32 = 12;

#[derive(Clone, Copy, Debug)]
pub(super) struct ProbeSchedule {
    last: Timestamp,
    burst_left: u32,
}

impl Default for ProbeSchedule {
    fn default() -> Self {
        Self { last: Timestamp::MIN, burst_left: 0 }
    }
}

impl ProbeSchedule {
    /// Starts a burst with a probe at `now`.
    pub(super) fn restart(&mut self, now: Timestamp) {
        *self = Self { last: now, burst_left: BURST };
    }

    /// Returns true if a probe is due, and counts it as sent.
    pub(super) fn take_due(&mut self, now: Timestamp) -> bool {
        let is_due = self.burst_left > 0 || now.micros_since(self.last) > INTERVAL.micros() as i64;
        if is_due {
            *self = Self { last: now, burst_left: self.burst_left.saturating_sub(1) };
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_followed_by_one_probe_an_interval() {
        let at = |millis: i64| Timestamp::from_micros(millis * 1_000);
        let mut schedule = ProbeSchedule::default();
        schedule.restart(at(0));
        assert!((0..12).all(|look| schedule.take_due(at(look * 250))));
        assert_eq!([3_000, 4_750, 4_751].map(|millis| schedule.take_due(at(millis))), [false, false, true]);
    }
}
