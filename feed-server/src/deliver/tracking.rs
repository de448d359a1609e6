//! Begins to track the groups of a subscription: reads the earlier rows of their open buckets.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::{GroupId, Interval, Timestamp};

use crate::deliver::hub::Hub;
use crate::deliver::subscription::Subscription;
use crate::deliver::viewer::ViewerGuard;
use crate::stream::buckets::open_bucket::{OpenBucket, start_of};
use crate::stream::buckets::steps::{GroupProperties, Steps};
use crate::stream::buckets::tracked::{Reading, Tracked};
use crate::stream::selected_series::Columns;

/// Groups that are looked up in a step.
const GROUPS_AT_ONCE: usize = 64;

/// The groups that one viewer's session has still to track. The work is done in steps.
#[derive(Debug, Default)]
pub struct Tracking {
    /// `None` before the first step.
    groups: Option<VecDeque<GroupId>>,
    /// The number of groups that were forgotten before the first step.
    forgotten: u64,
    read: Option<Read>,
}

impl Tracking {
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

/// The rows of one bucket that are read.
#[derive(Debug)]
struct Read {
    group: GroupId,
    reading: Reading,
    columns: Columns,
    /// The next part.
    next: usize,
    bucket: Option<OpenBucket>,
}

impl Hub {
    /// The step of a group that is sent as summaries; `None` if it is sent as rows.
    pub(super) fn summarizes(&self, steps: &Steps, group: GroupId) -> Option<Interval> {
        if steps.of(group) == Interval::ZERO {
            return None;
        }
        let (interval, series) = self.catalog.size(group)?;
        let merge_window = self.catalog.sources().merge_window(group);
        let history = self.history;
        steps.summarizes(group, GroupProperties { interval, history, merge_window, series })
    }
}

impl ViewerGuard {
    /// Does the next part of the work. Returns true when all groups of the subscription are tracked.
    pub fn track(&self, tracking: &mut Tracking) -> bool {
        let (hub, subscription) = (self.hub(), self.subscription());
        let Some((to, tracked)) = subscription.to().zip(subscription.tracked()) else { return true };
        if tracking.groups.is_none() {
            // Before the series are looked up: a group is forgotten after it has got another series.
            tracking.forgotten = tracked.lock().forgotten();
        }
        let selected = subscription.selected();
        let groups = tracking.groups.get_or_insert_with(|| match selected.groups() {
            Some(groups) => groups.keys().copied().collect(),
            None => hub.catalog.intervals().into_iter().map(|(group, _)| group).collect(),
        });
        if let Some(read) = &mut tracking.read {
            if read.step() {
                read.finish(subscription);
                // It may be read anew.
                groups.push_front(read.group);
                tracking.read = None;
            }
            return false;
        }
        for _ in 0..GROUPS_AT_ONCE {
            let Some(group) = groups.pop_front() else { return true };
            let Some(columns) = selected.of_group(group) else { continue };
            if let Some(reading) = begin(hub, subscription, &to.steps, group) {
                tracking.read = Some(Read { group, reading, columns: columns.clone(), next: 0, bucket: None });
                return false;
            }
        }
        false
    }
}

/// Begins to track a group. Returns the rows that are to be read, if there are some.
fn begin(hub: &Hub, subscription: &Subscription, steps: &Steps, group: GroupId) -> Option<Reading> {
    let step = hub.summarizes(steps, group);
    // No frame is numbered meanwhile: these are all of its rows, and the next frame adds to them.
    let state = hub.state.lock();
    let mut tracked = subscription.tracked()?.lock();
    match tracked.get(group) {
        Some(Tracked::Reading(reading)) => return Some(reading.clone()),
        Some(_) => return None,
        None => {}
    }
    let Some(step) = step else {
        tracked.set(group, Tracked::Rows);
        return None;
    };
    let history = state.sequencer.history();
    let Some(newest) = history.newest(group) else {
        tracked.set(group, Tracked::empty(step));
        return None;
    };
    let start = start_of(newest, step);
    let parts = history.parts_in(group, &(start..Timestamp::MAX));
    let is_whole = history.complete_from(group).is_none_or(|complete| complete <= start);
    let reading = Reading::new(step, start, Arc::new(if is_whole { parts } else { Vec::new() }), is_whole);
    tracked.set(group, Tracked::Reading(reading.clone()));
    Some(reading)
}

impl Read {
    /// Reads the next part. Returns true after the last.
    fn step(&mut self) -> bool {
        if let Some(part) = self.reading.parts.get(self.next) {
            let Reading { start, step, .. } = self.reading;
            let bucket = self.bucket.get_or_insert_with(|| OpenBucket::new(start, step, start));
            bucket.add_part(part, &self.columns);
            self.next += 1;
        }
        self.next >= self.reading.parts.len()
    }

    fn finish(&mut self, subscription: &Subscription) {
        if let Some(tracked) = subscription.tracked() {
            tracked.lock().finish_reading(self.group, &self.reading, self.bucket.take());
        }
    }
}
