//! Staleness: the age of a group's newest sample if it is too old.

use std::fmt;

use protocol::{Interval, Timestamp};

use super::group::Group;

/// The minimum age of a stale group: a busy source may be late by less.
const MIN_STALENESS: Interval = Interval::from_secs(1);

/// The age of a stale group's newest sample. Its text is `12 s ago`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stale(pub Interval);

impl Group {
    /// The staleness at `now` by the server's clock. `None` unless the newest sample is older than the longest step (three
    /// intervals) and than a second. A group that never had a sample is empty, not stale.
    pub fn stale(&self, now: Timestamp) -> Option<Stale> {
        let age_us = now.micros_since(self.newest()?).max(0).unsigned_abs();
        let age = Interval::from_micros(age_us);
        (age > self.longest_step().max(MIN_STALENESS)).then_some(Stale(age))
    }
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.micros() / 1_000_000;
        match seconds {
            0..120 => write!(f, "{seconds} s ago"),
            120..7_200 => write!(f, "{} min ago", seconds / 60),
            _ => write!(f, "{} h ago", seconds / 3_600),
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::Bounds;

    use super::*;
    use crate::store::group::Description;

    const NEWEST: Timestamp = Timestamp::from_micros(100_000_000);

    /// A group with that interval whose newest row was at [`NEWEST`].
    fn group(interval: Interval) -> Group {
        let (name, title, unit) = ("g", "G", "1");
        let mut group = Group::new(Description { name, title, unit, interval, bounds: Bounds::Auto });
        group.append_values(&[NEWEST], &[]);
        group
    }

    fn stale_after(group: &Group, millis: u64) -> Option<String> {
        group.stale(NEWEST + Interval::from_millis(millis)).map(|stale| stale.to_string())
    }

    #[test]
    fn a_group_with_the_longest_interval_is_never_stale() {
        assert_eq!(stale_after(&group(Interval::from_micros(u64::MAX)), 1 << 50), None);
        assert!(group(Interval::from_micros(u64::MAX)).longest_step().micros() as i64 > 0);
    }

    #[test]
    fn a_group_is_stale_after_three_intervals_and_at_least_a_second() {
        let slow = group(Interval::from_secs(4));
        assert_eq!(stale_after(&slow, 12_000), None);
        assert_eq!(stale_after(&slow, 12_001).as_deref(), Some("12 s ago"));
        let fast = group(Interval::from_millis(1));
        assert_eq!(stale_after(&fast, 1_000), None);
        assert_eq!(stale_after(&fast, 1_001).as_deref(), Some("1 s ago"));
    }

    #[test]
    fn the_next_sample_ends_staleness() {
        let mut group = group(Interval::from_millis(100));
        let later = NEWEST + Interval::from_secs(60);
        assert_eq!(group.stale(later), Some(Stale(Interval::from_secs(60))));
        group.append_values(&[later], &[]);
        assert_eq!(group.stale(later), None);
    }

    #[test]
    fn longer_ages_are_shown_in_longer_units() {
        let group = group(Interval::from_millis(100));
        let text = |seconds: u64| stale_after(&group, seconds * 1_000).unwrap_or_default();
        assert_eq!(text(119), "119 s ago");
        assert_eq!(text(120), "2 min ago");
        assert_eq!(text(7_199), "119 min ago");
        assert_eq!(text(7_200), "2 h ago");
    }

    #[test]
    fn empty_groups_and_samples_from_the_future_are_not_stale() {
        let (name, title, unit, bounds) = ("g", "G", "1", Bounds::Auto);
        let interval = Interval::from_millis(100);
        let empty = Group::new(Description { name, title, unit, interval, bounds });
        assert_eq!(empty.stale(NEWEST), None);
        assert_eq!(group(interval).stale(NEWEST - Interval::from_secs(60)), None);
    }
}
