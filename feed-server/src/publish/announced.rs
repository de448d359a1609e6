//! The groups and series that a publisher has announced on one connection, under the ids that it chose.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use protocol::{Entries, GroupDescriptor, GroupId, Interval, SeriesDescriptor, SeriesId, Timestamp};

use super::limits::{MAX_GROUPS, MAX_IDS, MAX_INTERVAL};
use super::omissions::{Omissions, Reason, too_many_groups};
use super::violation::Violation;
use crate::ingest::context::Registrar;
use crate::ingest::registry::{Group, RegisterError, Series};

/// What a publisher's id of a series stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    Registered {
        group: GroupId,
        id: SeriesId,
    },
    /// Its values are dropped.
    LeftOut,
}

#[derive(Debug)]
struct AnnouncedGroup {
    /// `None` if it is left out.
    description: Option<Group>,
    registered: Option<GroupId>,
}

#[derive(Debug)]
struct AnnouncedSeries {
    group: GroupId,
    is: Announced,
}

#[derive(Debug)]
pub struct Announcements {
    max_series: usize,
    groups: HashMap<GroupId, AnnouncedGroup>,
    /// Groups that are not left out.
    described: usize,
    series: HashMap<SeriesId, AnnouncedSeries>,
    /// The publisher's id of each id of the catalog.
    registered: HashMap<SeriesId, SeriesId>,
}

impl Announcements {
    pub fn new(max_series: usize) -> Self {
        Self { max_series, groups: HashMap::new(), described: 0, series: HashMap::new(), registered: HashMap::new() }
    }

    /// Registers groups and series. What exceeds a limit is left out.
    ///
    /// # Errors
    /// If the announcement contradicts itself or an earlier one.
    pub fn announce(
        &mut self,
        publisher: &str,
        registrar: &Registrar,
        groups: &Entries<'_, GroupDescriptor<'_>>,
        series: &Entries<'_, SeriesDescriptor<'_>>,
    ) -> Result<Omissions, Violation> {
        let mut omissions = Omissions::default();
        for group in groups {
            self.add_group(publisher, registrar, &group, &mut omissions)?;
        }
        for series in series {
            if let Err(reason) = self.add_series(registrar, &series)? {
                omissions.series.push(series.id);
                omissions.because(|| reason.text(&series));
            }
        }
        Ok(omissions)
    }

    fn add_group(
        &mut self,
        publisher: &str,
        registrar: &Registrar,
        group: &GroupDescriptor<'_>,
        omissions: &mut Omissions,
    ) -> Result<(), Violation> {
        if group.interval == Interval::ZERO || group.interval > MAX_INTERVAL {
            return Err(Violation::Interval { group: group.id });
        }
        let described = Group {
            name: group_name(publisher, group.name),
            title: format!("{} ({publisher})", if group.title.is_empty() { group.name } else { group.title }),
            unit: group.unit.to_owned(),
            interval: group.interval,
            bounds: group.bounds,
            prominence: group.prominence,
            rank: group.rank,
        };
        let ids = self.groups.len();
        match self.groups.entry(group.id) {
            Entry::Occupied(mut held) => {
                let held = held.get_mut();
                let Some(before) = &mut held.description else {
                    omissions.groups.push(group.id);
                    omissions.because(|| too_many_groups(group.name));
                    return Ok(());
                };
                if before.name != described.name {
                    return Err(Violation::OtherName { group: group.id });
                }
                if *before != described && held.registered.is_some() {
                    // The name is as long as before; the title may be too long now.
                    if let Err(error) = registrar.group(described.clone()) {
                        omissions.because(|| error.to_string());
                        return Ok(());
                    }
                }
                *before = described;
            }
            Entry::Vacant(_) if ids >= MAX_IDS => return Err(Violation::TooManyIds),
            Entry::Vacant(place) if self.described >= MAX_GROUPS => {
                place.insert(AnnouncedGroup { description: None, registered: None });
                omissions.groups.push(group.id);
                omissions.because(|| too_many_groups(group.name));
            }
            Entry::Vacant(place) => {
                self.described += 1;
                place.insert(AnnouncedGroup { description: Some(described), registered: None });
            }
        }
        Ok(())
    }

    /// Returns the reason for which the series is left out, if any.
    fn add_series(
        &mut self,
        registrar: &Registrar,
        series: &SeriesDescriptor<'_>,
    ) -> Result<Result<(), Reason>, Violation> {
        let group = self.groups.get_mut(&series.group).ok_or(Violation::UnknownGroup(series.group))?;
        let before = self.series.get(&series.id);
        if before.is_some_and(|before| before.group != series.group) {
            return Err(Violation::OtherLabels { series: series.id });
        }
        if before.is_none() && self.series.len() >= MAX_IDS {
            return Err(Violation::TooManyIds);
        }
        let before = before.map(|before| before.is);
        let is_new = !matches!(before, Some(Announced::Registered { .. }));
        let registered = if is_new && self.registered.len() >= self.max_series {
            Err(Reason::Series { limit: self.max_series })
        } else {
            group.register(registrar, series)
        };
        let is = match registered {
            Ok(id) => {
                let first = *self.registered.entry(id).or_insert(series.id);
                if first != series.id {
                    return Err(Violation::SameSeries { series: series.id, first });
                }
                if matches!(before, Some(Announced::Registered { id: before, .. }) if before != id) {
                    return Err(Violation::OtherLabels { series: series.id });
                }
                Announced::Registered { group: series.group, id }
            }
            // A series that was registered before stays, with its old description.
            Err(reason) if !is_new => return Ok(Err(reason)),
            Err(reason) => {
                self.series.insert(series.id, AnnouncedSeries { group: series.group, is: Announced::LeftOut });
                return Ok(Err(reason));
            }
        };
        self.series.insert(series.id, AnnouncedSeries { group: series.group, is });
        Ok(Ok(()))
    }

    /// The group of the catalog; `None` if it has no series there.
    ///
    /// # Errors
    /// If the group was not announced.
    pub fn group(&self, group: GroupId) -> Result<Option<GroupId>, Violation> {
        self.groups.get(&group).map(|group| group.registered).ok_or(Violation::UnknownGroup(group))
    }

    /// What a series of `group` stands for. Hot: once a column.
    ///
    /// # Errors
    /// If it was not announced, or is of another group.
    pub fn series(&self, series: SeriesId, group: GroupId) -> Result<Announced, Violation> {
        let announced = self.series.get(&series).ok_or(Violation::UnknownSeries(series))?;
        if announced.group != group {
            return Err(Violation::OtherGroup { series, group });
        }
        Ok(announced.is)
    }

    /// Ends series, whose last rows are at most as late as `time`.
    ///
    /// # Errors
    /// If one was not announced.
    pub fn end(
        &mut self,
        registrar: &Registrar,
        series: &Entries<'_, SeriesId>,
        time: Timestamp,
    ) -> Result<(), Violation> {
        for series in series {
            let ended = self.series.remove(&series).ok_or(Violation::UnknownSeries(series))?;
            if let Announced::Registered { id, .. } = ended.is {
                self.registered.remove(&id);
                registrar.end_at(id, time);
            }
        }
        Ok(())
    }

    /// Ends all series, and forgets all ids.
    pub fn end_all(&mut self, registrar: &Registrar, time: Timestamp) {
        for &id in self.registered.keys() {
            registrar.end_at(id, time);
        }
        *self = Self::new(self.max_series);
    }
}

impl AnnouncedGroup {
    /// Registers a series, and the group with its first one.
    fn register(&mut self, registrar: &Registrar, series: &SeriesDescriptor<'_>) -> Result<SeriesId, Reason> {
        let Some(description) = &self.description else { return Err(Reason::Group) };
        let of = |group| {
            let labels = series.labels.iter().map(|label| (label.key.to_owned(), label.value.to_owned())).collect();
            registrar.series(Series { group, name: series.name.to_owned(), kind: series.kind, labels })
        };
        let register_group = || registrar.group(description.clone()).map_err(Reason::Registry);
        let group = match self.registered {
            Some(group) => group,
            None => register_group()?,
        };
        let registered = match of(group) {
            // It had no series for long, so that the catalog has forgotten it.
            Err(RegisterError::NoSuchGroup(_)) => {
                let group = register_group()?;
                self.registered = Some(group);
                of(group)
            }
            registered => {
                self.registered = Some(group);
                registered
            }
        };
        registered.map_err(Reason::Registry)
    }
}

/// Groups of other sources have no colon in their names, and a publisher's name has none.
fn group_name(publisher: &str, group: &str) -> String {
    format!("{publisher}:{group}")
}

#[cfg(test)]
mod tests;
