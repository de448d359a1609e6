//! The groups that the page subscribes to: those on screen, and those that left it a moment ago.
//!
//! The first subscription is to everything, since the page does not know the groups yet. It is narrowed if the groups that are not on
//! screen have many values. A group that comes back is added, with the history of the window.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    ClientMessage, EntriesBuffer, Epoch, GroupId, Interval, Resolution, Selection, Start, Subset, Timestamp,
};

/// A group stays subscribed for this long after it left the screen, so that scrolling does not request history again and again.
const LINGER: Interval = Interval::from_secs(10);

/// The page leaves groups only if that saves at least this many values a second: about 15 KB/s. Each change of the
/// subscription delays live rows until the history of the added groups has arrived.
const LEAST_SAVED_PER_S: f64 = 5_000.0;

/// A group of the catalog.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CatalogGroup {
    pub id: GroupId,
    /// Values a second, as far as its interval says.
    pub values_per_s: f64,
    pub is_on_screen: bool,
}

/// Whether groups may be left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    Allowed,
    /// While the view is paused: it shows rows that the page would lose.
    Not,
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
    /// Groups of `groups` whose history has not arrived.
    added: BTreeSet<GroupId>,
    /// The time at which each group left the screen.
    off_screen_since: BTreeMap<GroupId, Timestamp>,
    /// True after the first complete history. Before, groups off screen are left without [`LINGER`], which shortens that history.
    has_filled: bool,
    /// Id of the last request.
    requested: u32,
    /// Id of the last request that was answered.
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
        let subset =
            id.map_or(Subset::Everything, |id| Subset::Of { id, selection, added, resolution: Resolution::ROWS });
        Some(send(ClientMessage::Subscribe { start: *start, subset }))
    }
}

impl Following {
    /// Records whether the server has the feature. One without it sends everything.
    pub fn set_supported(&mut self, is_supported: bool) {
        self.is_supported = is_supported;
        if !is_supported {
            self.begin_anew();
        }
    }

    /// Returns true if the group is subscribed to and its history has arrived.
    pub fn has(&self, group: GroupId) -> bool {
        self.follows(group) && !self.added.contains(&group)
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

    /// Records the epoch of a catalog that restarts the stream. In another epoch, ids select nothing, so the page then
    /// subscribes to no group.
    pub fn catalog_began(&mut self, epoch: Epoch) {
        if self.epoch.replace(epoch).is_some_and(|before| before != epoch) {
            if let Some(groups) = &mut self.groups {
                groups.clear();
            }
            self.added.clear();
            self.off_screen_since.clear();
        }
    }

    /// Records that the next connection begins with a window. The server may be in another epoch, in which ids mean others.
    pub fn begin_anew(&mut self) {
        self.groups = None;
        self.added.clear();
        self.off_screen_since.clear();
        self.has_filled = false;
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

    /// Chooses what to subscribe to for these groups, which are all of the catalog. Returns true if it has changed. While a history is awaited,
    /// nothing changes: a page that scrolls does not ask for it again and again.
    pub fn choose(&mut self, catalog: &[CatalogGroup], may_leave: Leaving, now: Timestamp) -> bool {
        let is_on_screen = |group: &&CatalogGroup| group.is_on_screen;
        // Before the first layout, nothing is known to be on screen.
        if !self.is_supported || !self.added.is_empty() || !catalog.iter().any(|group| group.is_on_screen) {
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
        let leaves = saved >= LEAST_SAVED_PER_S && may_leave == Leaving::Allowed;
        if !misses_one && !leaves {
            return false;
        }
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

    /// Ten groups of 2,000 values a second, of which these are on screen.
    fn screen(on_screen: &[u32]) -> Vec<CatalogGroup> {
        let group = |id| CatalogGroup { id: GroupId(id), values_per_s: 2_000.0, is_on_screen: on_screen.contains(&id) };
        (1..=10).map(group).collect()
    }

    fn choose(following: &mut Following, catalog: &[CatalogGroup], now: Timestamp) -> bool {
        following.choose(catalog, Leaving::Allowed, now)
    }

    fn fill(following: &mut Following) {
        following.answered(following.requested);
        following.filled();
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
    fn groups_off_screen_are_left_after_ten_seconds_and_added_when_they_return() {
        let mut following = following();
        following.filled();
        assert!(!choose(&mut following, &screen(&[]), at(0)), "nothing is laid out yet");
        assert!(!choose(&mut following, &screen(&[1, 2, 3]), at(0)));
        assert_eq!(requested(&mut following), (None, vec![]));
        assert!(!choose(&mut following, &screen(&[1, 2, 3]), at(9)));
        assert!(choose(&mut following, &screen(&[1, 2, 3]), at(10)));
        assert_eq!(requested(&mut following), (Some(vec![1, 2, 3]), vec![]));
        assert!(following.follows(GroupId(3)) && !following.follows(GroupId(4)));
        assert!(choose(&mut following, &screen(&[3, 4, 5]), at(11)));
        assert_eq!(requested(&mut following), (Some(vec![1, 2, 3, 4, 5]), vec![4, 5]), "1 and 2 linger");
        assert!(!following.has(GroupId(4)) && following.has(GroupId(3)));
        assert!(!choose(&mut following, &screen(&[4, 6]), at(12)), "the history is awaited");
        following.answered(following.requested - 1);
        following.filled();
        assert_eq!(following.added().len(), 2, "the history of an earlier request");
        fill(&mut following);
        assert!(choose(&mut following, &screen(&[4, 6]), at(13)));
        assert_eq!(requested(&mut following), (Some(vec![1, 2, 3, 4, 5, 6]), vec![6]));
        fill(&mut following);
        assert!(!following.choose(&screen(&[4, 6]), Leaving::Not, at(30)), "a paused view keeps what it has");
        assert!(choose(&mut following, &screen(&[4, 6]), at(30)));
        assert_eq!(requested(&mut following), (Some(vec![4, 6]), vec![]));
        assert!(following.choose(&screen(&[5]), Leaving::Not, at(31)), "and is sent what comes on screen");
        assert!(!choose(&mut following, &screen(&[4, 6]), at(99)));
    }

    #[test]
    fn a_page_that_shows_every_group_subscribes_to_everything() {
        let mut following = following();
        assert!(choose(&mut following, &screen(&[1]), at(10)));
        assert!(choose(&mut following, &screen(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), at(11)));
        assert_eq!(requested(&mut following), (None, (2..=10).collect()));
    }

    #[test]
    fn the_first_history_is_shortened_at_once() {
        let mut following = following();
        assert!(choose(&mut following, &screen(&[2]), at(0)));
        assert_eq!(requested(&mut following), (Some(vec![2]), vec![]));
    }

    #[test]
    fn the_page_subscribes_to_everything_if_little_is_saved_or_the_feature_is_missing() {
        let mut following = following();
        let slow: Vec<_> = screen(&[1]).into_iter().map(|group| CatalogGroup { values_per_s: 80.0, ..group }).collect();
        choose(&mut following, &slow, at(0));
        assert!(!choose(&mut following, &slow, at(100)), "720 values a second");
        following.set_supported(false);
        assert!(!choose(&mut following, &screen(&[1]), at(200)));
    }

    #[test]
    fn without_a_position_the_next_connection_subscribes_to_everything() {
        let mut following = following();
        assert!(choose(&mut following, &screen(&[1]), at(0)));
        following.begin_anew();
        assert_eq!(requested(&mut following), (None, vec![]));
        assert!(choose(&mut following, &screen(&[1]), at(1)));
    }

    #[test]
    fn in_another_epoch_the_groups_on_screen_are_added() {
        let mut following = following();
        choose(&mut following, &screen(&[1]), at(0));
        choose(&mut following, &screen(&[1]), at(10));
        following.catalog_began(Epoch(2));
        assert_eq!(requested(&mut following), (Some(vec![]), vec![]));
        assert!(choose(&mut following, &screen(&[7]), at(11)));
        assert_eq!(requested(&mut following), (Some(vec![7]), vec![7]));
    }
}
