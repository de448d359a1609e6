//! The last minutes of every group, in memory, as segments.
//!
//! Rows that arrive lie open in columns; after some hundred rows or some seconds they are closed, and then sealed: encoded once
//! as the block that every viewer is sent. A viewer is sent whole segments from the one that holds the first row after its
//! position, so that nothing is encoded for it alone.
//!
//! There are two bounds: age, and bytes over all groups, which count allocated memory. A segment is evicted when all of its rows
//! are too old, or when it is the oldest of the largest group and memory is short. Eviction increases
//! [`History::evicted_through`]; a viewer whose position is before that is sent a gap.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use protocol::{BlockMode, EncodedRows, GroupId, Interval, Sequence, SeriesId, Timestamp};

use crate::ingest::batch::BatchSlice;
use crate::stream::backfill::{Backfill, Continuity, NextContent, NextRows, Part};
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
        self.groups.get(group)?.track(Arrival::InOrder)?.complete_from()
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

    /// The time of the last row of a group before row `row`, which is the first of a segment, or of that row if there is none.
    pub fn time_before(&self, group: GroupId, arrival: Arrival, row: u64) -> Option<Timestamp> {
        let track = self.groups.get(group)?.track(arrival)?;
        let before = row.checked_sub(1).and_then(|before| track.rows_at(before));
        match before.or_else(|| track.rows_at(row))? {
            Rows::Sealed(segment) => Some(if segment.rows.end == row { segment.newest } else { segment.oldest }),
            Rows::Closed(segment) => Some(if segment.rows.end == row { segment.newest } else { segment.oldest }),
            Rows::Open(open) => open.oldest(),
        }
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
