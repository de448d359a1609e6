//! The catalog: the groups and series of the stream, under their ids.
//!
//! Sources register groups and series and get ids; the hub collects the changes and sends them to every viewer. A series
//! that has ended stays in the catalog until its last sample leaves the history, so that viewers can still read it. Ids are
//! interned: the same key has the same id, also if its series had ended or was retired (of those, the last
//! 16,384 are remembered), and no id is given to a second key. A group retires with its last series, and returns with the next
//! one that is registered in it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::Mutex;
use protocol::limits::{MAX_GROUP_SERIES, MAX_LABELS, MAX_NAME_BYTES, MAX_SERIES};
use protocol::{GroupId, Interval, Revision, SeriesId, Timestamp};
use series::Selector;

use crate::ingest::registry::{Group, GroupSource, RegisterError, Registry, Series};
use crate::stream::group_sources::GroupSources;
use crate::stream::selected_by::SelectedBy;
use crate::stream::selected_series::{Columns, SelectedSeries};

/// Keys of retired series whose ids are remembered: about 3 MB on a machine whose processes and interfaces change for ever.
const MAX_RETIRED_KEYS: usize = 16_384;

/// Retired groups that are remembered.
const MAX_RETIRED_GROUPS: usize = 4_096;

/// Patterns that are compared with series before the lock is released: below a millisecond.
pub const LOOK_PATTERNS: usize = 4_096;

/// Changes since the last call of [`Catalog::take_changes`]. Ids rise within each list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The revision of the catalog that has them.
    pub revision: Revision,
    /// New groups, and those whose description changed.
    pub groups: Vec<(GroupId, Group)>,
    /// New and revived series, and those whose description changed.
    pub series: Vec<(SeriesId, Series)>,
    pub retired: Vec<SeriesId>,
    pub retired_groups: Vec<GroupId>,
}

impl Changes {
    pub const fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.series.is_empty() && self.retired.is_empty() && self.retired_groups.is_empty()
    }
}

/// How far a selection has read the catalog.
#[derive(Clone, Copy, Debug, Default)]
pub struct SelectionProgress {
    /// All up to this one.
    last: SeriesId,
    is_complete: bool,
}

impl SelectionProgress {
    /// Returns true if it has looked at all of them.
    pub const fn is_complete(&self) -> bool {
        self.is_complete
    }
}

/// Cheap to clone: all clones are one catalog.
#[derive(Clone, Debug)]
pub struct Catalog {
    state: Arc<Mutex<State>>,
    max_series: usize,
    /// Also in the state, which forgets groups.
    sources: GroupSources,
}

#[derive(Debug, Default)]
struct State {
    groups: BTreeMap<GroupId, Group>,
    series: BTreeMap<SeriesId, Series>,
    group_ids: HashMap<String, GroupId>,
    series_ids: HashMap<SeriesKey, SeriesId>,
    /// Keys of retired series, oldest first. One may have been registered again since.
    retired_keys: VecDeque<SeriesKey>,
    /// By the time of their retirement, oldest first.
    retired_groups: VecDeque<(GroupId, Group)>,
    /// Series of each group.
    members: BTreeMap<GroupId, usize>,
    ended: BTreeMap<SeriesId, Timestamp>,
    /// The same, by time: one tick looks only at those that it retires.
    ended_by_time: BTreeSet<(Timestamp, SeriesId)>,
    last_group: u32,
    last_series: u32,
    changed: Changed,
    revision: Revision,
    sources: GroupSources,
}

#[derive(Debug, Default)]
struct Changed {
    groups: BTreeSet<GroupId>,
    series: BTreeSet<SeriesId>,
    retired: BTreeSet<SeriesId>,
    retired_groups: BTreeSet<GroupId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SeriesKey {
    group: GroupId,
    labels: Vec<(String, String)>,
}

impl SeriesKey {
    fn of(series: &Series) -> Self {
        let mut labels = series.labels.clone();
        labels.sort_unstable();
        Self { group: series.group, labels }
    }
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new(MAX_SERIES)
    }
}

impl Catalog {
    pub fn new(max_series: usize) -> Self {
        // 0 stands for no catalog.
        let sources = GroupSources::default();
        let state = State { revision: Revision(1), sources: sources.clone(), ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), max_series, sources }
    }

    /// Retires every series that ended before `oldest_kept`, the oldest time in the history.
    pub fn retire_before(&self, oldest_kept: Timestamp) {
        let mut state = self.state.lock();
        while let Some(&(ended, series)) = state.ended_by_time.first()
            && ended < oldest_kept
        {
            state.revive(series);
            state.retire(series);
        }
    }

    pub fn take_changes(&self) -> Changes {
        let state = &mut *self.state.lock();
        let changed = std::mem::take(&mut state.changed);
        Changes {
            revision: state.revision,
            groups: changed.groups.into_iter().map(|id| (id, state.groups[&id].clone())).collect(),
            series: changed.series.into_iter().map(|id| (id, state.series[&id].clone())).collect(),
            retired: changed.retired.into_iter().collect(),
            retired_groups: changed.retired_groups.into_iter().collect(),
        }
    }

    /// Rises whenever [`Catalog::whole`] changes.
    pub fn revision(&self) -> Revision {
        self.state.lock().revision
    }

    pub fn whole(&self) -> Changes {
        let state = self.state.lock();
        Changes {
            revision: state.revision,
            groups: state.groups.iter().map(|(&id, group)| (id, group.clone())).collect(),
            series: state.series.iter().map(|(&id, series)| (id, series.clone())).collect(),
            retired: Vec::new(),
            retired_groups: Vec::new(),
        }
    }

    /// The next series that a selection selects, in the order of their ids. Looks at a bounded part of the catalog.
    pub fn select(&self, by: &SelectedBy, progress: &mut SelectionProgress) -> Vec<(GroupId, SeriesId)> {
        let state = self.state.lock();
        if let SelectedBy::Ids(ids) = by {
            let first = ids.partition_point(|&id| id <= progress.last);
            let next = &ids[first..ids.len().min(first + LOOK_PATTERNS)];
            progress.last = next.last().copied().unwrap_or(progress.last);
            progress.is_complete = next.len() < LOOK_PATTERNS;
            return next.iter().filter_map(|&id| Some((state.series.get(&id)?.group, id))).collect();
        }
        let count = LOOK_PATTERNS / by.patterns().max(1);
        let series = state.series.range((Bound::Excluded(progress.last), Bound::Unbounded));
        let (mut seen, mut selected) = (0, Vec::new());
        for (&id, series) in series.take(count.max(1)) {
            (seen, progress.last) = (seen + 1, id);
            if by.selects(series.group, id, |selector| state.matches(selector, series)) {
                selected.push((series.group, id));
            }
        }
        progress.is_complete = seen < count.max(1);
        selected
    }

    /// Those of `ids` that a selection selects.
    pub fn select_of(&self, by: &SelectedBy, ids: &[SeriesId]) -> Vec<(GroupId, SeriesId)> {
        let state = self.state.lock();
        let of_catalog = ids.iter().filter_map(|&id| Some((id, state.series.get(&id)?)));
        let selects = |(id, series): &(SeriesId, &Series)| {
            by.selects(series.group, *id, |selector| state.matches(selector, series))
        };
        of_catalog.filter(selects).map(|(id, series)| (series.group, id)).collect()
    }

    /// The number of series of a set.
    pub fn count(&self, selected: &SelectedSeries) -> usize {
        let state = self.state.lock();
        let Some(groups) = selected.groups() else { return state.series.len() };
        let of_group = |(group, columns): (&GroupId, &Columns)| match columns {
            Columns::All => state.members.get(group).copied().unwrap_or_default(),
            Columns::Of(series) => series.len(),
        };
        groups.iter().map(of_group).sum()
    }

    /// The interval of a group, and the number of its series.
    pub fn size(&self, group: GroupId) -> Option<(Interval, usize)> {
        let state = self.state.lock();
        let series = state.members.get(&group).copied().unwrap_or_default();
        state.groups.get(&group).map(|group| (group.interval, series))
    }

    /// The interval of each group.
    pub fn intervals(&self) -> Vec<(GroupId, Interval)> {
        self.state.lock().groups.iter().map(|(&id, group)| (id, group.interval)).collect()
    }

    pub const fn sources(&self) -> &GroupSources {
        &self.sources
    }

    /// The numbers of groups and series.
    pub fn len(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.groups.len(), state.series.len())
    }
}

impl Registry for Catalog {
    fn register_group(&self, group: Group) -> Result<GroupId, RegisterError> {
        check_length("the name of a group", &group.name)?;
        check_length("the title of a group", &group.title)?;
        check_length("a unit", &group.unit)?;
        let state = &mut *self.state.lock();
        let next = GroupId(state.last_group + 1);
        let id = *state.group_ids.entry(group.name.clone()).or_insert(next);
        state.last_group = state.last_group.max(id.0);
        state.retired_groups.retain(|(retired, _)| *retired != id);
        if state.groups.get(&id) != Some(&group) {
            state.set_group(id, group);
        }
        Ok(id)
    }

    fn set_source(&self, group: GroupId, source: GroupSource) {
        self.sources.set(group, source);
    }

    fn register_series(&self, series: Series) -> Result<SeriesId, RegisterError> {
        check_length("the name of a series", &series.name)?;
        if series.labels.len() > MAX_LABELS {
            return Err(RegisterError::TooManyLabels { series: series.name, found: series.labels.len() });
        }
        for (name, value) in &series.labels {
            check_length("the name of a label", name)?;
            check_length("the value of a label", value)?;
        }
        self.state.lock().register(series, self.max_series)
    }

    fn end_series(&self, series: SeriesId, time: Timestamp) {
        let mut state = self.state.lock();
        if state.series.contains_key(&series) {
            state.revive(series);
            state.ended.insert(series, time);
            state.ended_by_time.insert((time, series));
        }
    }
}

impl State {
    fn matches(&self, selector: &Selector, series: &Series) -> bool {
        let labels = series.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        self.groups.get(&series.group).is_some_and(|group| selector.matches(&group.name, &series.name, labels))
    }

    fn register(&mut self, series: Series, max_series: usize) -> Result<SeriesId, RegisterError> {
        let key = SeriesKey::of(&series);
        let known = self.series_ids.get(&key).copied();
        let is_held = known.is_some_and(|id| self.series.contains_key(&id));
        if !is_held {
            self.make_room(series.group, max_series);
        }
        let retired = self.retired_groups.iter().position(|(id, _)| *id == series.group);
        let Some(group) = self.groups.get(&series.group).or(retired.map(|place| &self.retired_groups[place].1)) else {
            return Err(RegisterError::NoSuchGroup(series.group));
        };
        let held = known.and_then(|id| self.series.get(&id));
        if held.is_none() {
            if self.series.len() >= max_series {
                return Err(RegisterError::Full { series: series.name, limit: max_series });
            }
            let members = self.members.entry(series.group).or_default();
            if *members >= MAX_GROUP_SERIES {
                return Err(RegisterError::GroupFull { series: series.name, group: group.name.clone() });
            }
            *members += 1;
        }
        let is_changed = held != Some(&series);
        if let Some((id, group)) = retired.and_then(|place| self.retired_groups.remove(place)) {
            self.set_group(id, group);
        }
        let id = known.unwrap_or(SeriesId(self.last_series + 1));
        if known.is_none() {
            self.last_series = id.0;
            self.series_ids.insert(key, id);
        }
        self.revive(id);
        if is_changed {
            self.series.insert(id, series);
            self.changed.retired.remove(&id);
            self.changed.series.insert(id);
            self.revise();
        }
        Ok(id)
    }

    /// If the group or the catalog is full, retires a series that has ended, the one that ended first, before its last sample leaves the history: a
    /// series that lives needs its place.
    fn make_room(&mut self, group: GroupId, max_series: usize) {
        let is_group_full = self.members.get(&group).is_some_and(|&members| members >= MAX_GROUP_SERIES);
        if !is_group_full && self.series.len() < max_series {
            return;
        }
        let is_candidate =
            |id: &SeriesId| !is_group_full || self.series.get(id).is_some_and(|series| series.group == group);
        let first = self.ended_by_time.iter().map(|&(_, id)| id).find(is_candidate);
        if let Some(id) = first {
            self.revive(id);
            self.retire(id);
        }
    }

    fn set_group(&mut self, id: GroupId, group: Group) {
        let (unit, interval) = (group.unit.clone(), group.interval);
        let before = self.groups.insert(id, group);
        if before.is_some_and(|before| before.unit != unit || before.interval != interval) {
            // Viewers begin such a group again, with its series.
            let members = self.series.iter().filter(|(_, series)| series.group == id);
            self.changed.series.extend(members.map(|(series, _)| *series));
        }
        self.changed.retired_groups.remove(&id);
        self.changed.groups.insert(id);
        self.revise();
    }

    const fn revise(&mut self) {
        self.revision.0 += 1;
    }

    /// Removes the mark of the end of a series, if any.
    fn revive(&mut self, id: SeriesId) {
        if let Some(time) = self.ended.remove(&id) {
            self.ended_by_time.remove(&(time, id));
        }
    }

    fn retire(&mut self, id: SeriesId) {
        let Some(series) = self.series.remove(&id) else { return };
        self.revise();
        self.changed.series.remove(&id);
        self.changed.retired.insert(id);
        if let Some(members) = self.members.get_mut(&series.group) {
            *members -= 1;
            if *members == 0 {
                self.retire_group(series.group);
            }
        }
        self.retired_keys.push_back(SeriesKey::of(&series));
        if self.retired_keys.len() > MAX_RETIRED_KEYS {
            self.forget_oldest_key();
        }
    }

    /// Retires a group without series. It is remembered, since its source may register more.
    fn retire_group(&mut self, id: GroupId) {
        self.members.remove(&id);
        let Some(group) = self.groups.remove(&id) else { return };
        self.changed.groups.remove(&id);
        self.changed.retired_groups.insert(id);
        self.retired_groups.push_back((id, group));
        if self.retired_groups.len() > MAX_RETIRED_GROUPS
            && let Some((forgotten_id, forgotten)) = self.retired_groups.pop_front()
        {
            self.group_ids.remove(&forgotten.name);
            self.sources.forget(forgotten_id);
        }
    }

    /// A key that was registered again since is kept.
    fn forget_oldest_key(&mut self) {
        if let Some(key) = self.retired_keys.pop_front()
            && let Some(id) = self.series_ids.get(&key)
            && !self.series.contains_key(id)
        {
            self.series_ids.remove(&key);
        }
    }
}

fn check_length(what: &'static str, text: &str) -> Result<(), RegisterError> {
    if text.len() <= MAX_NAME_BYTES {
        return Ok(());
    }
    Err(RegisterError::NameTooLong { what, found: text.len(), begin: text.chars().take(32).collect() })
}

#[cfg(test)]
mod tests;
