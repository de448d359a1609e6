//! Rows of one group in the order of their arrival: segments, and the open rows after them.
//!
//! Times rise within a segment. In a track of late rows, a row is put in its place among the open ones, so that segments overlap.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::limits::MAX_GROUP_SERIES;
use protocol::{EncodedRows, GroupId, Interval, Sequence, SeriesId, Timestamp};

use crate::ingest::batch::BatchSlice;
use crate::stream::query::row_part::{RowContent, RowPart};
use crate::stream::segment::{MemoryStore, Place, Segment, SegmentStore};
use crate::stream::slab::{SPAN, Slab, most_rows};
use crate::stream::spare_slabs::SpareSlabs;

/// Rows of a group's first slab.
const MIN_SLAB_ROWS: usize = 16;
/// Groups that are numbered in a row close their slabs at so many different times.
const PHASES: u64 = 64;
/// The rows of joined segments span less than this: a viewer that resumes is sent whole segments.
pub const JOINED_SPAN: Interval = Interval::from_secs(120);
/// So many segments are joined at most: shorter ones are so short because series change.
const MAX_PARTS: usize = 8;
/// Slabs of a track that wait to be summarized after they were evicted. A tick evicts fewer, and those of a tick are summarized at its
/// end.
const MAX_NOT_SUMMARIZED: usize = 256;
/// The open rows have room for this part of their group's history.
const SLABS_PER_GROUP: usize = 4;

/// A track whose sealed segments are in memory.
#[derive(Debug, Default)]
pub struct Track {
    /// The part of [`SPAN`] by which its slabs end later than those of group 0, so that groups of one rate do not close their
    /// slabs in the same tick.
    phase: Interval,
    sealed: MemoryStore<EncodedRows>,
    /// Rows that wait to be sealed.
    closed: MemoryStore<Arc<Slab>>,
    open: Option<Slab>,
    /// Rows of the last slab that was closed.
    last_rows: usize,
    end_row: u64,
    /// The newest time of all rows that were added since the last restart.
    newest: Option<Timestamp>,
    /// The first row that [`Track::next_unsealed`] did not return.
    sealing_from: u64,
    /// Rows that were evicted before they were summarized, the oldest first.
    not_summarized: VecDeque<Arc<Slab>>,
    /// The first row that [`Track::next_joinable`] did not consider.
    joining_from: u64,
    /// The newest time of the rows that were evicted since the last restart.
    evicted_newest: Option<Timestamp>,
    /// The sequence of the first rows after those that were all dropped: because the clock was set back, or by age.
    restarted_at: Sequence,
}

/// The rows of a track at one place.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    Sealed(&'a Segment<EncodedRows>),
    Closed(&'a Segment<Arc<Slab>>),
    Open(&'a Slab),
}

impl Track {
    pub fn new(group: GroupId) -> Self {
        let phase = u64::from(group.0) % PHASES * SPAN.micros() / PHASES;
        Self { phase: Interval::from_micros(phase), ..Self::default() }
    }

    /// Number of the oldest row held, counted from the group's first.
    pub fn first_row(&self) -> u64 {
        let closed = || self.closed.first().map(|segment| segment.rows.start);
        let open = || self.open.as_ref().map_or(self.end_row, |open| open.numbers().start);
        self.sealed.first().map(|segment| segment.rows.start).or_else(closed).unwrap_or_else(open)
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
        self.sealed.heap_bytes() + self.closed.heap_bytes() + self.open.as_ref().map_or(0, Slab::heap_bytes)
    }

    /// The time from which every row is held; `None` if none was dropped.
    pub fn complete_from(&self) -> Option<Timestamp> {
        let after_evicted = self.evicted_newest.map(|newest| newest + Interval::from_micros(1));
        let oldest = self.oldest().unwrap_or(Timestamp::MAX);
        (self.first_row() > 0).then(|| after_evicted.unwrap_or(oldest).min(oldest))
    }

    /// The newest time; `None` without rows.
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest.filter(|_| !self.is_empty())
    }

    /// The time of the first row; `None` without rows. In a track of late rows, others may be older.
    pub fn oldest(&self) -> Option<Timestamp> {
        let closed = || self.closed.first().map(|segment| segment.oldest);
        let open = || self.open.as_ref().and_then(Slab::oldest);
        self.sealed.first().map(|segment| segment.oldest).or_else(closed).or_else(open)
    }

    /// The newest time of the oldest segment: from then on it may be evicted.
    pub fn expires(&self) -> Option<Timestamp> {
        let closed = || self.closed.first().map(|segment| segment.newest);
        self.sealed.first().map(|segment| segment.newest).or_else(closed).or_else(|| self.newest())
    }

    /// Adds rows that are sent with `sequence`. Returns true if a segment was closed. New slabs take their memory from `spare`.
    pub fn push(&mut self, rows: &BatchSlice<'_>, sequence: Sequence, spare: &mut SpareSlabs) -> bool {
        let mut has_closed = false;
        if self.is_empty() {
            self.restarted_at = sequence;
        }
        self.newest = self.newest().max(rows.times().last().copied());
        let mut start = 0;
        while start < rows.rows() {
            let rest = rows.slice(start..rows.rows());
            let room = self.open.as_ref().map_or(0, |open| open.room_for(&rest, self.phase));
            if room == 0 {
                has_closed |= self.begin_slab(&rest, spare);
            }
            let Some(open) = &mut self.open else { break };
            let part = rest.slice(0..open.room_for(&rest, self.phase).min(rest.rows()));
            open.push(&part, sequence);
            self.end_row = open.numbers().end;
            start += part.rows();
        }
        has_closed
    }

    /// Closes the open rows and begins others, with room for the first of `rows`. Returns true if there were any.
    fn begin_slab(&mut self, rows: &BatchSlice<'_>, spare: &mut SpareSlabs) -> bool {
        let series = self.series_with(rows);
        let has_closed = self.close();
        let held = (self.end_row - self.first_row()) as usize;
        let part = most_rows(series.len()).min((held / SLABS_PER_GROUP).max(MIN_SLAB_ROWS));
        // When the series change often, slabs end before they are full: the next has at most twice the rows of the last.
        let room = if self.last_rows == 0 { part } else { part.min(2 * self.last_rows) };
        // Few sizes, so that the allocator finds the memory of earlier slabs for new ones.
        self.open = Some(spare.take(self.end_row, 1 << room.ilog2(), series));
        has_closed
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

    /// Closes the open rows. Returns false if there are none.
    pub fn close(&mut self) -> bool {
        let Some(open) = self.open.take() else { return false };
        self.last_rows = open.rows();
        let (Some(oldest), Some(newest)) = (open.oldest(), open.newest()) else { return false };
        let sealed = || self.sealed.last().map(|segment| segment.newest);
        let before = self.closed.last().map(|segment| segment.newest).or_else(sealed);
        let (rows, last_sequence) = (open.numbers(), open.last_sequence());
        let newest = before.map_or(newest, |before| before.max(newest));
        self.closed.push(Segment { rows, oldest, newest, last_sequence, content: Arc::new(open) });
        true
    }

    /// Returns true if there are rows to seal.
    pub fn has_closed(&self) -> bool {
        self.closed.first().is_some()
    }

    /// The oldest rows that are closed, were not returned before, and are older than `before` if it is set. Those that were evicted
    /// come first.
    pub fn next_unsealed(&mut self, before: Option<Timestamp>) -> Option<Arc<Slab>> {
        if let Some(evicted) = self.not_summarized.pop_front() {
            return Some(evicted);
        }
        let segment = self.closed.seek(Place::Row(self.sealing_from))?;
        if before.is_some_and(|before| segment.newest >= before) {
            return None;
        }
        self.sealing_from = segment.rows.end;
        Some(Arc::clone(&segment.content))
    }

    /// The newest time of the next rows that [`Track::next_unsealed`] may return.
    pub fn newest_of_unsealed(&self) -> Option<Timestamp> {
        let closed = || self.closed.seek(Place::Row(self.sealing_from)).map(|segment| segment.newest);
        self.not_summarized.front().map_or_else(closed, |evicted| evicted.newest())
    }

    /// Returns true if rows were evicted that [`Track::next_unsealed`] did not return.
    pub fn has_evicted_unsealed(&self) -> bool {
        !self.not_summarized.is_empty()
    }

    /// The oldest time of the rows that [`Track::next_unsealed`] did not return.
    pub fn oldest_unsealed(&self) -> Option<Timestamp> {
        let closed = self.closed.from(Place::Row(self.sealing_from)).map(|segment| segment.oldest);
        closed.chain(self.open.as_ref().and_then(Slab::oldest)).min()
    }

    /// Sets the values of a row to `MISSING` that rows which are not sealed have for its time.
    pub fn drop_held(&self, time: Timestamp, row: &mut [(SeriesId, f64)]) {
        self.open.iter().for_each(|open| open.drop_held(time, row));
        // Segments in which every row is older cannot have it; of late ones, several may.
        for segment in self.closed.from(Place::Since(time)).filter(|segment| segment.oldest <= time) {
            segment.content.drop_held(time, row);
        }
    }

    /// Replaces the first closed rows by their encoded form, unless they were evicted meanwhile.
    pub fn seal(&mut self, first_row: u64, encoded: EncodedRows) {
        if self.closed.first().is_some_and(|segment| segment.rows.start == first_row)
            && let Some(closed) = self.closed.pop_first()
        {
            self.sealed.push(closed.with(encoded));
        }
    }

    /// The next short segments to join into one: they are sealed, older than `before`, and fit one frame together. They are not
    /// returned again.
    pub fn next_joinable(&mut self, before: Timestamp) -> Option<Vec<Segment<EncodedRows>>> {
        loop {
            let mut parts: Vec<&Segment<EncodedRows>> = Vec::new();
            let (mut rows, mut columns, mut is_complete) = (0, 0, false);
            for segment in self.sealed.from(Place::Row(self.joining_from)).take_while(|segment| segment.newest < before)
            {
                (rows, columns) = (rows + segment.content.rows(), columns.max(segment.content.columns()));
                let is_long = parts.first().is_some_and(|first| segment.newest >= first.oldest + JOINED_SPAN);
                is_complete = rows > most_rows(columns) || parts.len() == MAX_PARTS || is_long;
                if is_complete {
                    break;
                }
                parts.push(segment);
            }
            // Until then, more may join them.
            if !is_complete {
                return None;
            }
            let joined = parts.into_iter().cloned().collect::<Vec<_>>();
            // A segment that fits with no other stays as it is.
            let first = self.sealed.seek(Place::Row(self.joining_from))?;
            self.joining_from = joined.last().unwrap_or(first).rows.end;
            if joined.len() > 1 {
                return Some(joined);
            }
        }
    }

    /// Puts a segment in place of its parts, unless one was evicted meanwhile.
    pub fn join(&mut self, joined: Segment<EncodedRows>) {
        self.sealed.join(joined);
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
        if let Some(segment) = self.sealed.pop_first() {
            self.evicted_newest = Some(segment.newest);
            return Some(segment.last_sequence);
        }
        if self.closed.first().is_none() {
            self.close();
        }
        let segment = self.closed.pop_first()?;
        self.evicted_newest = Some(segment.newest);
        if segment.rows.start >= self.sealing_from {
            self.sealing_from = segment.rows.end;
            self.not_summarized.push_back(segment.content);
            if self.not_summarized.len() > MAX_NOT_SUMMARIZED {
                self.not_summarized.pop_front();
            }
        }
        Some(segment.last_sequence)
    }

    /// Evicts all rows, because the clock was set back. Returns the last sequence of them.
    pub fn clear(&mut self) -> Option<Sequence> {
        let mut evicted = None;
        while let Some(sequence) = self.evict_first() {
            evicted = Some(sequence);
        }
        self.not_summarized.clear();
        self.evicted_newest = None;
        evicted
    }

    /// The first row of those that hold the first row sent after `position`.
    pub fn first_row_after(&self, position: Sequence) -> u64 {
        let open = self.open.as_ref().filter(|open| open.last_sequence() > position);
        self.first_row_of(Place::After(position))
            .unwrap_or_else(|| open.map_or(self.end_row, |open| open.numbers().start))
    }

    /// The first row of those that hold the first row at or after `time`.
    pub fn first_row_since(&self, time: Timestamp) -> u64 {
        let open = self.open.as_ref().filter(|_| self.newest().is_some_and(|newest| newest >= time));
        self.first_row_of(Place::Since(time)).unwrap_or_else(|| open.map_or(self.end_row, |open| open.numbers().start))
    }

    /// The first row of the first segment that ends after `place`.
    fn first_row_of(&self, place: Place) -> Option<u64> {
        let sealed = self.sealed.seek(place).map(|segment| segment.rows.start);
        sealed.or_else(|| self.closed.seek(place).map(|segment| segment.rows.start))
    }

    /// The rows from `place` on and before `end`, and those of their segments. Rows that are not encoded are shared, open ones copied.
    pub fn parts(&self, place: Place, end: Timestamp) -> Vec<RowPart> {
        let first_row = if let Place::Row(row) = place { row } else { 0 };
        let sealed = self.sealed.from(place).filter(|segment| segment.oldest < end).map(|segment| {
            let (rows, times) = (segment.rows.clone(), (segment.oldest, segment.newest));
            RowPart { first_row, rows, times, content: RowContent::Sealed(segment.content.clone()) }
        });
        let closed = self.closed.from(place).filter(|segment| segment.oldest < end).map(|segment| {
            let (rows, times) = (segment.rows.clone(), (segment.oldest, segment.newest));
            RowPart { first_row, rows, times, content: RowContent::Slab(Arc::clone(&segment.content)) }
        });
        let open = self.open.iter().filter_map(|open| {
            let (rows, times) = (open.numbers(), (open.oldest()?, open.newest()?));
            (rows.end > first_row && times.0 < end).then(|| RowPart {
                first_row,
                rows,
                times,
                content: RowContent::Slab(Arc::new(open.clone())),
            })
        });
        sealed.chain(closed).chain(open).collect()
    }

    /// The segment with row number `row`, or the open rows.
    pub fn rows_at(&self, row: u64) -> Option<Rows<'_>> {
        let sealed = self.sealed.seek(Place::Row(row)).filter(|segment| segment.rows.contains(&row));
        if let Some(segment) = sealed {
            return Some(Rows::Sealed(segment));
        }
        let closed = self.closed.seek(Place::Row(row)).filter(|segment| segment.rows.contains(&row));
        let open = || self.open.as_ref().filter(|open| open.numbers().contains(&row)).map(Rows::Open);
        closed.map(Rows::Closed).or_else(open)
    }
}

#[cfg(test)]
mod tests;
