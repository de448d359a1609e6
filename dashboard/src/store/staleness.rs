//! Staleness: the age of a group's newest sample if it is too old.

use std::fmt;

use protocol::{Interval, Timestamp};

use super::apply::Store;
use super::group::Group;

/// The minimum age of a stale group: a busy source may be late by less.
const MIN_STALENESS: Interval = Interval::from_secs(1);

/// The age of the newest sample of a stale group, or of a page. Its text is `last sample 12 s ago`. Ordered from fresh to old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SampleAge {
    Newest(Interval),
    /// The group is in the catalog and never had a sample.
    Never,
}

/// The part of the page's groups that receive samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Every group does.
    Fresh,
    SomeStale {
        stale: usize,
        groups: usize,
    },
    /// No group does; the age of the newest sample of all.
    AllStale(SampleAge),
    /// The catalog is empty.
    NoGroups,
}

impl Group {
    /// The staleness at `now` by the server's clock. `None` unless the newest sample is older than the longest step (three
    /// intervals) and than a second. A group without a sample is stale after the same time in the catalog. A group to which the page does
    /// not subscribe is never stale.
    pub fn stale(&self, now: Timestamp) -> Option<SampleAge> {
        let newest = self.newest();
        let age = now.since(newest.unwrap_or(self.first_described()));
        let is_stale = age > self.longest_step().max(MIN_STALENESS);
        (is_stale && self.is_followed()).then_some(newest.map_or(SampleAge::Never, |_| SampleAge::Newest(age)))
    }

    /// The staleness to show beside that of the page, whose newest sample was at `newest_of_all`. A group that was not stale then has
    /// stopped together with the others, and shows the age of that sample, as the page does; another group shows its own.
    pub fn shown_staleness(&self, newest_of_all: Option<Timestamp>, now: Timestamp) -> Option<SampleAge> {
        let own = self.stale(now)?;
        let together = newest_of_all.filter(|&newest| own != SampleAge::Never && self.stale(newest).is_none());
        Some(together.map_or(own, |newest| SampleAge::Newest(now.since(newest))))
    }
}

impl Store {
    /// The age of the newest sample of all groups, by the server's clock.
    pub fn sample_age(&self, now: Timestamp) -> SampleAge {
        self.newest().map_or(SampleAge::Never, |newest| SampleAge::Newest(now.since(newest)))
    }

    /// The groups that are stale at `now`, by the server's clock. For groups to which the page does not subscribe, it uses the count of
    /// the last heartbeat.
    pub fn freshness(&self, now: Timestamp) -> Freshness {
        let groups = self.groups().len();
        let stale = self.groups().iter().filter(|group| group.stale(now).is_some()).count();
        let is_whole = self.groups().iter().all(Group::is_followed);
        match if is_whole { stale } else { stale.max(self.silent().min(groups)) } {
            _ if groups == 0 => Freshness::NoGroups,
            0 => Freshness::Fresh,
            stale if stale == groups => Freshness::AllStale(self.sample_age(now)),
            stale => Freshness::SomeStale { stale, groups },
        }
    }
}

impl fmt::Display for SampleAge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Newest(age) = self else { return f.write_str("no sample yet") };
        let seconds = age.micros() / 1_000_000;
        match seconds {
            0..120 => write!(f, "last sample {seconds} s ago"),
            120..7_200 => write!(f, "last sample {} min ago", seconds / 60),
            _ => write!(f, "last sample {} h ago", seconds / 3_600),
        }
    }
}

impl fmt::Display for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fresh => f.write_str("all groups receive samples"),
            Self::SomeStale { stale, groups } => write!(f, "{stale} of {groups} groups stale"),
            Self::AllStale(age) => age.fmt(f),
            Self::NoGroups => f.write_str("no data"),
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
        let mut group =
            Group::new(Description { name, title, unit, interval, ..Description::default() }, Timestamp::MIN);
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
        assert_eq!(stale_after(&slow, 12_001).as_deref(), Some("last sample 12 s ago"));
        let fast = group(Interval::from_millis(1));
        assert_eq!(stale_after(&fast, 1_000), None);
        assert_eq!(stale_after(&fast, 1_001).as_deref(), Some("last sample 1 s ago"));
    }

    #[test]
    fn groups_that_stop_together_show_the_age_of_the_newest_sample_of_all() {
        let shown = |interval, newest_of_all: Timestamp, seconds| {
            let now = NEWEST + Interval::from_secs(seconds);
            group(interval).shown_staleness(Some(newest_of_all), now).map(|stale| stale.to_string())
        };
        let slow = Interval::from_secs(5);
        let later = NEWEST + Interval::from_secs(4);
        assert_eq!(shown(slow, later, 30).as_deref(), Some("last sample 26 s ago"));
        assert_eq!(shown(slow, later, 10), None, "it is not stale yet");
        // At 10 Hz it was stale when the others stopped.
        assert_eq!(shown(Interval::from_millis(100), later, 30).as_deref(), Some("last sample 30 s ago"));
    }

    #[test]
    fn the_next_sample_ends_staleness() {
        let mut group = group(Interval::from_millis(100));
        let later = NEWEST + Interval::from_secs(60);
        assert_eq!(group.stale(later), Some(SampleAge::Newest(Interval::from_secs(60))));
        group.append_values(&[later], &[]);
        assert_eq!(group.stale(later), None);
    }

    #[test]
    fn longer_ages_are_shown_in_longer_units() {
        let group = group(Interval::from_millis(100));
        let text = |seconds: u64| stale_after(&group, seconds * 1_000).unwrap_or_default();
        assert_eq!(text(119), "last sample 119 s ago");
        assert_eq!(text(120), "last sample 2 min ago");
        assert_eq!(text(7_199), "last sample 119 min ago");
        assert_eq!(text(7_200), "last sample 2 h ago");
    }

    #[test]
    fn a_group_that_never_had_a_sample_is_stale_after_the_same_time_in_the_catalog() {
        let (name, title, unit, bounds) = ("g", "G", "1", Bounds::Auto);
        let interval = Interval::from_secs(4);
        let mut group =
            Group::new(Description { name, title, unit, interval, bounds, ..Description::default() }, NEWEST);
        assert_eq!(stale_after(&group, 12_000), None);
        assert_eq!(stale_after(&group, 12_001).as_deref(), Some("no sample yet"));
        group.append_values(&[NEWEST + Interval::from_secs(20)], &[]);
        assert_eq!(stale_after(&group, 20_500), None);
    }

    #[test]
    fn a_group_to_which_the_page_does_not_subscribe_is_not_stale() {
        let mut group = group(Interval::from_millis(100));
        group.set_followed(false);
        assert_eq!(stale_after(&group, 60_000), None);
        group.set_followed(true);
        assert!(stale_after(&group, 60_000).is_some());
    }

    #[test]
    fn samples_from_the_future_are_not_stale() {
        assert_eq!(group(Interval::from_millis(100)).stale(NEWEST - Interval::from_secs(60)), None);
    }
}
