//! The effect of each kind of frame on the store.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use protocol::limits::MAX_SERIES;
use protocol::{
    BlockMode, Blocks, Body, Catalog, CatalogScope, Frame, GapContent, GroupId, Interval, Revision, SampleList, Start,
    Timestamp,
};

use super::capacity::{self, BUDGET_BYTES, Demand};
use super::derived::Derivation;
use super::derived_groups::{DerivedGroups, DerivedUse};
use super::group::{Description, Group};
use super::locator::Locator;
use super::past::{Past, PastSummary};
use super::past_answer::{AnswerSummary, PastAnswer};
use super::position::{Overlap, Position, Unreadable, Verdict};
use series::pyramid::BUCKET_ROWS;
use series::transforms::histogram::BadBuckets;

/// The part of the stream that the page keeps.
#[derive(Debug)]
pub struct Store {
    window: Interval,
    groups: Vec<Group>,
    places: HashMap<GroupId, usize>,
    locator: Locator,
    derived: DerivedGroups,
    position: Position,
    /// Series of the current catalog were refused.
    has_refused: bool,
    /// The number of silent groups in the last heartbeat.
    silent: usize,
    /// Whether all rows since the last call of `take_only_late` were late.
    only_late: Option<bool>,
    counts: Counts,
}

/// Counters since the page was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Values that were stored.
    pub samples: u64,
    /// Holes that the server declared or the page detected, including those that were filled later.
    pub gaps: u64,
    /// Requests for frames that were lost without a declaration.
    pub repairs: u64,
    /// Transfers of history: one when the page was loaded, and one for each request since.
    pub fills: u64,
    /// Columns and blocks of series and groups that are in no catalog.
    pub unknown: u64,
    /// Series of the catalog above [`MAX_SERIES`].
    pub refused: u64,
    /// Frames that were received twice.
    pub duplicates: u64,
}

/// The kind of frame that blocks came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Live,
    History,
}

/// The effect of a frame on the rest of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// None, or new samples.
    Stored,
    /// Groups or series were added or removed.
    CatalogChanged,
    /// Frames were lost: the page must subscribe again, from [`Store::start`].
    Lost,
}

impl Store {
    /// An empty store that keeps at least `window`, or less if the page's memory budget requires it.
    pub fn new(window: Interval) -> Self {
        Self {
            window,
            groups: Vec::new(),
            places: HashMap::new(),
            locator: Locator::default(),
            derived: DerivedGroups::default(),
            position: Position::default(),
            has_refused: false,
            silent: 0,
            only_late: None,
            counts: Counts::default(),
        }
    }

    /// The groups of the catalog, in any order.
    pub fn ids(&self) -> impl Iterator<Item = (GroupId, &Group)> {
        self.places.iter().map(|(&id, &place)| (id, &self.groups[place]))
    }

    /// Records to which groups of the catalog the page subscribes. Others are never stale.
    pub fn follow(&mut self, is_followed: impl Fn(GroupId) -> bool) {
        for (&id, &place) in &self.places {
            self.groups[place].set_followed(is_followed(id));
        }
    }

    /// The number of silent groups, as the server stated last.
    pub const fn silent(&self) -> usize {
        self.silent
    }

    /// Returns true if there were rows since the last call, and all of them were late.
    pub const fn take_only_late(&mut self) -> bool {
        matches!(self.only_late.take(), Some(true))
    }

    /// In the order of the page.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    pub const fn counts(&self) -> Counts {
        self.counts
    }

    pub fn series(&self) -> usize {
        self.groups.iter().map(|group| group.series().len()).sum()
    }

    /// Allocated bytes of times, values and summaries.
    pub fn bytes(&self) -> usize {
        self.groups.iter().map(Group::bytes).sum::<usize>() + self.derived.bytes()
    }

    /// The derived group of a group at `place`. Equal derivations share one group. It is kept up to date by
    /// [`update_derived`](Self::update_derived) until the last use is dropped.
    pub fn derive(&mut self, place: usize, derivation: Derivation) -> Option<DerivedUse> {
        let used = self.derived.use_of(self.groups.get(place)?, derivation);
        if self.bytes() > BUDGET_BYTES {
            self.fit_memory();
            self.derived.update(&self.groups);
        }
        Some(used)
    }

    /// The rows of a derived group.
    ///
    /// # Errors
    /// [`BadBuckets`] if the transform reads histogram buckets and those of the source are malformed.
    pub fn derived(&self, used: &DerivedUse) -> Result<&Group, Option<&BadBuckets>> {
        self.derived.get(used)
    }

    /// Computes the new rows of the derived groups, and drops those without a use.
    ///
    /// Hot: once a display frame.
    pub fn update_derived(&mut self) {
        self.derived.update(&self.groups);
    }

    /// The time that the rings cover, if the memory budget is too small for the window.
    pub fn shortfall(&self) -> Option<Interval> {
        self.groups.iter().map(Group::reach).min().filter(|&reach| reach < self.window)
    }

    /// Takes the answer to a query about the time before the rows of the group with this name. Without `oldest`, it replaces what is held;
    /// with it, it follows, and what ends before `oldest` is dropped.
    pub fn take_past(
        &mut self,
        name: &str,
        step: Interval,
        range: Range<Timestamp>,
        answer: &PastAnswer,
        oldest: Option<Timestamp>,
    ) {
        let Some(place) = self.groups.iter().position(|group| group.name == name) else { return };
        let id = self.places.iter().find(|(_, held)| **held == place).map(|(id, _)| *id);
        let group = &mut self.groups[place];
        let placed = |found: &AnswerSummary| {
            let AnswerSummary { start, step, summary, .. } = *found;
            Some(PastSummary { series: group.find(found.series)?, start, step, summary })
        };
        let summaries: Vec<PastSummary> = id.map_or(&[][..], |id| answer.of(id)).iter().filter_map(placed).collect();
        group.change_past(|past| match oldest {
            None => past.replace(step, range, summaries),
            Some(oldest) => past.extend(range.end, summaries, oldest),
        });
    }

    /// Drops the summaries of the time before the rows of groups that are not among `names`.
    pub fn keep_past(&mut self, names: &[&str]) {
        for group in &mut self.groups {
            if group.past().range().is_some() && !names.contains(&group.name.as_str()) {
                group.change_past(Past::clear);
            }
        }
    }

    /// The start of the next subscription.
    pub const fn start(&self) -> Start {
        self.position.start(self.window)
    }

    pub const fn position(&self) -> &Position {
        &self.position
    }

    /// Records that a new connection has subscribed from [`start`](Self::start).
    pub fn connected(&mut self) {
        self.position.connected();
    }

    /// Records that a message could not be decoded: it may have been any frame.
    pub fn unreadable(&mut self) -> Applied {
        match self.position.unreadable() {
            Unreadable::Wait => Applied::Stored,
            Unreadable::Ask => self.lost(),
            Unreadable::Hole => {
                self.break_lines();
                Applied::Stored
            }
        }
    }

    /// The time of the newest row of all groups.
    pub fn newest(&self) -> Option<Timestamp> {
        self.groups.iter().filter_map(Group::newest).max()
    }

    pub fn apply(&mut self, frame: &Frame<'_>) -> Applied {
        match self.position.judge(&frame.header, &frame.body) {
            Verdict::Take => self.take(frame),
            Verdict::TakeAfterHole => {
                self.break_lines();
                self.take(frame)
            }
            Verdict::Duplicate => {
                self.counts.duplicates += 1;
                Applied::Stored
            }
            Verdict::Leave => Applied::Stored,
            Verdict::Ask => self.lost(),
        }
    }

    fn take(&mut self, frame: &Frame<'_>) -> Applied {
        match &frame.body {
            Body::Catalog(catalog) => {
                self.counts.fills += u64::from(catalog.scope != CatalogScope::Changes);
                self.catalog(catalog, frame.header.sent);
                // Series that were refused may have room after a while.
                let revision = if self.has_refused { Revision(0) } else { catalog.revision };
                self.position.catalog_taken(revision);
                if catalog.scope != CatalogScope::Unchanged {
                    return Applied::CatalogChanged;
                }
            }
            Body::Samples(samples) => {
                self.blocks(&samples.blocks, Source::Live);
                self.samples(&samples.list);
            }
            Body::History(history) => {
                let overlap = self.blocks(&history.blocks, Source::History);
                self.position.history_taken(overlap);
            }
            Body::Gap(gap) if gap.content == GapContent::Rows => self.break_lines(),
            Body::Heartbeat(heartbeat) => self.silent = heartbeat.silent as usize,
            _ => {}
        }
        Applied::Stored
    }

    /// Drops series and groups that have ended and have no row from `oldest` on. Returns false if none was dropped.
    pub fn prune(&mut self, oldest: Timestamp) -> bool {
        let mut pruned = 0;
        for group in &mut self.groups {
            let row = group.first_row_at(oldest);
            pruned += group.prune(row);
        }
        let before = self.groups.len();
        let described: HashSet<usize> = self.places.values().copied().collect();
        let mut kept = 0;
        // The new index of each group that stays.
        let to: Vec<Option<usize>> = (self.groups.iter().enumerate())
            .map(|(place, group)| {
                let stays = !group.series().is_empty() || described.contains(&place);
                kept += usize::from(stays);
                stays.then(|| kept - 1)
            })
            .collect();
        let mut stays = to.iter().map(Option::is_some);
        self.groups.retain(|_| stays.next().unwrap_or(true));
        self.places.values_mut().for_each(|place| *place = to[*place].unwrap_or(*place));
        self.locator.groups_moved(&to);
        pruned > 0 || self.groups.len() != before
    }

    const fn lost(&mut self) -> Applied {
        self.counts.repairs += 1;
        Applied::Lost
    }

    /// Marks a hole between the held rows and those that follow. Counts it unless it was marked already.
    fn break_lines(&mut self) {
        let broken = self.groups.iter_mut().map(Group::break_line).filter(|is_broken| *is_broken).count();
        self.counts.gaps += u64::from(broken > 0);
    }

    fn catalog(&mut self, catalog: &Catalog<'_>, sent: Timestamp) {
        if catalog.scope != CatalogScope::Changes {
            self.groups.iter_mut().for_each(Group::await_history);
        }
        if catalog.scope == CatalogScope::Whole {
            self.places.clear();
            self.locator.clear();
            self.has_refused = false;
            self.groups.iter_mut().for_each(Group::forget_ids);
        }
        for descriptor in &catalog.groups {
            let description = Description {
                name: descriptor.name,
                title: descriptor.title,
                unit: descriptor.unit,
                interval: descriptor.interval,
                bounds: descriptor.bounds,
            };
            let place = self.place_of(description, sent);
            self.places.insert(descriptor.id, place);
        }
        let mut room = MAX_SERIES.saturating_sub(self.series());
        for descriptor in &catalog.series {
            let Some(group) = self.places.get(&descriptor.group).map(|&place| &mut self.groups[place]) else {
                self.counts.unknown += 1;
                continue;
            };
            let is_new = !group.holds(&descriptor);
            if is_new && room == 0 {
                self.counts.refused += 1;
                self.has_refused = true;
                continue;
            }
            room -= usize::from(is_new);
            group.admit(&descriptor);
            self.locator.insert(descriptor.id, self.places[&descriptor.group]);
        }
        for series in &catalog.retired {
            self.locator.remove(series);
            self.groups.iter_mut().for_each(|group| group.end(series));
        }
        for group in &catalog.retired_groups {
            // Its rows stay until they are pruned.
            self.places.remove(&group);
        }
        self.fit_memory();
    }

    /// Sets the length of new groups' rings, and shortens all rings if they exceed the budget.
    fn fit_memory(&mut self) {
        let demand = |group: &Group| Demand {
            interval: group.interval,
            series: group.series().len() + self.derived.series_of(&group.name),
        };
        let demands: Vec<_> = self.groups.iter().map(demand).collect();
        let rows = capacity::plan(self.window, &demands, BUDGET_BYTES);
        let is_too_much = self.bytes() > BUDGET_BYTES;
        for (group, rows) in self.groups.iter_mut().zip(rows) {
            if is_too_much {
                // With spare room: a catalog in many messages must not resize every ring with each message.
                group.resize((rows * 3 / 4).next_multiple_of(BUCKET_ROWS as usize).min(group.capacity()));
            } else if group.is_new() {
                group.resize(rows);
            }
        }
    }

    /// The index of a group. One with unchanged unit and interval keeps its index and its rows.
    fn place_of(&mut self, description: Description<'_>, sent: Timestamp) -> usize {
        let Some(place) = self.groups.iter().position(|group| group.name == description.name) else {
            self.groups.push(Group::new(description, sent));
            return self.groups.len() - 1;
        };
        let known = &mut self.groups[place];
        if known.unit == description.unit && known.interval == description.interval {
            description.title.clone_into(&mut known.title);
            known.bounds = description.bounds;
        } else {
            // Values in another unit cannot share an axis, and another interval needs other rings.
            *known = Group::new(description, sent);
        }
        place
    }

    /// Merges short rows.
    fn samples(&mut self, list: &SampleList<'_>) {
        let Self { groups, locator, counts, only_late, .. } = self;
        counts.unknown += locator.locate(list, groups);
        for samples in locator.by_group() {
            let group = &mut groups[samples[0].group];
            if group.newest().is_some_and(|newest| samples[0].time <= newest) {
                only_late.get_or_insert(true);
                group.merge_late_samples(samples);
            } else {
                *only_late = Some(false);
                samples.chunk_by(|one, other| one.time == other.time).for_each(|row| group.append_row(row));
            }
            counts.samples += samples.len() as u64;
        }
    }

    fn blocks(&mut self, blocks: &Blocks<'_>, source: Source) -> Overlap {
        let mut overlap = Overlap::None;
        for block in blocks {
            let Some(&place) = self.places.get(&block.group) else {
                self.counts.unknown += 1;
                continue;
            };
            let Some(first) = block.times.iter().next() else { continue };
            let group = &mut self.groups[place];
            self.only_late = Some(block.mode == BlockMode::Late && self.only_late != Some(false));
            let begins_history = source == Source::History && group.begin_history();
            let (stored, unknown) = match block.mode {
                // Later rows follow, so that those of an incomplete history need not be merged, one block after another. Late
                // rows that are held do not follow.
                BlockMode::Merge if begins_history && !group.has_late_rows() => {
                    if group.newest() > block.times.iter().last() {
                        overlap = Overlap::Replaced;
                    }
                    group.truncate_from(first);
                    group.append(&block)
                }
                BlockMode::Merge if group.newest().is_some_and(|newest| first <= newest) => group.merge(&block),
                BlockMode::Merge => group.append(&block),
                BlockMode::Late => group.merge_late(&block),
                BlockMode::Replace => {
                    if group.truncate_from(first) {
                        overlap = Overlap::Replaced;
                    } else if begins_history && group.break_line() {
                        // The server does not know what the page holds, so it declares no gap.
                        self.counts.gaps += 1;
                    }
                    group.append(&block)
                }
            };
            self.counts.samples += stored;
            self.counts.unknown += unknown;
        }
        overlap
    }
}
