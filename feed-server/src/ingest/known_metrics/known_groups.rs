//! The groups of a source: one for each metric.

use std::collections::HashMap;

use protocol::{GroupId, Interval, SeriesId, Timestamp};

use super::metric::Metric;
use super::place::Place;
use super::refusal::Refusal;
use crate::ingest::context::Registrar;
use crate::ingest::names::{fitted, plain};
use crate::ingest::registry::{Group, RegisterError};
use crate::ingest::row_interval::RowInterval;

/// Of one source. A page has a panel for each.
pub(super) const MAX_GROUPS: usize = 1_024;
/// The place of a group without series is free for another one after this time: all of its rows have been sent.
const FREE_AFTER: Interval = Interval::from_secs(60);

#[derive(Debug)]
pub(super) struct KnownGroups {
    source: String,
    interval: Interval,
    pub(super) estimates_intervals: bool,
    groups: Vec<KnownGroup>,
    /// By metric.
    by_name: HashMap<String, usize>,
}

#[derive(Debug)]
struct KnownGroup {
    id: GroupId,
    metric: String,
    described: Group,
    interval: RowInterval,
    /// The interval is that of this series, whose last sample has this time.
    followed: Option<(SeriesId, Timestamp)>,
    /// The number of its living series.
    living: usize,
    /// The time at which the last one ended.
    ended: Timestamp,
}

impl KnownGroups {
    pub(super) fn new(source: &str, interval: Interval) -> Self {
        let (source, estimates_intervals) = (source.to_owned(), false);
        Self { source, interval, estimates_intervals, groups: Vec::new(), by_name: HashMap::new() }
    }

    /// The group of a metric, with the newest description of it.
    pub(super) fn group(
        &mut self,
        metric: &Metric<'_>,
        registrar: &Registrar,
        now: Timestamp,
    ) -> Result<usize, Refusal> {
        let mut described = self.description(metric);
        if let Some(&place) = self.by_name.get(metric.name) {
            let group = &mut self.groups[place];
            described.interval = group.described.interval;
            if group.described != described {
                registrar.group(described.clone())?;
                group.described = described;
            }
            return Ok(place);
        }
        let is_free = |group: &KnownGroup| group.living == 0 && now.since(group.ended) > FREE_AFTER;
        let place = if self.groups.len() < MAX_GROUPS { None } else { self.groups.iter().position(is_free) };
        if place.is_none() && self.groups.len() >= MAX_GROUPS {
            return Err(Refusal::Groups { metric: metric.name.to_owned(), limit: MAX_GROUPS });
        }
        let id = registrar.group(described.clone())?;
        let known = (!self.estimates_intervals).then_some(self.interval);
        let (metric, interval) = (metric.name.to_owned(), RowInterval::new(known, self.interval));
        let new = KnownGroup { id, metric: metric.clone(), described, interval, followed: None, living: 0, ended: now };
        let place = if let Some(place) = place {
            let before = std::mem::replace(&mut self.groups[place], new);
            self.by_name.remove(&before.metric);
            place
        } else {
            self.groups.push(new);
            self.groups.len() - 1
        };
        self.by_name.insert(metric, place);
        Ok(place)
    }

    fn description(&self, metric: &Metric<'_>) -> Group {
        Group {
            name: fitted(format!("{}.{}", self.source, distinct(metric.name))),
            title: fitted(metric.name.to_owned()),
            unit: metric.unit.to_owned(),
            interval: self.interval,
            bounds: metric.bounds(),
            prominence: metric.prominence,
            rank: metric.rank(),
        }
    }

    pub(super) fn id(&self, group: usize) -> GroupId {
        self.groups[group].id
    }

    /// Registers a group again that had no series for so long that it was forgotten.
    pub(super) fn register_again(&mut self, group: usize, registrar: &Registrar) -> Result<GroupId, RegisterError> {
        let group = &mut self.groups[group];
        group.id = registrar.group(group.described.clone())?;
        Ok(group.id)
    }

    pub(super) fn began(&mut self, group: usize) {
        self.groups[group].living += 1;
    }

    pub(super) fn ended(&mut self, place: Place, now: Timestamp) {
        let group = &mut self.groups[place.group];
        group.living = group.living.saturating_sub(1);
        group.ended = now;
        group.followed = group.followed.filter(|(series, _)| *series != place.series);
    }

    pub(super) fn observe(&mut self, place: Place, time: Timestamp, registrar: &Registrar) {
        let group = &mut self.groups[place.group];
        let (series, before) = *group.followed.get_or_insert((place.series, time));
        if series != place.series || before >= time {
            return;
        }
        group.followed = Some((series, time));
        group.interval.add(1, Some(before), time);
        if let Some(interval) = group.interval.take_change() {
            group.described.interval = interval;
            if let Err(error) = registrar.group(group.described.clone()) {
                registrar.report(&error);
            }
        }
    }

    pub(super) fn interval(&self, group: usize) -> Interval {
        self.groups[group].interval.stated()
    }
}

/// The name with other signs replaced. If any was, a hash of the name follows, so that `a/b` and `a b` differ.
fn distinct(name: &str) -> String {
    let plain = plain(name);
    if plain == name {
        return plain;
    }
    // FNV-1a: the name must be the same after a restart.
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{plain}-{hash:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_other_signs_stay_different() {
        assert_eq!(distinct("a_b"), "a_b");
        assert!(distinct("a/b").starts_with("a_b-") && distinct("a b").starts_with("a_b-"));
        assert_ne!(distinct("a/b"), distinct("a b"));
    }
}
