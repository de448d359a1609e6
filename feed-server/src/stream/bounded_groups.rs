//! Groups whose memory and age are bounded together.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{GroupId, Sequence, Timestamp};

/// What a group holds.
pub trait Bounded {
    /// Bytes of memory.
    fn bytes(&self) -> usize;

    /// From this time on, something may be evicted; `None` if nothing is held.
    fn expires(&self) -> Option<Timestamp>;

    /// Evicts everything before `time`. Returns the last sequence that was evicted.
    fn evict_before(&mut self, time: Timestamp) -> Option<Sequence>;

    /// Evicts the oldest part. Returns its last sequence; `None` if nothing was held.
    fn evict_first(&mut self) -> Option<Sequence>;
}

/// Groups, which are also ordered by bytes and by age. The work of an eviction is proportional to what it evicts.
#[derive(Debug)]
pub struct BoundedGroups<G> {
    groups: BTreeMap<GroupId, G>,
    /// Bytes of all groups.
    bytes: usize,
    by_bytes: BTreeSet<(usize, GroupId)>,
    by_expiry: BTreeSet<(Timestamp, GroupId)>,
}

impl<G> Default for BoundedGroups<G> {
    fn default() -> Self {
        Self { groups: BTreeMap::new(), bytes: 0, by_bytes: BTreeSet::new(), by_expiry: BTreeSet::new() }
    }
}

impl<G: Bounded> BoundedGroups<G> {
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn get(&self, id: GroupId) -> Option<&G> {
        self.groups.get(&id)
    }

    /// In the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (GroupId, &G)> {
        self.groups.iter().map(|(&id, group)| (id, group))
    }

    /// Changes a group, which is made by `new` if it is not there, and its places in both orders.
    pub fn change<T>(&mut self, id: GroupId, new: impl FnOnce() -> G, change: impl FnOnce(&mut G) -> T) -> T {
        let Self { groups, bytes, by_bytes, by_expiry } = self;
        let group = groups.entry(id).or_insert_with(|| {
            let group = new();
            by_bytes.insert((group.bytes(), id));
            *bytes += group.bytes();
            group
        });
        record(group, id, (bytes, by_bytes, by_expiry), change)
    }

    /// Changes a group that is there.
    pub fn change_held<T>(&mut self, id: GroupId, change: impl FnOnce(&mut G) -> T) -> Option<T> {
        let Self { groups, bytes, by_bytes, by_expiry } = self;
        Some(record(groups.get_mut(&id)?, id, (bytes, by_bytes, by_expiry), change))
    }

    /// Evicts everything before `time`, and passes each group from which it evicts to `on_evicted`. Returns the last sequence that was evicted.
    pub fn evict_before(&mut self, time: Timestamp, mut on_evicted: impl FnMut(GroupId)) -> Option<Sequence> {
        let mut evicted = None;
        while let Some(&(expiry, group)) = self.by_expiry.first()
            && expiry < time
        {
            evicted = evicted.max(self.change_held(group, |group| group.evict_before(time)).flatten());
            on_evicted(group);
        }
        evicted
    }

    /// Evicts the oldest parts of the largest groups until all take at most `limit` bytes, and passes each of these groups to `on_evicted`. Returns the last
    /// sequence of them.
    pub fn evict_to(&mut self, limit: usize, mut on_evicted: impl FnMut(GroupId)) -> Option<Sequence> {
        let mut evicted = None;
        while self.bytes > limit
            && let Some(&(_, largest)) = self.by_bytes.last()
            && let Some(sequence) = self.change_held(largest, Bounded::evict_first).flatten()
        {
            evicted = evicted.max(Some(sequence));
            on_evicted(largest);
        }
        evicted
    }
}

/// The bytes of all groups, and the two orders.
type Orders<'a> = (&'a mut usize, &'a mut BTreeSet<(usize, GroupId)>, &'a mut BTreeSet<(Timestamp, GroupId)>);

fn record<G: Bounded, T>(
    group: &mut G,
    id: GroupId,
    (all_bytes, by_bytes, by_expiry): Orders<'_>,
    change: impl FnOnce(&mut G) -> T,
) -> T {
    let (bytes, expiry) = (group.bytes(), group.expires());
    let changed = change(group);
    if group.bytes() != bytes {
        by_bytes.remove(&(bytes, id));
        by_bytes.insert((group.bytes(), id));
        *all_bytes = *all_bytes - bytes + group.bytes();
    }
    if group.expires() != expiry {
        expiry.map(|time| by_expiry.remove(&(time, id)));
        group.expires().map(|time| by_expiry.insert((time, id)));
    }
    changed
}
