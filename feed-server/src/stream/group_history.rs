//! The history of one group: the rows that came in order of time, and those that came late.
//!
//! They are kept in two tracks, each in the order of arrival, so that a viewer that resumes is sent the end of each. Between two rows
//! of the first track no row is missing but late ones.

use std::sync::Arc;

use protocol::{BlockMode, EncodedRows, GroupId, Interval, Sequence, SeriesId, Timestamp};

use crate::ingest::batch::BatchSlice;
use crate::stream::bounded_groups::Bounded;
use crate::stream::segment::Segment;
use crate::stream::slab::Slab;
use crate::stream::spare_slabs::SpareSlabs;
use crate::stream::track::{Rows, Track};

/// Bytes of a group without rows, with its places in the maps of the history.
const GROUP_BYTES: usize = size_of::<GroupHistory>() + 128;

/// Segments are joined when they are this much older than the newest row.
const JOINED_AFTER: Interval = Interval::from_secs(60);

/// A track of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arrival {
    InOrder,
    Late,
}

impl Arrival {
    pub const BOTH: [Self; 2] = [Self::InOrder, Self::Late];

    /// The mode of blocks whose rows are all new, or repeated.
    pub const fn mode(self) -> BlockMode {
        match self {
            Self::InOrder => BlockMode::Merge,
            Self::Late => BlockMode::Late,
        }
    }
}

#[derive(Debug)]
pub struct GroupHistory {
    in_order: Track,
    /// Most groups have none.
    late: Option<Box<Track>>,
    /// Late rows are at most this much older than the newest. Rows are sealed when they are older, so that the values of late ones
    /// can be compared with those that are there.
    merge_window: Interval,
    /// The last sequence of all rows that were evicted.
    evicted_through: Sequence,
}

impl GroupHistory {
    pub fn new(group: GroupId) -> Self {
        Self { in_order: Track::new(group), late: None, merge_window: Interval::ZERO, evicted_through: Sequence(0) }
    }

    /// The position after which every row is still held.
    pub const fn evicted_through(&self) -> Sequence {
        self.evicted_through
    }

    fn record_evicted(&mut self, evicted: Option<Sequence>) -> Option<Sequence> {
        self.evicted_through = self.evicted_through.max(evicted.unwrap_or_default());
        evicted
    }

    pub const fn merge_window(&self) -> Interval {
        self.merge_window
    }

    /// Sets the merge window of a group without rows.
    pub const fn set_merge_window(&mut self, window: Interval) {
        self.merge_window = window;
    }

    pub fn track(&self, arrival: Arrival) -> Option<&Track> {
        match arrival {
            Arrival::InOrder => Some(&self.in_order),
            Arrival::Late => self.late.as_deref(),
        }
    }

    /// The newest time; `None` without rows.
    pub fn newest(&self) -> Option<Timestamp> {
        self.in_order.newest()
    }

    /// The oldest time that is held in order, if older rows were dropped.
    pub fn evicted_before(&self) -> Option<Timestamp> {
        self.in_order.oldest().filter(|_| self.in_order.first_row() > 0)
    }

    /// The time from which a viewer is sent rows that asks for those since `since`: it is sent whole segments.
    pub fn sent_since(&self, since: Timestamp) -> Timestamp {
        let first = self.in_order.rows_at(self.in_order.first_row_since(since));
        let oldest = first.and_then(|rows| match rows {
            Rows::Sealed(segment) => Some(segment.oldest),
            Rows::Closed(segment) => Some(segment.oldest),
            Rows::Open(open) => open.oldest(),
        });
        oldest.map_or(since, |oldest| oldest.min(since))
    }

    /// Adds rows that are sent with `sequence`: later than the newest row, or late. Returns true if there may be rows to seal.
    pub fn push(&mut self, rows: &BatchSlice<'_>, sequence: Sequence, spare: &mut SpareSlabs) -> bool {
        let is_late = self.newest().zip(rows.times().first().copied()).is_some_and(|(newest, first)| first <= newest);
        let track = if is_late {
            self.late.get_or_insert_with(|| Box::new(Track::new(rows.group())))
        } else {
            &mut self.in_order
        };
        let has_closed = track.push(rows, sequence, spare);
        // Both are sealed, and summarized, at about the same time.
        if has_closed && let Some(late) = self.late.as_mut().filter(|_| !is_late) {
            late.close();
        }
        // Rows that could still be met by late ones wait, and are older now.
        has_closed || self.merge_window > Interval::ZERO && self.in_order.has_closed()
    }

    /// The oldest rows that are closed, were not returned before, and cannot be met by a late row. When rows in order are returned, late
    /// rows that are older than them by more than the merge window have been.
    pub fn next_unsealed(&mut self) -> Option<(Arrival, Arc<Slab>)> {
        let window = self.merge_window;
        let before = (window > Interval::ZERO).then(|| self.newest().map(|newest| newest - window)).flatten();
        if let Some(late) = &mut self.late {
            if let Some(slab) = late.next_unsealed(before) {
                return Some((Arrival::Late, slab));
            }
            // A tick stores all its rows in order before its late rows, also before late rows that are older.
            let next = self.in_order.newest_of_unsealed()?;
            if late.oldest_unsealed().is_some_and(|oldest| oldest < next - window) {
                late.close();
                // Rows that were evicted do not wait.
                let before = before.filter(|_| !self.in_order.has_evicted_unsealed());
                return late.next_unsealed(before).map(|slab| (Arrival::Late, slab));
            }
        }
        self.in_order.next_unsealed(before).map(|slab| (Arrival::InOrder, slab))
    }

    /// Short segments to join into one. They are old, so that a viewer that was away for a moment is not sent a long one.
    pub fn next_joinable(&mut self) -> Option<Vec<Segment<EncodedRows>>> {
        let before = self.newest()? - JOINED_AFTER;
        self.in_order.next_joinable(before)
    }

    /// Puts a segment in place of its parts, unless one was evicted meanwhile.
    pub fn join(&mut self, joined: Segment<EncodedRows>) {
        self.in_order.join(joined);
    }

    /// Replaces the rows of a closed segment by their encoded form, unless it was evicted meanwhile.
    pub fn seal(&mut self, arrival: Arrival, first_row: u64, encoded: EncodedRows) {
        match (arrival, &mut self.late) {
            (Arrival::InOrder, _) => self.in_order.seal(first_row, encoded),
            (Arrival::Late, Some(late)) => late.seal(first_row, encoded),
            (Arrival::Late, None) => {}
        }
    }

    /// Sets the values of a row to `MISSING` that rows which are not sealed have for its time.
    pub fn drop_held(&self, time: Timestamp, row: &mut [(SeriesId, f64)]) {
        self.in_order.drop_held(time, row);
        if let Some(late) = &self.late {
            late.drop_held(time, row);
        }
    }

    /// Evicts late rows that are older than every other row.
    fn evict_late(&mut self) -> Option<Sequence> {
        let late = self.late.as_mut()?;
        // The empty track stays: it knows the numbers of its rows.
        match self.in_order.oldest() {
            Some(oldest) => late.evict_before(oldest),
            None => late.clear(),
        }
    }

    /// Evicts all rows, because the clock was set back. Returns the last sequence of them.
    pub fn clear(&mut self) -> Option<Sequence> {
        let evicted = self.in_order.clear();
        let evicted = evicted.max(self.late.as_mut().and_then(|late| late.clear()));
        self.record_evicted(evicted)
    }
}

impl Bounded for GroupHistory {
    fn bytes(&self) -> usize {
        let late = self.late.as_ref().map_or(0, |late| size_of::<Track>() + late.heap_bytes());
        GROUP_BYTES + self.in_order.heap_bytes() + late
    }

    fn expires(&self) -> Option<Timestamp> {
        let late = self.late.as_ref().and_then(|late| late.expires());
        // Late rows of a group without others are evicted with the last of those.
        self.in_order.expires().map(|time| late.map_or(time, |late| late.min(time)))
    }

    fn evict_before(&mut self, time: Timestamp) -> Option<Sequence> {
        let mut evicted = self.in_order.evict_before(time);
        if let Some(late) = &mut self.late {
            evicted = evicted.max(late.evict_before(time));
        }
        evicted = evicted.max(self.evict_late());
        self.record_evicted(evicted)
    }

    fn evict_first(&mut self) -> Option<Sequence> {
        let evicted = self.in_order.evict_first();
        let evicted = evicted.max(self.evict_late());
        self.record_evicted(evicted)
    }
}
