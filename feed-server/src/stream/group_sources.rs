//! The source of each group: how late its rows may come, and where rows out of order are counted.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use protocol::{GroupId, Interval};

use crate::ingest::registry::GroupSource;
use crate::ingest::row_order::OutOfOrder;

/// The source that registered each group last. Cheap to clone: all clones are one table. It has a lock of its own, which is never
/// held for long, because rows are accepted under the hub's lock.
#[derive(Clone, Debug, Default)]
pub struct GroupSources(Arc<RwLock<HashMap<GroupId, GroupSource>>>);

impl GroupSources {
    pub fn set(&self, group: GroupId, source: GroupSource) {
        self.0.write().insert(group, source);
    }

    pub fn forget(&self, group: GroupId) {
        self.0.write().remove(&group);
    }

    /// The time by which a row of the group may be older than the newest; zero for a group without a source.
    pub fn merge_window(&self, group: GroupId) -> Interval {
        self.0.read().get(&group).map_or(Interval::ZERO, |source| source.merge_window)
    }

    /// Counts rows in the health of the group's source.
    pub fn count(&self, group: GroupId, rows: OutOfOrder) {
        if let Some(source) = self.0.read().get(&group) {
            source.health.count_out_of_order(rows);
        }
    }
}
