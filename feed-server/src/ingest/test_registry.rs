//! A registry for the tests of sources. The real one is the stream's catalog, which this room must not import.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use protocol::{GroupId, SeriesId, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::ingest::batch_queue::BatchSender;
use crate::ingest::context::{Registrar, SourceContext};
use crate::ingest::health::SourceHealth;
use crate::ingest::registry::{Group, GroupSource, RegisterError, Registry, Series};

#[derive(Debug, Default)]
pub(crate) struct TestRegistry(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    groups: Vec<Group>,
    series: Vec<Series>,
    /// By group and labels.
    places: HashMap<(GroupId, Vec<(String, String)>), usize>,
    ended: BTreeSet<SeriesId>,
    limit: Option<usize>,
}

impl TestRegistry {
    /// The context of a source that registers here and sends to `batches`.
    pub(crate) fn context(self: &Arc<Self>, batches: BatchSender) -> SourceContext {
        let registry: Arc<dyn Registry> = Arc::<Self>::clone(self);
        SourceContext::new(Registrar::new(registry, SourceHealth::new("test"), 1), batches, CancellationToken::new())
    }

    /// Sets the number of series from which on every group is full.
    pub(crate) fn limit(&self, series: usize) {
        self.0.lock().limit = Some(series);
    }

    /// Forgets all groups, as a catalog forgets those that had no series for long.
    pub(crate) fn forget_groups(&self) {
        self.0.lock().groups.clear();
    }

    pub(crate) fn groups(&self) -> Vec<Group> {
        self.0.lock().groups.clone()
    }

    pub(crate) fn series(&self) -> Vec<Series> {
        self.0.lock().series.clone()
    }

    /// The series that have not ended, each with its id.
    pub(crate) fn live_series(&self) -> Vec<(SeriesId, Series)> {
        let state = self.0.lock();
        let numbered = (1..).map(SeriesId).zip(state.series.iter().cloned());
        numbered.filter(|(id, _)| !state.ended.contains(id)).collect()
    }

    /// Series that have not ended.
    pub(crate) fn live(&self) -> usize {
        let state = self.0.lock();
        state.series.len() - state.ended.len()
    }
}

impl Registry for TestRegistry {
    fn register_group(&self, group: Group) -> Result<GroupId, RegisterError> {
        let groups = &mut self.0.lock().groups;
        let place = groups.iter().position(|held| held.name == group.name);
        let place = place.unwrap_or_else(|| {
            groups.push(group.clone());
            groups.len() - 1
        });
        groups[place] = group;
        Ok(GroupId(place as u32 + 1))
    }

    fn set_source(&self, _group: GroupId, _source: GroupSource) {}

    fn register_series(&self, series: Series) -> Result<SeriesId, RegisterError> {
        let state = &mut *self.0.lock();
        if series.group.0 as usize > state.groups.len() {
            return Err(RegisterError::NoSuchGroup(series.group));
        }
        let key = (series.group, series.labels.clone());
        let place = match state.places.get(&key) {
            Some(&place) => {
                state.series[place] = series;
                place
            }
            None if state.limit.is_some_and(|limit| state.series.len() >= limit) => {
                return Err(RegisterError::GroupFull { series: series.name, group: series.group.to_string() });
            }
            None => {
                state.places.insert(key, state.series.len());
                state.series.push(series);
                state.series.len() - 1
            }
        };
        let id = SeriesId(place as u32 + 1);
        state.ended.remove(&id);
        Ok(id)
    }

    fn end_series(&self, series: SeriesId, _time: Timestamp) {
        self.0.lock().ended.insert(series);
    }
}
