//! The groups that the page subscribes to: those on screen, and those that left it a moment ago.
//!
//! The first subscription is to everything, since the page does not know the groups yet. It is narrowed if the groups that are not on
//! screen have many values. A group that comes back is added, with the history of the window.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{ClientMessage, EntriesBuffer, Epoch, GroupId, Interval, Selection, Start, Subset, Timestamp};

/// A group stays subscribed for this long after it left the screen, so that scrolling does not request history again and again.
const LINGER: Interval = Interval::from_secs(10);

/// The subscription is narrowed if it then has this many values a second less, about 3 KB.
const LEAST_SAVED_PER_S: f64 = 1_000.0;

/// A group of the catalog.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CatalogGroup {
    pub id: GroupId,
    /// Values a second, as far as its interval says.
    pub values_per_s: f64,
    pub is_on_screen: bool,
}

/// The request for a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamRequest {
    pub start: Start,
    /// `None` for a server without the feature.
    pub id: Option<u32>,
    /// Rising; `None` for everything.
    pub groups: Option<Vec<GroupId>>,
    /// Those of which the page does not hold the rows up to its position.
    pub added: Vec<GroupId>,
}

/// What the page has subscribed to.
#[derive(Debug, Default)]
pub struct Following {
    /// The server has the feature.
    is_supported: bool,
    epoch: Option<Epoch>,
    /// `None` for everything.
    groups: Option<BTreeSet<GroupId>>,
    /// Those of them whose history has not arrived.
    added: BTreeSet<GroupId>,
    /// Since when groups are not on screen.
    off_screen_since: BTreeMap<GroupId, Timestamp>,
    /// The history has ended once: before, it is shortened at once.
    has_filled: bool,
    /// Of the last request, and of the last one that was answered.
    requested: u32,
    answered: u32,
}

impl StreamRequest {
    /// Passes the message with this request to `send`. Returns `None` if it cannot be encoded, which is a defect.
    pub fn send<T>(&self, send: impl FnOnce(ClientMessage<'_>) -> T) -> Option<T> {
        let Self { start, id, groups, added } = self;
        let (mut selected, mut new) = <(EntriesBuffer, EntriesBuffer)>::default();
        groups.iter().flatten().try_for_each(|id| selected.push(id)).ok()?;
        added.iter().try_for_each(|id| new.push(id)).ok()?;
        let added = Selection::Groups(new.entries());
        let selection = match groups {
            None => Selection::Selector("*"),
            Some(_) => Selection::Groups(selected.entries()),
        };
        let subset = id.map_or(Subset::Everything, |id| Subset::Of { id, selection, added });
        Some(send(ClientMessage::Subscribe { start: *start, subset }))
    }
}

impl Following {
    pub const fn set_supported(&mut self, is_supported: bool) {
        self.is_supported = is_supported;
    }

    /// Returns true if the group is subscribed to.
    pub fn follows(&self, group: GroupId) -> bool {
        self.groups.as_ref().is_none_or(|groups| groups.contains(&group))
    }

    /// The next request for the present subscription.
    pub fn request(&mut self, start: Start) -> StreamRequest {
        self.requested += u32::from(self.is_supported);
        let id = self.is_supported.then_some(self.requested);
        let groups = self.groups.as_ref().map(|groups| groups.iter().copied().collect());
        StreamRequest { start, id, groups, added: self.added.iter().copied().collect() }
    }

    /// Records the epoch of a catalog that restarts the stream. Of another epoch, the groups have other ids: a subscription to groups is one
    /// to nothing there.
    pub fn catalog_began(&mut self, epoch: Epoch) {
        if self.epoch.replace(epoch).is_some_and(|before| before != epoch) {
            if let Some(groups) = &mut self.groups {
                groups.clear();
            }
            self.added.clear();
            self.off_screen_since.clear();
        }
    }

    /// Records that what follows answers the request with this id.
    pub const fn answered(&mut self, id: u32) {
        self.answered = id;
    }

    /// Records the end of a history. It may be that of an earlier request.
    pub fn filled(&mut self) {
        if self.answered == self.requested {
            self.added.clear();
            self.has_filled = true;
        }
    }

    /// The groups whose history has not arrived.
    pub const fn added(&self) -> &BTreeSet<GroupId> {
        &self.added
    }

    /// Returns true if it subscribes to everything, of which all history has arrived.
    pub fn is_whole(&self) -> bool {
        self.groups.is_none() && self.added.is_empty()
    }

    /// Chooses what to subscribe to for these groups, which are all of the catalog. Returns true if it has changed.
    pub fn choose(&mut self, catalog: &[CatalogGroup], now: Timestamp) -> bool {
        let is_on_screen = |group: &&CatalogGroup| group.is_on_screen;
        // Before the first layout, nothing is known to be on screen.
        if !self.is_supported || !catalog.iter().any(|group| group.is_on_screen) {
            return false;
        }
        for group in catalog {
            if group.is_on_screen {
                self.off_screen_since.remove(&group.id);
            } else {
                self.off_screen_since.entry(group.id).or_insert(now);
            }
        }
        let linger = if self.has_filled { LINGER } else { Interval::ZERO };
        let is_to_leave = |group: &CatalogGroup| {
            let since = self.off_screen_since.get(&group.id);
            since.is_some_and(|&since| now.micros_since(since) >= linger.micros().cast_signed())
        };
        let misses_one = catalog.iter().filter(is_on_screen).any(|group| !self.follows(group.id));
        let to_leave = catalog.iter().filter(|group| self.follows(group.id) && is_to_leave(group));
        let saved: f64 = to_leave.map(|group| group.values_per_s).sum();
        if !misses_one && saved < LEAST_SAVED_PER_S {
            return false;
        }
        let leaves = saved >= LEAST_SAVED_PER_S;
        let stays =
            |group: &&CatalogGroup| group.is_on_screen || self.follows(group.id) && !(leaves && is_to_leave(group));
        let chosen: BTreeSet<GroupId> = catalog.iter().filter(stays).map(|group| group.id).collect();
        let new = chosen.iter().copied().filter(|&group| !self.follows(group)).collect::<Vec<_>>();
        self.added.retain(|group| chosen.contains(group));
        self.added.extend(new);
        // Pages that show everything share one subscription.
        self.groups = (chosen.len() < catalog.len()).then_some(chosen);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Start = Start::Window(Interval::from_secs(60));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// Ten groups of 800 values a second, of which these are on screen.
    fn screen(on_screen: &[u32]) -> Vec<CatalogGroup> {
        let group = |id| CatalogGroup { id: GroupId(id), values_per_s: 800.0, is_on_screen: on_screen.contains(&id) };
        (1..=10).map(group).collect()
    }

    fn requested(following: &mut Following) -> (Option<Vec<u32>>, Vec<u32>) {
        let StreamRequest { groups, added, .. } = following.request(START);
        let ids = |groups: Vec<GroupId>| groups.into_iter().map(|group| group.0).collect::<Vec<_>>();
        (groups.map(ids), ids(added))
    }

    fn following() -> Following {
        let mut following = Following::default();
        following.set_supported(true);
        following.catalog_began(Epoch(1));
        following
    }

    #[test]
    fn groups_off_screen_are_left_after_a_while_and_added_when_they_come_back() {
        let mut following = following();
        following.filled();
        assert!(!following.choose(&screen(&[]), at(0)), "nothing is laid out yet");
        assert!(!following.choose(&screen(&[1, 2, 3]), at(0)));
        assert_eq!(requested(&mut following), (None, vec![]));
        assert!(!following.choose(&screen(&[1, 2, 3]), at(9)));
        assert!(following.choose(&screen(&[1, 2, 3]), at(10)));
        assert_eq!(requested(&mut following), (Some(vec![1, 2, 3]), vec![]));
        assert!(following.follows(GroupId(3)) && !following.follows(GroupId(4)));
        assert!(following.choose(&screen(&[3, 4, 5]), at(11)));
        assert_eq!(requested(&mut following), (Some(vec![1, 2, 3, 4, 5]), vec![4, 5]), "1 and 2 linger");
        assert!(following.choose(&screen(&[4, 6]), at(12)));
        assert_eq!(
            requested(&mut following),
            (Some(vec![1, 2, 3, 4, 5, 6]), vec![4, 5, 6]),
            "no history of 4 has come"
        );
        following.answered(following.requested - 1);
        following.filled();
        assert_eq!(following.added().len(), 3, "the history of an earlier request");
        following.answered(following.requested);
        following.filled();
        assert!(following.choose(&screen(&[4, 6]), at(30)));
        assert_eq!(requested(&mut following), (Some(vec![4, 6]), vec![]));
        assert!(!following.choose(&screen(&[4, 6]), at(99)));
    }

    #[test]
    fn a_page_that_shows_every_group_subscribes_to_everything() {
        let mut following = following();
        assert!(following.choose(&screen(&[1]), at(10)));
        assert!(following.choose(&screen(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), at(11)));
        assert_eq!(requested(&mut following), (None, (2..=10).collect()));
    }

    #[test]
    fn the_first_history_is_shortened_at_once() {
        let mut following = following();
        assert!(following.choose(&screen(&[2]), at(0)));
        assert_eq!(requested(&mut following), (Some(vec![2]), vec![]));
    }

    #[test]
    fn little_traffic_is_not_saved_and_a_server_without_the_feature_sends_everything() {
        let mut following = following();
        let slow: Vec<_> = screen(&[1]).into_iter().map(|group| CatalogGroup { values_per_s: 80.0, ..group }).collect();
        following.choose(&slow, at(0));
        assert!(!following.choose(&slow, at(100)), "720 values a second");
        following.set_supported(false);
        assert!(!following.choose(&screen(&[1]), at(200)));
    }

    #[test]
    fn in_another_epoch_the_groups_on_screen_are_added() {
        let mut following = following();
        following.choose(&screen(&[1]), at(0));
        following.choose(&screen(&[1]), at(10));
        following.catalog_began(Epoch(2));
        assert_eq!(requested(&mut following), (Some(vec![]), vec![]));
        assert!(following.choose(&screen(&[7]), at(11)));
        assert_eq!(requested(&mut following), (Some(vec![7]), vec![7]));
    }
}
