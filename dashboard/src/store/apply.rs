//! The effect of each kind of frame on the store.

mod buckets;
mod catalog;
mod past;
mod rows;

use std::collections::HashMap;

use protocol::{
    Body, CatalogScope, Frame, GapContent, GroupId, Interval, Revision, Sequence, SeriesId, Start, Timestamp,
};

use super::capacity::BUDGET_BYTES;
use super::derived::Derivation;
use super::derived_groups::{DerivedGroups, DerivedUse};
use super::group::Group;
use super::group::buckets::FieldValues;
use super::locator::Locator;
use super::position::{Position, Unreadable, Verdict};
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
    /// Memory for the decoded columns of blocks of summaries.
    fields: FieldValues,
}

/// Counters since the page was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Values that were stored, or summarized by closed buckets.
    pub samples: u64,
    /// Holes that the server declared or the page detected, including those that were filled later.
    pub gaps: u64,
    /// Requests for frames that were lost without a declaration.
    pub repairs: u64,
    /// Transfers of history: one when the page was loaded, and one for each request since.
    pub fills: u64,
    /// Columns and blocks of series and groups that are in no catalog.
    pub unknown: u64,
    /// Series of the catalog above [`MAX_SERIES`](protocol::limits::MAX_SERIES).
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
            fields: FieldValues::default(),
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

    #[cfg(test)]
    pub(super) fn change_past(&mut self, change: impl FnOnce(&mut super::past::Past)) {
        self.groups[0].change_past(change);
    }

    /// The series that a derived group reads.
    pub fn read_by(&self, used: &DerivedUse) -> Vec<SeriesId> {
        self.derived.read_by(used, &self.groups)
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
        let held = self.position.held();
        match self.position.judge(&frame.header, &frame.body) {
            Verdict::Take => self.take(frame, held),
            Verdict::TakeAfterHole => {
                self.break_lines();
                self.take(frame, held)
            }
            Verdict::Duplicate => {
                self.counts.duplicates += 1;
                Applied::Stored
            }
            Verdict::Leave => Applied::Stored,
            Verdict::Ask => self.lost(),
        }
    }

    /// Applies a frame. `held` is the position before it.
    fn take(&mut self, frame: &Frame<'_>, held: Option<Sequence>) -> Applied {
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
                if !self.updates(&samples.updates) {
                    return self.not_applied(held);
                }
            }
            Body::Summaries(summaries) => {
                let overlap = self.summaries(summaries);
                self.position.history_taken(overlap);
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

    /// A frame refers to others that are missing.
    fn not_applied(&mut self, held: Option<Sequence>) -> Applied {
        if self.position.not_applied(held) == Verdict::Ask { self.lost() } else { Applied::Stored }
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
}
