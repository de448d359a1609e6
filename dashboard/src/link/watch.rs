//! The silence timeout of a connection, in a page that may sleep.

use protocol::{Interval, Timestamp};

/// A check that is delayed by more than this shows that the page slept or was busy; the peer may be alive.
const LATE: Interval = Interval::from_secs(1);

/// Time for a page that has just woken to read the messages that are queued for it.
const GRACE: Interval = Interval::from_secs(1);

/// Detects a peer that has been silent for longer than the limit.
///
/// Browsers slow the timers of a hidden page down to one a minute, and stop them while the machine sleeps. Messages that
/// arrived meanwhile are delivered *after* the overdue timer. So the first late check is repeated after a short wait; a
/// second late one without a message in between counts as silence.
#[derive(Clone, Debug)]
pub struct Watch {
    limit: Interval,
    last_message: Timestamp,
    check_at: Timestamp,
    excuse: Excuse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Excuse {
    Unused,
    Used,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Check again at [`Watch::check_at`].
    Wait,
    Overdue,
}

impl Watch {
    pub fn new(limit: Interval, now: Timestamp) -> Self {
        Self { limit, last_message: now, check_at: now + limit, excuse: Excuse::Unused }
    }

    /// Hot: once per message.
    pub fn message_arrived(&mut self, now: Timestamp) {
        self.last_message = now;
        self.excuse = Excuse::Unused;
    }

    pub fn set_limit(&mut self, limit: Interval) {
        self.limit = limit;
        self.check_at = self.last_message + limit;
    }

    /// The time of the next check.
    pub const fn check_at(&self) -> Timestamp {
        self.check_at
    }

    pub fn check(&mut self, now: Timestamp) -> Check {
        let deadline = self.last_message + self.limit;
        if now < self.check_at {
            return Check::Wait;
        }
        if now < deadline {
            self.check_at = deadline;
            return Check::Wait;
        }
        if now > self.check_at + LATE && self.excuse == Excuse::Unused {
            self.excuse = Excuse::Used;
            self.check_at = now + GRACE;
            return Check::Wait;
        }
        Check::Overdue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Interval = Interval::from_secs(5);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(millis * 1_000)
    }

    #[test]
    fn silence_is_detected_at_the_limit_and_not_before() {
        let mut watch = Watch::new(LIMIT, at(0));
        watch.message_arrived(at(3_000));
        assert_eq!(watch.check(at(5_000)), Check::Wait);
        assert_eq!(watch.check_at(), at(8_000));
        assert_eq!(watch.check(at(7_999)), Check::Wait);
        assert_eq!(watch.check(at(8_000)), Check::Overdue);
    }

    #[test]
    fn a_page_that_slept_reads_queued_messages_before_it_disconnects() {
        let mut watch = Watch::new(LIMIT, at(0));
        assert_eq!(watch.check(at(3_600_000)), Check::Wait);
        watch.message_arrived(at(3_600_010));
        assert_eq!(watch.check(at(3_601_000)), Check::Wait);
        assert_eq!(watch.check_at(), at(3_605_010));
    }

    #[test]
    fn a_second_late_check_in_a_row_is_overdue() {
        let mut watch = Watch::new(LIMIT, at(0));
        assert_eq!(watch.check(at(60_000)), Check::Wait);
        assert_eq!(watch.check(at(120_000)), Check::Overdue);
    }

    #[test]
    fn an_unlimited_silence_is_never_overdue() {
        let mut watch = Watch::new(Interval::from_micros(u64::MAX), at(0));
        assert_eq!(watch.check(at(1_000_000_000)), Check::Wait);
        watch.set_limit(LIMIT);
        assert_eq!(watch.check_at(), at(5_000));
    }
}
