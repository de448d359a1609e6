//! CPU time of processes that lived too short to be seen. Time is counted in ticks.
//!
//! The kernel adds the CPU time of a process to that of its parent's children when the process has ended and its parent has waited for it.
//! The excess of a parent's total over the last known times of its ended children is CPU time that no scan saw.

/// What ended processes had when they were last seen. It is deducted from the growth of the parent's time.
///
/// A scan reads one process after another: a process may be missing in one scan, and its time with the parent in the next. After that,
/// the parent has not waited for it and never has its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Due {
    now: u64,
    before: u64,
}

impl Due {
    pub(super) const fn add(&mut self, ticks: u64) {
        self.now = self.now.saturating_add(ticks);
    }

    pub(super) const fn total(self) -> u64 {
        self.now.saturating_add(self.before)
    }

    /// Ends a scan: returns what is left of `growth`. What is not yet deducted is due for one more scan.
    pub(super) fn settle(&mut self, growth: u64) -> u64 {
        let growth = growth.saturating_sub(self.before);
        let left = growth.saturating_sub(self.now);
        self.before = self.now - (growth - left);
        self.now = 0;
        left
    }
}

/// The time of the children of one process that have ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EndedChildren {
    ticks: Option<u64>,
    /// In this scan.
    growth: u64,
    due: Due,
}

impl EndedChildren {
    /// Takes the total of a reading. A total that falls has not grown.
    pub(super) fn read(&mut self, ticks: u64) {
        self.growth = self.ticks.map_or(0, |before| ticks.saturating_sub(before));
        self.ticks = Some(ticks);
    }

    /// The total was not read: it grows in the next scan.
    pub(super) const fn skip(&mut self) {
        self.growth = 0;
    }

    /// A child ended. `ticks` is what was last seen of it.
    pub(super) const fn ended(&mut self, ticks: u64) {
        self.due.add(ticks);
    }

    /// True if the time has grown by more than what was seen.
    pub(super) const fn has_unseen(&self) -> bool {
        self.growth > self.due.total()
    }

    /// Ends a scan: returns what was used unseen.
    pub(super) fn settle(&mut self) -> u64 {
        self.due.settle(self.growth)
    }

    pub(super) fn ticks(&self) -> u64 {
        self.ticks.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_seen_is_deducted_in_this_scan_or_in_the_next() {
        let mut due = Due::default();
        due.add(300);
        assert_eq!(due.settle(310), 10);
        due.add(300);
        assert_eq!(due.settle(4), 0);
        assert_eq!(due.settle(300), 4, "the rest of the 300 came one scan later");
        due.add(300);
        assert_eq!(due.settle(0), 0);
        assert_eq!(due.settle(0), 0);
        assert_eq!(due.settle(7), 7, "the parent did not wait for it");
    }

    proptest! {
        #[test]
        fn what_was_used_unseen_is_counted_once_whether_the_rest_arrives_in_its_scan_or_in_the_next(
            scans in prop::collection::vec((0_u64..1_000, 0_u64..1_000, any::<bool>()), 1..50),
        ) {
            let (mut due, mut counted, mut used_unseen, mut delayed) = (Due::default(), 0, 0, 0);
            for (seen, unseen, is_delayed) in scans.into_iter().chain([(0, 0, false)]) {
                due.add(seen);
                let arrives_now = if is_delayed { 0 } else { seen };
                counted += due.settle(delayed + arrives_now + unseen);
                delayed = seen - arrives_now;
                used_unseen += unseen;
            }
            prop_assert_eq!(counted, used_unseen);
        }
    }
}
