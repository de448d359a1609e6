//! A deadline that knows that pages sleep.

use protocol::{Interval, Timestamp};

/// A timer that fires so late proves that the page slept or was busy, not that the other side did.
const LATE: Interval = Interval::from_secs(1);

/// What a page that has just woken is given to read the messages that wait for it.
const GRACE: Interval = Interval::from_secs(1);

/// Judges whether the other side has been silent for longer than it may be.
///
/// Browsers slow the timers of a hidden page down to one a minute, and a laptop's lid stops them altogether. Messages
/// that arrived meanwhile are handed over *after* the overdue timer. So the first check that comes late is excused;
/// the second, when nothing was heard in between, is not.
#[derive(Clone, Debug)]
pub struct Watch {
    patience: Interval,
    heard: Timestamp,
    check_at: Timestamp,
    excuse: Excuse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Excuse {
    Unused,
    Used,
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Look again at [`Watch::check_at`].
    Wait,
    /// Silent for too long.
    Overdue,
}

impl Watch {
    /// Starts watching.
    pub fn new(patience: Interval, now: Timestamp) -> Self {
        Self { patience, heard: now, check_at: now + patience, excuse: Excuse::Unused }
    }

    /// Something was heard.
    ///
    /// Hot: once per message.
    pub fn heard(&mut self, now: Timestamp) {
        self.heard = now;
        self.excuse = Excuse::Unused;
    }

    /// Changes how long silence may last.
    pub fn set_patience(&mut self, patience: Interval) {
        self.patience = patience;
        self.check_at = self.heard + patience;
    }

    /// When to look next.
    pub const fn check_at(&self) -> Timestamp {
        self.check_at
    }

    /// Looks.
    pub fn check(&mut self, now: Timestamp) -> Verdict {
        let deadline = self.heard + self.patience;
        if now < self.check_at {
            return Verdict::Wait;
        }
        if now < deadline {
            self.check_at = deadline;
            return Verdict::Wait;
        }
        if now > self.check_at + LATE && self.excuse == Excuse::Unused {
            self.excuse = Excuse::Used;
            self.check_at = now + GRACE;
            return Verdict::Wait;
        }
        Verdict::Overdue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Interval = Interval::from_secs(5);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(millis * 1_000)
    }

    #[test]
    fn silence_is_noticed_when_patience_ends_and_not_before() {
        let mut watch = Watch::new(PATIENCE, at(0));
        watch.heard(at(3_000));
        assert_eq!(watch.check(at(5_000)), Verdict::Wait);
        assert_eq!(watch.check_at(), at(8_000));
        assert_eq!(watch.check(at(7_999)), Verdict::Wait);
        assert_eq!(watch.check(at(8_000)), Verdict::Overdue);
    }

    #[test]
    fn a_page_that_slept_first_reads_what_waits_for_it() {
        let mut watch = Watch::new(PATIENCE, at(0));
        assert_eq!(watch.check(at(3_600_000)), Verdict::Wait);
        watch.heard(at(3_600_010));
        assert_eq!(watch.check(at(3_601_000)), Verdict::Wait);
        assert_eq!(watch.check_at(), at(3_605_010));
    }

    #[test]
    fn the_second_late_check_in_a_row_is_not_excused() {
        let mut watch = Watch::new(PATIENCE, at(0));
        assert_eq!(watch.check(at(60_000)), Verdict::Wait);
        assert_eq!(watch.check(at(120_000)), Verdict::Overdue);
    }

    #[test]
    fn endless_patience_is_never_at_an_end() {
        let mut watch = Watch::new(Interval::from_micros(u64::MAX), at(0));
        assert_eq!(watch.check(at(1_000_000_000)), Verdict::Wait);
        watch.set_patience(PATIENCE);
        assert_eq!(watch.check_at(), at(5_000));
    }
}
