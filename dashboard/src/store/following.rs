//! The groups that the page subscribes to: those on screen, and those that left it a moment ago.
//!
//! The first subscription is to everything, since the page does not know the groups yet. It is narrowed if the groups that are not on
//! screen have many values. A group that comes back is added, with the history of the window.
//!
//! Groups are sent as rows, or in buckets of the lengths (`steps`) that the charts on screen need. The first subscription has the
//! step of the charts that the page expects. A group whose step changes is added too.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    ClientMessage, EntriesBuffer, Epoch, Feature, GroupId, GroupStep, Interval, Resolution, Selection, Start, Subset,
    Timestamp,
};

use super::catalog_group::{CatalogGroup, Needs};
use super::steps::{self, Settling, Steps};

/// A group stays subscribed for this long after it left the screen, so that scrolling does not request history again and again.
const LINGER: Interval = Interval::from_secs(10);

/// The page leaves groups only if that saves at least this many values a second: about 15 KB/s. Each change of the
/// subscription delays live rows until the history of the added groups has arrived.
const LEAST_SAVED_PER_S: f64 = 5_000.0;

/// Whether groups may be left, or change their step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    Allowed,
    /// While the view is paused: it shows what the page would lose.
    Not,
}

/// The parts of a subscription that the server supports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Support {
    /// Everything is sent, as rows.
    #[default]
    Everything,
    /// Some groups can be selected.
    Subsets,
    /// And be sent as summaries.
    Summaries,
}

impl Support {
    /// That of a server with these features.
    pub fn of<'f>(features: impl IntoIterator<Item = Feature<'f>>) -> Self {
        features.into_iter().fold(Self::Everything, |support, feature| match (support, feature) {
            (Self::Everything, Feature::SUBSETS) => Self::Subsets,
            (_, Feature::SUMMARIES) => Self::Summaries,
            (support, _) => support,
        })
    }
}

/// The request for a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamRequest {
    pub start: Start,
    /// `None` for a server without the feature.
    pub id: Option<u32>,
    /// Rising; `None` for everything.
    pub groups: Option<Vec<GroupId>>,
    /// Those of which the page does not hold the rows up to its position, or not in this step.
    pub added: Vec<GroupId>,
    /// The step of groups that are not in `steps`; 0 for rows.
    pub step: Interval,
    /// Rising.
    pub steps: Vec<GroupStep>,
}

/// What the page has subscribed to.
#[derive(Debug, Default)]
pub struct Following {
    support: Support,
    epoch: Option<Epoch>,
    /// `None` for everything.
    groups: Option<BTreeSet<GroupId>>,
    /// Groups of `groups` whose history has not arrived.
    added: BTreeSet<GroupId>,
    steps: Steps,
    /// The length of the columns of the charts that the page expects.
    first_column: Interval,
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
        let Self { start, id, groups, added, step, steps } = self;
        let (mut selected, mut new, mut listed) = <(EntriesBuffer, EntriesBuffer, EntriesBuffer)>::default();
        groups.iter().flatten().try_for_each(|id| selected.push(id)).ok()?;
        added.iter().try_for_each(|id| new.push(id)).ok()?;
        steps.iter().try_for_each(|of| listed.push(of)).ok()?;
        let added = Selection::Groups(new.entries());
        let selection = match groups {
            None => Selection::Selector("*"),
            Some(_) => Selection::Groups(selected.entries()),
        };
        let resolution = Resolution { step: *step, groups: listed.entries() };
        let subset = id.map_or(Subset::Everything, |id| Subset::Of { id, selection, added, resolution });
        Some(send(ClientMessage::Subscribe { start: *start, subset }))
    }
}

impl Following {
    /// Records what the server supports.
    pub fn set_support(&mut self, support: Support) {
        self.support = support;
        if support == Support::Everything {
            self.begin_anew();
        }
        if support != Support::Summaries {
            self.steps = Steps::default();
        }
    }

    /// Sets the length of the columns of the charts that the page will have, for its first subscription.
    pub const fn expect_column(&mut self, column: Interval) {
        self.first_column = column;
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
        let has_id = self.support != Support::Everything;
        self.requested += u32::from(has_id);
        let id = has_id.then_some(self.requested);
        let groups = self.groups.as_ref().map(|groups| groups.iter().copied().collect());
        let added = self.added.iter().copied().collect();
        let (mut step, mut steps) = (Interval::ZERO, Vec::new());
        if self.support == Support::Summaries {
            step = self.steps.step();
            steps.extend(self.steps.listed().map(|(group, step)| GroupStep { group, step }));
        }
        StreamRequest { start, id, groups, added, step, steps }
    }

    /// Records the epoch of a catalog that restarts the stream. In another epoch, ids select nothing, so the page then
    /// subscribes to no group, and no group has a step of its own.
    pub fn catalog_began(&mut self, epoch: Epoch) {
        if self.epoch.replace(epoch).is_some_and(|before| before != epoch) {
            if let Some(groups) = &mut self.groups {
                groups.clear();
            }
            self.added.clear();
            self.steps.forget_ids();
            self.off_screen_since.clear();
        }
    }

    /// Records that the next connection begins with a window. The server may be in another epoch, in which ids mean others.
    pub fn begin_anew(&mut self) {
        self.groups = None;
        self.added.clear();
        self.steps = Steps::first(self.first_column);
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
        // Before the first layout, nothing is known to be on screen.
        if self.support == Support::Everything
            || !self.added.is_empty()
            || !catalog.iter().any(|group| group.is_on_screen)
        {
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
        let is_to_add = |group: &&CatalogGroup| {
            let is_known = self.support == Support::Subsets || group.needs != Needs::Unknown;
            group.is_on_screen && is_known && !self.follows(group.id)
        };
        let misses_one = catalog.iter().any(|group| is_to_add(&group));
        let to_leave = catalog.iter().filter(|group| self.follows(group.id) && is_to_leave(group));
        let saved: f64 = to_leave.map(|group| group.values_per_s).sum();
        let leaves = saved >= LEAST_SAVED_PER_S && may_leave == Leaving::Allowed;
        let stays =
            |group: &&CatalogGroup| self.follows(group.id) && !(leaves && is_to_leave(group)) || is_to_add(group);
        let chosen: Vec<&CatalogGroup> = catalog.iter().filter(stays).collect();
        // `collect` sorts first, which takes 6 KB of the page for each type.
        let mut new = BTreeSet::new();
        new.extend(catalog.iter().filter(is_to_add).map(|group| group.id));
        let wanted = self.wanted_steps(catalog, may_leave);
        let due = self.due_steps(&chosen, &wanted, now);
        if !misses_one && !leaves && due.is_empty() && !self.has_useless_step(catalog) {
            return false;
        }
        let step_of = |group: &CatalogGroup| match due.get(&group.id) {
            Some(step) => *step,
            None if new.contains(&group.id) => wanted.get(&group.id).copied().unwrap_or_default(),
            None => self.steps.of(group),
        };
        let listed: Vec<(GroupId, Interval)> = chosen.iter().map(|group| (group.id, step_of(group))).collect();
        self.steps.list(listed.into_iter());
        // Pages that show everything share one subscription.
        self.groups = (chosen.len() < catalog.len()).then(|| {
            let mut groups = BTreeSet::new();
            groups.extend(chosen.iter().map(|group| group.id));
            groups
        });
        self.added.extend(new);
        self.added.extend(due.into_keys());
        true
    }

    fn wanted_steps(&self, catalog: &[CatalogGroup], may_leave: Leaving) -> BTreeMap<GroupId, Interval> {
        if self.support != Support::Summaries || may_leave == Leaving::Not {
            return BTreeMap::new();
        }
        let mut wanted = BTreeMap::new();
        wanted.extend(steps::wanted(catalog).map(|(group, step)| (group.id, step)));
        wanted
    }

    /// The steps of groups that are followed already, and that are to change.
    fn due_steps(
        &mut self,
        chosen: &[&CatalogGroup],
        wanted: &BTreeMap<GroupId, Interval>,
        now: Timestamp,
    ) -> BTreeMap<GroupId, Interval> {
        // The first history is shortened at once.
        let settling = if self.has_filled { Settling::Awaited } else { Settling::Over };
        let followed = chosen.iter().filter(|group| self.groups.as_ref().is_none_or(|all| all.contains(&group.id)));
        let wanted = followed.filter_map(|group| Some((*group, *wanted.get(&group.id)?)));
        self.steps.due(wanted, settling, now)
    }

    /// Returns true if no group is sent in the step of the first subscription: without it, the page shares that to everything.
    fn has_useless_step(&self, catalog: &[CatalogGroup]) -> bool {
        self.has_filled
            && self.steps.step() > Interval::ZERO
            && catalog.iter().all(|group| self.steps.of(group) == Interval::ZERO)
    }
}

#[cfg(test)]
mod tests;
