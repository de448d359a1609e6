//! The steps in which the page subscribes to groups: 0 for rows, else the length of their buckets.
//!
//! A group whose charts on screen have columns of one length is sent as buckets of that length, if these take fewer bytes than its rows.

use std::collections::BTreeMap;

use protocol::{GroupId, Interval, Timestamp};

use super::catalog_group::{CatalogGroup, Needs};

/// The server sends a group as rows if a bucket would have fewer rows.
const LEAST_ROWS: f64 = 8.0;

/// An update of a bucket has the last value of each series, which takes about as many bytes as one in a row.
const UPDATES_PER_S: f64 = 60.0;

/// The rest of a bucket (first, sum, count, changes of minimum and maximum) takes as many bytes as about so many values in rows: of 50 series
/// at 100 rows a second, updates take 113 % of the bytes of the rows in buckets of 100 ms, 95 % in 200 ms.
const VALUES_OF_BUCKET: f64 = 5.0;

/// Groups are sent as buckets only if those for which that is worth it have at least this many values a second together. Below, rows cost
/// little, and all viewers of a server share them.
const LEAST_VALUES_PER_S: f64 = 1_000.0;

/// A step is requested when it has been wanted for this long: while a window is resized, it changes with each display frame.
const SETTLED_AFTER: Interval = Interval::from_millis(500);

/// The steps that the page has requested, and those that it wants.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// Of groups that are not listed.
    step: Interval,
    groups: BTreeMap<GroupId, Interval>,
    /// Steps other than the requested ones, and since when they are wanted.
    wanted: BTreeMap<GroupId, (Interval, Timestamp)>,
}

impl Steps {
    /// The steps of a first subscription, for charts with columns of this length. Buckets are so short that groups which are better sent as
    /// rows have too few of them in a bucket.
    pub(super) fn first(column: Interval) -> Self {
        let longest = LEAST_ROWS / values_per_s(column);
        Self { step: column.min(Interval::from_micros((longest * 1e6) as u64)), ..Self::default() }
    }

    /// The step of groups that are not [listed](Self::listed).
    pub(super) const fn step(&self) -> Interval {
        self.step
    }

    /// Groups with another step, in rising order.
    pub(super) fn listed(&self) -> impl Iterator<Item = (GroupId, Interval)> {
        self.groups.iter().map(|(&group, &step)| (group, step))
    }

    /// Forgets the steps of groups: their ids mean others.
    pub(super) fn forget_ids(&mut self) {
        self.groups.clear();
        self.wanted.clear();
    }

    /// The step in which the server sends a group, as far as the page knows; 0 for rows.
    pub(super) fn of(&self, group: &CatalogGroup) -> Interval {
        let step = self.groups.get(&group.id).copied().unwrap_or(self.step);
        if has_rows(step, group.interval) { step } else { Interval::ZERO }
    }

    /// Records what is wanted. Returns the steps that have been wanted for long enough.
    pub(super) fn due<'g>(
        &mut self,
        wanted: impl IntoIterator<Item = (&'g CatalogGroup, Interval)>,
        settling: Settling,
        now: Timestamp,
    ) -> BTreeMap<GroupId, Interval> {
        let before = std::mem::take(&mut self.wanted);
        let mut due = BTreeMap::new();
        let others: Vec<_> = wanted.into_iter().filter(|(group, step)| self.of(group) != *step).collect();
        for (group, step) in others {
            let since = before.get(&group.id).filter(|(before, _)| *before == step).map_or(now, |(_, since)| *since);
            self.wanted.insert(group.id, (step, since));
            if settling == Settling::Over || now.micros_since(since) >= SETTLED_AFTER.micros().cast_signed() {
                due.insert(group.id, step);
            }
        }
        due
    }

    /// Lists the steps of these groups, which are all that the page subscribes to.
    pub(super) fn list(&mut self, steps: impl Iterator<Item = (GroupId, Interval)>) {
        self.groups.clear();
        self.groups.extend(steps.filter(|(_, step)| *step > Interval::ZERO));
        self.step = Interval::ZERO;
        self.wanted.retain(|group, (step, _)| self.groups.get(group).copied().unwrap_or_default() != *step);
    }
}

/// Whether a step must have been wanted for a while before it is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settling {
    Awaited,
    Over,
}

fn has_rows(step: Interval, interval: Interval) -> bool {
    step.as_secs_f64() >= LEAST_ROWS * interval.as_secs_f64().max(1e-6)
}

/// As many values a second in rows take the bytes of a series in buckets of this length.
fn values_per_s(step: Interval) -> f64 {
    UPDATES_PER_S + VALUES_OF_BUCKET / step.as_secs_f64()
}

/// Returns true if a group takes fewer bytes in buckets of this length than as rows.
fn is_worth_it(group: &CatalogGroup, step: Interval) -> bool {
    has_rows(step, group.interval) && values_per_s(step) * group.interval.as_secs_f64() < 1.0
}

/// The step that each group with known needs should have.
pub(super) fn wanted(catalog: &[CatalogGroup]) -> impl Iterator<Item = (&CatalogGroup, Interval)> {
    let column_of = |group: &CatalogGroup| match group.needs {
        Needs::Columns(column) => Some(column),
        Needs::Unknown | Needs::Rows => None,
    };
    // Charts off screen will probably have the columns of those on screen.
    let usual = catalog.iter().find_map(column_of).unwrap_or_default();
    let is_worthy =
        |group: &&CatalogGroup| group.needs != Needs::Rows && is_worth_it(group, column_of(group).unwrap_or(usual));
    let values: f64 = catalog.iter().filter(is_worthy).map(|group| group.values_per_s).sum();
    catalog.iter().filter(|group| group.needs != Needs::Unknown).map(move |group| {
        let column = column_of(group).filter(|&column| values >= LEAST_VALUES_PER_S && is_worth_it(group, column));
        (group, column.unwrap_or_default())
    })
}
