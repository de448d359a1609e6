//! The last minutes of every group, in memory, as segments.
//!
//! Rows that arrive lie open in columns; after some hundred rows or some seconds they are closed, and then sealed: encoded once
//! as the block that every viewer is sent. A viewer is sent whole segments from the one that holds the first row after its
//! position, so that nothing is encoded for it alone.
//!
//! There are two bounds: age, and bytes over all groups, which count allocated memory. A segment is evicted when all of its rows
//! are too old, or when it is the oldest of the largest group and memory is short. Eviction increases
//! [`History::evicted_through`]; a viewer whose position is before that is sent a gap.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use protocol::{BlockMode, EncodedRows, GroupId, Interval, Sequence, SeriesId, Timestamp};

use crate::ingest::batch::BatchSlice;
use crate::stream::bounded_groups::BoundedGroups;
use crate::stream::group_history::{Arrival, GroupHistory};
use crate::stream::query::row_part::RowPart;
use crate::stream::segment::{Place, Segment};
use crate::stream::selected_series::{Columns, SelectedSeries};
use crate::stream::slab::{MAX_SPAN, Slab};
use crate::stream::spare_slabs::SpareSlabs;
use crate::stream::track::{JOINED_SPAN, Rows, Track};

/// Of the bound on bytes this part is left to the allocator, which cannot use all memory between segments.
const UNUSABLE_PART: usize = 16;

/// Spare slabs take at most this part of the bound.
const SPARE_PART: usize = 16;

/// The samples of the last minutes.
#[derive(Debug)]
pub struct History {
    span: Interval,
    limit_bytes: usize,
    groups: BoundedGroups<GroupHistory>,
    /// The longest of all groups.
    merge_window: Interval,
    /// Groups with rows that are closed and not sealed. A group may occur several times.
    unsealed: VecDeque<GroupId>,
    /// Groups that were sealed since their segments were joined. A group may occur several times.
    joinable: VecDeque<GroupId>,
    spare: SpareSlabs,
    evicted_through: Sequence,
}

/// The part of the history that one viewer still has to be sent.
#[derive(Debug, Default)]
pub struct Backfill {
    parts: VecDeque<Part>,
    continuity: Continuity,
}

/// The rest of one track.
#[derive(Debug)]
struct Part {
    group: GroupId,
    arrival: Arrival,
    rows: Range<u64>,
    /// Of the next block.
    mode: BlockMode,
    /// The viewer holds the rows before these: rows that are evicted before they could be sent leave a hole.
    is_joined: bool,
    columns: Columns,
}

/// The rows that a backfill sends next.
#[derive(Clone, Debug)]
pub struct NextRows {
    pub group: GroupId,
    pub arrival: Arrival,
    /// Their numbers in their track.
    pub rows: Range<u64>,
    pub mode: BlockMode,
    /// The sequence of the last of them: late rows may be added to open ones without a new number.
    pub through: Sequence,
    pub content: NextContent,
    /// The columns that are sent.
    pub columns: Columns,
}

#[derive(Clone, Debug)]
pub enum NextContent {
    Sealed(EncodedRows),
    Closed(Arc<Slab>),
    /// More rows may be added to these: [`History::open_rows`] copies them. They include rows that arrived since the backfill
    /// began, since late ones lie between the others.
    Open,
}

/// Continuity of a backfill: rows between the viewer's last row and the next one may have been evicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Continuity {
    #[default]
    Unbroken,
    RowsEvicted,
}

impl Backfill {
    /// The same for a viewer that was sent a gap: rows that are evicted from now on leave another gap.
    #[must_use]
    pub fn joined(mut self) -> Self {
        self.parts.iter_mut().for_each(|part| part.is_joined = true);
        self
    }

    /// The part of it that has selected series.
    #[must_use]
    pub fn of(mut self, selected: &SelectedSeries) -> Self {
        self.parts.retain_mut(|part| {
            let Some(columns) = selected.of_group(part.group) else { return false };
            part.columns = columns.clone();
            true
        });
        self
    }

    /// Adds the rows of `window` of the series `added`, of which the viewer does not hold all rows.
    #[must_use]
    pub fn with_added(mut self, added: &SelectedSeries, window: Self) -> Self {
        let is_new = |part: &Part| added.of_group(part.group).is_some_and(|added| added.includes(&part.columns));
        let missed: BTreeMap<_, _> =
            self.parts.iter().map(|part| ((part.group, part.arrival), part.rows.start)).collect();
        let of_window: BTreeSet<_> = window.parts.iter().map(|part| (part.group, part.arrival)).collect();
        let is_of_window = |part: &Part| of_window.contains(&(part.group, part.arrival));
        self.parts.retain(|part| !is_new(part) || !is_of_window(part));
        for mut part in window.parts {
            let Some(columns) = added.of_group(part.group) else { continue };
            if is_new(&part) {
                // Also if the viewer was away for longer than its window.
                let missed = missed.get(&(part.group, part.arrival)).copied();
                part.rows.start = missed.map_or(part.rows.start, |missed| missed.min(part.rows.start));
            } else {
                // The viewer holds other series of the group.
                let Some(columns) = part.columns.of(columns) else { continue };
                (part.columns, part.mode) = (columns, part.arrival.mode());
            }
            self.parts.push_back(part);
        }
        self
    }

    pub fn is_done(&self) -> bool {
        self.parts.is_empty()
    }

    /// Returns whether rows that the viewer misses were evicted since the last call.
    pub fn take_continuity(&mut self) -> Continuity {
        std::mem::take(&mut self.continuity)
    }

    /// Records that these rows, which [`History::next_rows`] returned last, have none of the selected series.
    pub fn passed(&mut self, next: &NextRows) {
        let mode = self.parts.front().map(|part| part.mode);
        self.sent(next);
        let is_same = |part: &Part| (part.group, part.arrival) == (next.group, next.arrival);
        if let Some((part, mode)) = self.parts.front_mut().zip(mode).filter(|(part, _)| is_same(part)) {
            part.mode = mode;
        }
    }

    /// Records that the viewer was sent these rows, which [`History::next_rows`] returned last.
    pub fn sent(&mut self, next: &NextRows) {
        if let Some(part) = self.parts.front_mut() {
            (part.rows.start, part.mode, part.is_joined) = (next.rows.end, part.arrival.mode(), true);
            if part.rows.is_empty() {
                self.parts.pop_front();
            }
        }
        // The late rows of the group lie between these.
        if let Some(late) = self.parts.iter_mut().take(2).find(|part| part.group == next.group) {
            late.is_joined = true;
        }
    }
}

impl History {
    /// A history that reaches back at most `span` and takes at most `limit_bytes` bytes of memory.
    pub fn new(span: Interval, limit_bytes: usize) -> Self {
        Self {
            span,
            limit_bytes,
            groups: BoundedGroups::default(),
            merge_window: Interval::ZERO,
            unsealed: VecDeque::new(),
            joinable: VecDeque::new(),
            spare: SpareSlabs::new(limit_bytes / SPARE_PART),
            evicted_through: Sequence(0),
        }
    }

    /// The bound on the age of samples.
    pub const fn span(&self) -> Interval {
        self.span
    }

    /// The bound on bytes.
    pub const fn limit_bytes(&self) -> usize {
        self.limit_bytes
    }

    /// Bytes of memory: allocated, not only used.
    pub const fn bytes(&self) -> usize {
        self.groups.bytes() + self.spare.bytes()
    }

    /// The position after which every row is still held.
    pub const fn evicted_through(&self) -> Sequence {
        self.evicted_through
    }

    /// The position after which every row of the selected groups is still held.
    pub fn evicted_through_of(&self, selected: &SelectedSeries) -> Sequence {
        let of_group = |group: &GroupId| self.groups.get(*group).map(GroupHistory::evicted_through);
        match selected.groups() {
            None => self.evicted_through,
            Some(groups) => groups.keys().filter_map(of_group).max().unwrap_or_default(),
        }
    }

    /// The time of the newest row of a group.
    pub fn newest(&self, group: GroupId) -> Option<Timestamp> {
        self.groups.get(group)?.newest()
    }

    /// The merge window of a group; `None` for one that never had rows.
    pub fn merge_window(&self, group: GroupId) -> Option<Interval> {
        Some(self.groups.get(group)?.merge_window())
    }

    /// Sets the merge window of a group that never had rows, to at most half of the span, so that rows are sealed before they are
    /// evicted. Returns it.
    pub fn set_merge_window(&mut self, group: GroupId, window: Interval) -> Interval {
        let window = window.min(Interval::from_micros(self.span.micros() / 2));
        self.merge_window = self.merge_window.max(window);
        self.groups.change(group, || GroupHistory::new(group), |group| group.set_merge_window(window));
        window
    }

    /// The oldest time that is held in order, if older rows of the group were dropped. Viewers have no use for rows before it.
    pub fn evicted_before(&self, group: GroupId) -> Option<Timestamp> {
        self.groups.get(group)?.evicted_before()
    }

    /// The time from which every row of a group is held; `None` if none was dropped.
    pub fn complete_from(&self, group: GroupId) -> Option<Timestamp> {
        let in_order = self.groups.get(group)?.track(Arrival::InOrder)?;
        (in_order.first_row() > 0).then(|| in_order.oldest().unwrap_or(Timestamp::MAX))
    }

    /// The rows of a group in a range, and those of their segments.
    pub fn parts_in(&self, group: GroupId, range: &Range<Timestamp>) -> Vec<RowPart> {
        self.parts(group, |_| Place::Since(range.start), range.end)
    }

    /// The rows of a group from a number of each track on, before `end`, and those of their segments.
    pub fn parts_from(&self, group: GroupId, rows: [u64; Arrival::BOTH.len()], end: Timestamp) -> Vec<RowPart> {
        self.parts(group, |arrival| Place::Row(rows[arrival as usize]), end)
    }

    fn parts(&self, group: GroupId, place: impl Fn(Arrival) -> Place, end: Timestamp) -> Vec<RowPart> {
        let Some(held) = self.groups.get(group) else { return Vec::new() };
        let parts = |arrival| held.track(arrival).map(|track| track.parts(place(arrival), end));
        Arrival::BOTH.into_iter().filter_map(parts).flatten().collect()
    }

    /// Sets the values of a row of `group` to `MISSING` that are held for its time, which lies in the merge window.
    pub fn drop_held(&self, group: GroupId, time: Timestamp, row: &mut [(SeriesId, f64)]) {
        self.groups.get(group).into_iter().for_each(|group| group.drop_held(time, row));
    }

    /// Adds rows that are sent with `sequence`. Their times rise above [`History::newest`], or lie in the merge window and are not
    /// above it; their series rise.
    pub fn push<'a>(&mut self, rows: impl Into<BatchSlice<'a>>, sequence: Sequence) {
        let rows = rows.into();
        let mut spare = std::mem::take(&mut self.spare);
        let group = rows.group();
        if self.groups.change(group, || GroupHistory::new(group), |held| held.push(&rows, sequence, &mut spare)) {
            self.unsealed.push_back(group);
        }
        self.spare = spare;
    }

    /// The next rows to seal, and their track. They are not returned again.
    pub fn next_unsealed(&mut self) -> Option<(GroupId, Arrival, Arc<Slab>)> {
        while let Some(&group) = self.unsealed.front() {
            if let Some((arrival, slab)) = self.groups.change_held(group, GroupHistory::next_unsealed).flatten() {
                return Some((group, arrival, slab));
            }
            self.unsealed.pop_front();
        }
        None
    }

    /// Replaces the rows of a slab by their encoded form, unless they were evicted meanwhile.
    pub fn seal(&mut self, group: GroupId, arrival: Arrival, slab: Arc<Slab>, encoded: EncodedRows) {
        let first_row = slab.numbers().start;
        if self.groups.change_held(group, |group| group.seal(arrival, first_row, encoded)).is_some() {
            self.joinable.push_back(group);
        }
        // A viewer may read it still.
        if let Ok(slab) = Arc::try_unwrap(slab) {
            self.spare.keep(slab);
        }
    }

    /// Short segments of a group to join into one. They are not returned again.
    pub fn next_joinable(&mut self) -> Option<(GroupId, Vec<Segment<EncodedRows>>)> {
        while let Some(&group) = self.joinable.front() {
            if let Some(parts) = self.groups.change_held(group, GroupHistory::next_joinable).flatten() {
                return Some((group, parts));
            }
            self.joinable.pop_front();
        }
        None
    }

    /// Puts a segment in place of its parts, unless one was evicted meanwhile.
    pub fn join(&mut self, group: GroupId, joined: Segment<EncodedRows>) {
        self.groups.change_held(group, |group| group.join(joined));
    }

    /// Drops segments older than the span, and then the oldest segments of the largest groups until the rest, with
    /// `more_bytes` that are held elsewhere, fits the bound. Returns the oldest time that may still be held. The work is
    /// proportional to the number of segments that are evicted.
    pub fn evict(&mut self, now: Timestamp, more_bytes: usize) -> Timestamp {
        let oldest = now - self.span;
        // Evicted rows that are not summarized yet wait in their track until the next call of `next_unsealed`.
        let (groups, unsealed) = (&mut self.groups, &mut self.unsealed);
        let too_old = groups.evict_before(oldest, |group| unsealed.push_back(group));
        let limit = (self.limit_bytes - self.limit_bytes / UNUSABLE_PART).saturating_sub(more_bytes);
        if self.bytes() > limit {
            self.spare.clear();
        }
        let limit = limit.saturating_sub(self.spare.bytes());
        let (groups, unsealed) = (&mut self.groups, &mut self.unsealed);
        let too_many = groups.evict_to(limit, |group| unsealed.push_back(group));
        self.record_evicted(too_old.max(too_many));
        // A segment with one row that is not too old may begin earlier.
        oldest - JOINED_SPAN.max(MAX_SPAN) - self.merge_window
    }

    /// Drops all rows of a group, because the clock was set back.
    pub fn clear(&mut self, group: GroupId) {
        let evicted = self.groups.change_held(group, GroupHistory::clear).flatten();
        self.record_evicted(evicted);
    }

    fn record_evicted(&mut self, evicted: Option<Sequence>) {
        self.evicted_through = self.evicted_through.max(evicted.unwrap_or_default());
    }

    /// Every row at or after `since`, and the rows of their segments, with the late ones between them. They replace rows that the viewer
    /// holds.
    pub fn since(&self, since: Timestamp) -> Backfill {
        self.backfill(|group, track| (track.first_row_since(group.sent_since(since)), BlockMode::Replace))
    }

    /// Every row that was sent after `position`, and the rows of their segments, which the viewer holds.
    pub fn after(&self, position: Sequence) -> Backfill {
        let is_restarted = |track: &Track| position < track.restarted_at();
        let mode = |track: &Track| if is_restarted(track) { BlockMode::Replace } else { BlockMode::Merge };
        self.backfill(|_, track| (track.first_row_after(position), mode(track))).joined()
    }

    fn backfill(&self, start: impl Fn(&GroupHistory, &Track) -> (u64, BlockMode)) -> Backfill {
        let part = |(group, held): (GroupId, &GroupHistory), arrival: Arrival, track: &Track| {
            let (first_row, mode) = start(held, track);
            // Only rows in order take the place of those that a viewer holds.
            let mode = if arrival == Arrival::Late { BlockMode::Late } else { mode };
            let rows = first_row..track.end_row();
            Part { group, arrival, rows, mode, is_joined: false, columns: Columns::All }
        };
        let tracks = |(id, group)| {
            Arrival::BOTH.map(|arrival| Some(part((id, group), arrival, GroupHistory::track(group, arrival)?)))
        };
        let parts = self.groups.iter().flat_map(tracks).flatten().filter(|part| !part.rows.is_empty()).collect();
        Backfill { parts, continuity: Continuity::Unbroken }
    }

    /// Finds the next rows of `backfill`, after those that were evicted; `None` at its end. They are returned again until
    /// [`Backfill::sent`] is called.
    pub fn next_rows(&self, backfill: &mut Backfill) -> Option<NextRows> {
        while let Some(Part { group: id, arrival, rows, mode, is_joined, columns }) = backfill.parts.front_mut() {
            if let Some(track) = self.groups.get(*id).and_then(|group| group.track(*arrival)) {
                if rows.start < track.first_row() {
                    rows.start = track.first_row();
                    if *is_joined {
                        backfill.continuity = Continuity::RowsEvicted;
                    }
                }
                if let Some(held) = track.rows_at(rows.start)
                    && !rows.is_empty()
                {
                    let (held, through, content) = match held {
                        Rows::Sealed(segment) => {
                            let content = NextContent::Sealed(segment.content.clone());
                            (segment.rows.clone(), segment.last_sequence, content)
                        }
                        Rows::Closed(segment) => {
                            let content = NextContent::Closed(Arc::clone(&segment.content));
                            (segment.rows.clone(), segment.last_sequence, content)
                        }
                        Rows::Open(open) => (open.numbers(), open.last_sequence(), NextContent::Open),
                    };
                    let (group, arrival, mode, columns) = (*id, *arrival, *mode, columns.clone());
                    return Some(NextRows { group, arrival, rows: held, mode, through, content, columns });
                }
            }
            backfill.parts.pop_front();
        }
        None
    }

    /// A copy of rows that [`History::next_rows`] found open; `None` if they were closed or evicted, or others added, since.
    pub fn open_rows(&self, next: &NextRows) -> Option<Slab> {
        match self.groups.get(next.group)?.track(next.arrival)?.rows_at(next.rows.start)? {
            Rows::Open(open) if (open.numbers(), open.last_sequence()) == (next.rows.clone(), next.through) => {
                Some(open.clone())
            }
            Rows::Open(_) | Rows::Closed(_) | Rows::Sealed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
