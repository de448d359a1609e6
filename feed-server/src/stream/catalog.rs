//! The catalog: which groups and series there are, under which ids.
//!
//! Sources register what they measure and get ids back; the hub collects what changed and tells every viewer. A series
//! that ends stays in the catalog until its last sample has left the history, so that a viewer can still read it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::limits::{MAX_GROUP_SERIES, MAX_LABELS, MAX_NAME_BYTES};
use protocol::{Bounds, GroupId, Interval, SeriesId, SeriesKind, Timestamp};
use thiserror::Error;

/// Series that a catalog may have unless told otherwise: as many as a page takes.
pub const DEFAULT_MOST_SERIES: usize = 100_000;

/// Why something cannot be registered.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CatalogError {
    /// The group was never registered.
    #[error("no group {0} in the catalog")]
    NoSuchGroup(GroupId),
    /// The group has as many series as a group may.
    #[error("group {group:?} already has {MAX_GROUP_SERIES} series, the most a group may have")]
    GroupFull {
        /// Its name.
        group: String,
    },
    /// The catalog has as many series as it may.
    #[error(
        "series {series:?} is left out: there are {limit} already, the most that `series` in the configuration allows"
    )]
    Full {
        /// The one that is refused.
        series: String,
        /// The most there may be.
        limit: usize,
    },
    /// A name is too long.
    #[error("{what} {name:?} is longer than {MAX_NAME_BYTES} bytes")]
    NameTooLong {
        /// What it names.
        what: &'static str,
        /// Its beginning.
        name: String,
    },
    /// Too many labels.
    #[error("series {series:?} has {found} labels, the most is {MAX_LABELS}")]
    TooManyLabels {
        /// Its name.
        series: String,
        /// Labels found.
        found: usize,
    },
}

/// A group, as a source registers it.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Machine name, such as `network.bytes`.
    pub name: String,
    /// What a person reads.
    pub title: String,
    /// UCUM unit of every value.
    pub unit: String,
    /// Time from row to row, as intended.
    pub interval: Interval,
    /// Where the value axis begins and ends.
    pub bounds: Bounds,
}

/// A series, as a source registers it.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The group it is sampled with.
    pub group: GroupId,
    /// What a legend shows.
    pub name: String,
    /// How its values are to be read.
    pub kind: SeriesKind,
    /// What tells it from its siblings.
    pub labels: Vec<(String, String)>,
}

/// What changed since it was last asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// New groups.
    pub groups: Vec<(GroupId, Group)>,
    /// New series.
    pub series: Vec<(SeriesId, Series)>,
    /// Series that are gone.
    pub retired: Vec<SeriesId>,
}

impl Changes {
    /// Whether nothing changed.
    pub const fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.series.is_empty() && self.retired.is_empty()
    }
}

/// The catalog, shared by sources, hub and sessions.
#[derive(Clone, Debug)]
pub struct Catalog {
    state: Arc<Mutex<State>>,
    most_series: usize,
}

#[derive(Debug, Default)]
struct State {
    groups: BTreeMap<GroupId, Group>,
    series: BTreeMap<SeriesId, Series>,
    /// How many series each group has.
    members: BTreeMap<GroupId, usize>,
    ended: BTreeMap<SeriesId, Timestamp>,
    next_group: u32,
    next_series: u32,
    changes: Changes,
    version: u64,
}

/// Empty, for as many series as a page takes.
impl Default for Catalog {
    fn default() -> Self {
        Self::new(DEFAULT_MOST_SERIES)
    }
}

impl Catalog {
    /// An empty one, for so many series.
    pub fn new(most_series: usize) -> Self {
        Self { state: Arc::default(), most_series }
    }

    /// Registers a group and returns its id.
    ///
    /// # Errors
    /// [`CatalogError::NameTooLong`].
    pub fn add_group(&self, group: Group) -> Result<GroupId, CatalogError> {
        check_name("group", &group.name)?;
        check_name("title", &group.title)?;
        check_name("unit", &group.unit)?;
        let mut state = self.lock();
        state.next_group += 1;
        let id = GroupId(state.next_group);
        state.version += 1;
        state.groups.insert(id, group.clone());
        state.changes.groups.push((id, group));
        Ok(id)
    }

    /// Registers a series and returns its id.
    ///
    /// # Errors
    /// When its group does not exist or is full, or the catalog is, or a name or the labels break a limit.
    pub fn add_series(&self, series: Series) -> Result<SeriesId, CatalogError> {
        check_name("series", &series.name)?;
        if series.labels.len() > MAX_LABELS {
            return Err(CatalogError::TooManyLabels { series: series.name, found: series.labels.len() });
        }
        for (key, value) in &series.labels {
            check_name("label", key)?;
            check_name("label value", value)?;
        }
        let mut state = self.lock();
        let Some(group) = state.groups.get(&series.group) else {
            return Err(CatalogError::NoSuchGroup(series.group));
        };
        if state.series.len() >= self.most_series {
            return Err(CatalogError::Full { series: series.name, limit: self.most_series });
        }
        let siblings = state.members.get(&series.group).copied().unwrap_or_default();
        if siblings >= MAX_GROUP_SERIES {
            return Err(CatalogError::GroupFull { group: group.name.clone() });
        }
        state.members.insert(series.group, siblings + 1);
        state.next_series += 1;
        let id = SeriesId(state.next_series);
        state.version += 1;
        state.series.insert(id, series.clone());
        state.changes.series.push((id, series));
        Ok(id)
    }

    /// Marks a series as ended at `time`: no more values will come.
    pub fn end_series(&self, series: SeriesId, time: Timestamp) {
        let mut state = self.lock();
        if state.series.contains_key(&series) {
            state.ended.insert(series, time);
        }
    }

    /// Retires every series that ended before `oldest_kept`, the oldest time the history still holds.
    pub fn retire_before(&self, oldest_kept: Timestamp) {
        let mut state = self.lock();
        let gone: Vec<SeriesId> =
            state.ended.iter().filter(|&(_, &ended)| ended < oldest_kept).map(|(&series, _)| series).collect();
        for series in gone {
            state.version += 1;
            state.ended.remove(&series);
            if let Some(Series { group, .. }) = state.series.remove(&series)
                && let Some(members) = state.members.get_mut(&group)
            {
                *members -= 1;
            }
            state.changes.series.retain(|(added, _)| *added != series);
            state.changes.retired.push(series);
        }
        // Those that are still to be told may have larger ids.
        state.changes.retired.sort_unstable();
    }

    /// What changed since this was last called.
    pub fn take_changes(&self) -> Changes {
        std::mem::take(&mut self.lock().changes)
    }

    /// Changes whenever what [`Catalog::whole`] returns does.
    pub fn version(&self) -> u64 {
        self.lock().version
    }

    /// Everything there is.
    pub fn whole(&self) -> Changes {
        let state = self.lock();
        Changes {
            groups: state.groups.iter().map(|(&id, group)| (id, group.clone())).collect(),
            series: state.series.iter().map(|(&id, series)| (id, series.clone())).collect(),
            retired: Vec::new(),
        }
    }

    /// How many groups and how many series there are.
    pub fn len(&self) -> (usize, usize) {
        let state = self.lock();
        (state.groups.len(), state.series.len())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_name(what: &'static str, name: &str) -> Result<(), CatalogError> {
    if name.len() > MAX_NAME_BYTES {
        return Err(CatalogError::NameTooLong { what, name: name.chars().take(32).collect() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> Group {
        Group {
            name: "g".into(),
            title: "G".into(),
            unit: "1".into(),
            interval: Interval::from_millis(100),
            bounds: Bounds::Auto,
        }
    }

    fn series(group: GroupId) -> Series {
        Series { group, name: "s".into(), kind: SeriesKind::Gauge, labels: Vec::new() }
    }

    #[test]
    fn an_ended_series_stays_until_history_has_let_it_go() {
        let catalog = Catalog::default();
        let group = catalog.add_group(group()).expect("fits");
        let id = catalog.add_series(series(group)).expect("fits");
        catalog.take_changes();
        catalog.end_series(id, Timestamp::from_micros(100));
        catalog.retire_before(Timestamp::from_micros(100));
        assert_eq!(catalog.len(), (1, 1));
        catalog.retire_before(Timestamp::from_micros(101));
        assert_eq!(catalog.take_changes().retired, [id]);
        assert_eq!(catalog.len(), (1, 0));
    }

    #[test]
    fn what_breaks_a_limit_is_refused_by_name() {
        let catalog = Catalog::default();
        assert_eq!(catalog.add_series(series(GroupId(9))), Err(CatalogError::NoSuchGroup(GroupId(9))));
        let group = catalog.add_group(group()).expect("fits");
        for _ in 0..MAX_GROUP_SERIES {
            catalog.add_series(series(group)).expect("fits");
        }
        assert_eq!(catalog.add_series(series(group)), Err(CatalogError::GroupFull { group: "g".into() }));
    }

    #[test]
    fn a_full_catalog_takes_no_more_until_one_has_gone() {
        let catalog = Catalog::new(2);
        let group = catalog.add_group(group()).expect("fits");
        let first = catalog.add_series(series(group)).expect("fits");
        catalog.add_series(series(group)).expect("fits");
        assert_eq!(catalog.add_series(series(group)), Err(CatalogError::Full { series: "s".into(), limit: 2 }));
        catalog.end_series(first, Timestamp::from_micros(1));
        catalog.retire_before(Timestamp::from_micros(2));
        catalog.add_series(series(group)).expect("fits again");
    }
}
