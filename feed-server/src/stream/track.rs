//! Rows of one group in the order of their arrival: segments, and the open rows after them.
//!
//! Times rise within a segment. In a track of late rows, a row is put in its place among the open ones, so that segments overlap.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::limits::MAX_GROUP_SERIES;
use protocol::{EncodedRows, GroupId, Interval, Sequence, SeriesId, Timestamp};

use crate::ingest::batch::BatchSlice;
use crate::stream::segment::{Content, Segment};
use crate::stream::slab::{SPAN, Slab, most_rows};
use crate::stream::spare_slabs::SpareSlabs;

/// Rows of a group's first slab.
const MIN_SLAB_ROWS: usize = 16;
/// Groups that are numbered in a row close their slabs at so many different times.
const PHASES: u64 = 64;
/// The open rows have room for this part of their group's history.
const SLABS_PER_GROUP: usize = 4;

#[derive(Debug, Default)]
pub struct Track {
    /// The part of [`SPAN`] by which its slabs end later than those of group 0, so that groups of one rate do not close their
    /// slabs in the same tick.
    phase: Interval,
    segments: VecDeque<Segment>,
    open: Option<Slab>,
    /// Rows of the last slab that was closed.
    last_rows: usize,
    end_row: u64,
    /// The newest time of all rows that were added since the last restart.
    newest: Option<Timestamp>,
    /// The first row that [`Track::next_unsealed`] did not return.
    sealing_from: u64,
    /// Bytes of the segments and of the open rows.
    held_bytes: usize,
    /// The sequence of the first rows after those that were all dropped: because the clock was set back, or by age.
    restarted_at: Sequence,
}

/// The rows of a track at one place.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    Segment(&'a Segment),
    Open(&'a Slab),
}

impl Track {
    pub fn new(group: GroupId) -> Self {
        let phase = u64::from(group.0) % PHASES * SPAN.micros() / PHASES;
        Self { phase: Interval::from_micros(phase), ..Self::default() }
    }

    /// Number of the oldest row held, counted from the group's first.
    pub fn first_row(&self) -> u64 {
        let open = || self.open.as_ref().map_or(self.end_row, |open| open.numbers().start);
        self.segments.front().map_or_else(open, |segment| segment.rows().start)
    }

    pub const fn end_row(&self) -> u64 {
        self.end_row
    }

    /// A viewer with an earlier position may hold rows that are dropped here.
    pub const fn restarted_at(&self) -> Sequence {
        self.restarted_at
    }

    pub fn is_empty(&self) -> bool {
        self.first_row() == self.end_row
    }

    /// Bytes of memory besides itself: allocated, not only used.
    pub fn heap_bytes(&self) -> usize {
        self.segments.capacity() * size_of::<Segment>() + self.held_bytes
    }

    /// The newest time; `None` without rows.
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest.filter(|_| !self.is_empty())
    }

    /// A time that no row is before; `None` without rows.
    pub fn oldest(&self) -> Option<Timestamp> {
        let open = || self.open.as_ref().and_then(Slab::oldest);
        self.segments.front().map(Segment::oldest).or_else(open)
    }

    /// The newest time of the oldest segment: from then on it may be evicted.
    pub fn expires(&self) -> Option<Timestamp> {
        self.segments.front().map_or_else(|| self.newest(), |segment| Some(segment.newest()))
    }

    /// Adds rows that are sent with `sequence`. Returns true if a segment was closed. New slabs take their memory from `spare`.
    pub fn push(&mut self, rows: &BatchSlice<'_>, sequence: Sequence, spare: &mut SpareSlabs) -> bool {
        let closed = self.segments.len();
        if self.is_empty() {
            self.restarted_at = sequence;
        }
        self.newest = self.newest().max(rows.times().last().copied());
        let mut start = 0;
        while start < rows.rows() {
            let rest = rows.slice(start..rows.rows());
            let room = self.open.as_ref().map_or(0, |open| open.room_for(&rest, self.phase));
            if room == 0 {
                self.begin_slab(&rest, spare);
            }
            let Some(open) = &mut self.open else { break };
            let part = rest.slice(0..open.room_for(&rest, self.phase).min(rest.rows()));
            open.push(&part, sequence);
            self.end_row = open.numbers().end;
            start += part.rows();
        }
        self.segments.len() > closed
    }

    /// Closes the open rows and begins others, with room for the first of `rows`.
    fn begin_slab(&mut self, rows: &BatchSlice<'_>, spare: &mut SpareSlabs) {
        let series = self.series_with(rows);
        self.close();
        let held = (self.end_row - self.first_row()) as usize;
        let part = most_rows(series.len()).min((held / SLABS_PER_GROUP).max(MIN_SLAB_ROWS));
        // When the series change often, slabs end before they are full: the next has at most twice the rows of the last.
        let room = if self.last_rows == 0 { part } else { part.min(2 * self.last_rows) };
        // Few sizes, so that the allocator finds the memory of earlier slabs for new ones.
        let slab = spare.take(self.end_row, 1 << room.ilog2(), series);
        self.held_bytes += slab.heap_bytes();
        self.open = Some(slab);
    }

    /// The series of a new slab: those of `rows` and those that have values in the open rows.
    fn series_with(&self, rows: &BatchSlice<'_>) -> Vec<SeriesId> {
        let new = || rows.columns().map(|(series, _)| series);
        let Some(open) = &self.open else { return new().collect() };
        if open.is_full() && new().eq(open.series().iter().copied()) {
            return new().collect();
        }
        let mut series: Vec<SeriesId> = open.present().chain(new()).collect();
        // The stable sort finds the two sorted parts.
        series.sort();
        series.dedup();
        if series.len() > MAX_GROUP_SERIES { new().collect() } else { series }
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        self.held_bytes -= open.heap_bytes();
        self.last_rows = open.rows();
        if let Some(segment) = Segment::close(open, self.segments.back().map(Segment::newest)) {
            self.held_bytes += segment.heap_bytes();
            // Doubling would leave a third of the list unused.
            if self.segments.len() == self.segments.capacity() {
                self.segments.reserve_exact(self.segments.len() / 8 + 4);
            }
            self.segments.push_back(segment);
        }
    }

    /// The oldest rows that are closed, were not returned before, and are older than `before` if it is set.
    pub fn next_unsealed(&mut self, before: Option<Timestamp>) -> Option<Arc<Slab>> {
        let segments = self.segments.range(self.place(self.sealing_from)..);
        let is_ready = |segment: &&Segment| before.is_none_or(|before| segment.newest() < before);
        let slab = segments.take_while(is_ready).find_map(|segment| match segment.content() {
            Content::Closed(slab) => Some(Arc::clone(slab)),
            Content::Sealed(_) => None,
        })?;
        self.sealing_from = slab.numbers().end;
        Some(slab)
    }

    /// Sets the values of a row to `MISSING` that rows which are not sealed have for its time.
    pub fn drop_held(&self, time: Timestamp, row: &mut [(SeriesId, f64)]) {
        self.open.iter().for_each(|open| open.drop_held(time, row));
        for segment in self.segments.iter().rev() {
            match segment.content() {
                Content::Closed(slab) => slab.drop_held(time, row),
                Content::Sealed(_) => break,
            }
        }
    }

    /// Replaces the rows of a closed segment by their encoded form, unless it was evicted meanwhile.
    pub fn seal(&mut self, first_row: u64, encoded: EncodedRows) {
        let place = self.place(first_row);
        if let Some(segment) = self.segments.get_mut(place)
            && segment.rows().start == first_row
        {
            self.held_bytes -= segment.heap_bytes();
            segment.seal(encoded);
            self.held_bytes += segment.heap_bytes();
        }
    }

    /// Evicts the segments whose rows are all before `time`. Returns the last sequence of them.
    pub fn evict_before(&mut self, time: Timestamp) -> Option<Sequence> {
        let mut evicted = None;
        while self.expires().is_some_and(|newest| newest < time) {
            evicted = self.evict_first();
        }
        evicted
    }

    /// Evicts the oldest segment, or the open rows. Returns the last sequence of them; `None` without rows.
    pub fn evict_first(&mut self) -> Option<Sequence> {
        let Some(segment) = self.segments.pop_front() else {
            let open = self.open.take()?;
            self.held_bytes -= open.heap_bytes();
            return (open.rows() > 0).then(|| open.last_sequence());
        };
        self.held_bytes -= segment.heap_bytes();
        if self.segments.is_empty() {
            self.segments = VecDeque::new();
        }
        Some(segment.last_sequence())
    }

    /// Evicts all rows, because the clock was set back. Returns the last sequence of them.
    pub fn clear(&mut self) -> Option<Sequence> {
        let open = self.open.take().filter(|open| open.rows() > 0).map(|open| open.last_sequence());
        let last = open.or_else(|| self.segments.back().map(Segment::last_sequence));
        self.segments = VecDeque::new();
        self.held_bytes = 0;
        last
    }

    /// The first row of those that hold the first row sent after `position`.
    pub fn first_row_after(&self, position: Sequence) -> u64 {
        let held = self.segments.partition_point(|segment| segment.last_sequence() <= position);
        let open = || {
            let open = self.open.as_ref().filter(|open| open.last_sequence() > position);
            open.map_or(self.end_row, |open| open.numbers().start)
        };
        self.segments.get(held).map_or_else(open, |segment| segment.rows().start)
    }

    /// The first row of those that hold the first row at or after `time`.
    pub fn first_row_since(&self, time: Timestamp) -> u64 {
        let before = self.segments.partition_point(|segment| segment.newest() < time);
        let open = || {
            let open = self.open.as_ref().filter(|_| self.newest().is_some_and(|newest| newest >= time));
            open.map_or(self.end_row, |open| open.numbers().start)
        };
        self.segments.get(before).map_or_else(open, |segment| segment.rows().start)
    }

    /// The segment with row number `row`, or the open rows.
    pub fn rows_at(&self, row: u64) -> Option<Rows<'_>> {
        if let Some(segment) = self.segments.get(self.place(row)) {
            return segment.rows().contains(&row).then_some(Rows::Segment(segment));
        }
        self.open.as_ref().filter(|open| open.numbers().contains(&row)).map(Rows::Open)
    }

    /// Place of the first segment that ends after row number `row`.
    fn place(&self, row: u64) -> usize {
        self.segments.partition_point(|segment| segment.rows().end <= row)
    }
}

#[cfg(test)]
mod tests;
