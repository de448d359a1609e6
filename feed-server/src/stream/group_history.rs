//! The history of one group: a list of slabs, oldest first.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use protocol::column::MISSING;
use protocol::limits::{MAX_FRAME_VALUES, MAX_GROUP_SERIES};
use protocol::{Sequence, SeriesId, Timestamp};

use crate::ingest::batch::BatchSlice;
use crate::stream::slab::{Slab, is_missing};

/// The size of a slab of a group with much history: small beside any bound, large beside a slab's own fields. Below the size
/// from which glibc's allocator maps pages for each allocation.
const SLAB_BYTES: usize = 64 << 10;
const MAX_SLAB_ROWS: usize = 1_024;
/// Rows of a group's first slab.
const MIN_SLAB_ROWS: usize = 16;
/// A slab is this part of its group's history, so that its unused room is too.
const SLABS_PER_GROUP: usize = 8;

/// A limit on the work of joining slabs of different series for one block.
const MAX_MERGED_SERIES: usize = 16_384;

/// Bytes of a group without rows, with its places in the maps of the history.
const GROUP_BYTES: usize = size_of::<GroupHistory>() + 128;
/// Bytes of a shared list of series without its items.
const SERIES_LIST_BYTES: usize = 32;

#[derive(Debug, Default)]
pub struct GroupHistory {
    slabs: VecDeque<Slab>,
    end_row: u64,
    /// Bytes of the slabs' lists, and of the lists of series.
    heap_bytes: usize,
}

/// Rows of one group, copied out of the history. Reused from chunk to chunk.
#[derive(Debug, Default)]
pub struct RowChunk {
    pub times: Vec<Timestamp>,
    /// Series that have a value in these rows.
    series: Vec<SeriesId>,
    /// The columns, one after another.
    values: Vec<f64>,
}

impl RowChunk {
    /// A column for each series that has a value in these rows.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (SeriesId, &[f64])> {
        self.series.iter().copied().zip(self.values.chunks_exact(self.times.len().max(1)))
    }
}

impl GroupHistory {
    /// Number of the oldest row held, counted from the group's first.
    pub fn first_row(&self) -> u64 {
        self.slabs.front().map_or(self.end_row, Slab::first_row)
    }

    pub const fn end_row(&self) -> u64 {
        self.end_row
    }

    /// Bytes of memory: allocated, not only used.
    pub fn bytes(&self) -> usize {
        GROUP_BYTES + self.slabs.capacity() * size_of::<Slab>() + self.heap_bytes
    }

    pub fn time(&self, row: u64) -> Option<Timestamp> {
        self.slabs.get(self.slab_of(row))?.time(row)
    }

    pub fn oldest(&self) -> Option<Timestamp> {
        let slab = self.slabs.front()?;
        slab.time(slab.first_row())
    }

    pub fn newest(&self) -> Option<Timestamp> {
        self.slabs.back()?.newest()
    }

    /// Appends rows that are sent with `sequence`.
    pub fn push(&mut self, rows: &BatchSlice<'_>, sequence: Sequence) {
        let mut start = 0;
        while start < rows.rows() {
            let rest = rows.slice(start..rows.rows());
            let mut room = self.slabs.back().map_or(0, |slab| slab.room_for(&rest, sequence));
            if room == 0 {
                room = self.begin_slab(&rest, sequence);
            }
            let part = rest.slice(0..room.min(rest.rows()));
            if let Some(slab) = self.slabs.back_mut() {
                self.heap_bytes -= slab.heap_bytes();
                slab.push(&part, sequence);
                self.heap_bytes += slab.heap_bytes();
                self.end_row = slab.end_row();
            }
            start += part.rows();
        }
    }

    /// Adds a slab for these rows and returns its room.
    fn begin_slab(&mut self, rows: &BatchSlice<'_>, sequence: Sequence) -> usize {
        let series = self.series_with(rows);
        let held = (self.end_row - self.first_row()) as usize;
        let fits = (SLAB_BYTES / (size_of::<f64>() * (series.len() + 1))).clamp(1, MAX_SLAB_ROWS);
        let part = fits.min((held / SLABS_PER_GROUP).max(MIN_SLAB_ROWS));
        // When the series change often, slabs end before they are full: the next has at most twice the rows of the last.
        let room = self.slabs.back().map_or(part, |last| part.min(2 * last.rows()));
        // Few sizes, so that the allocator finds the memory of evicted slabs for new ones.
        let room = 1 << room.ilog2();
        if !self.slabs.back().is_some_and(|last| Arc::ptr_eq(last.series(), &series)) {
            self.heap_bytes += series_bytes(&series);
        }
        let slab = Slab::new(self.end_row, sequence, room, series);
        self.heap_bytes += slab.heap_bytes();
        self.slabs.push_back(slab);
        room
    }

    /// The series of a new slab: those of `rows` and those that had values in the last slab. Leaves no unused memory there.
    fn series_with(&mut self, rows: &BatchSlice<'_>) -> Arc<[SeriesId]> {
        let new = || rows.columns().map(|(series, _)| series);
        let Some(last) = self.slabs.back() else { return new().collect() };
        if last.is_full() && new().eq(last.series().iter().copied()) {
            return Arc::clone(last.series());
        }
        let present = last.present();
        let mut series = merged(&present, &new().collect::<Vec<_>>());
        if series.len() > MAX_GROUP_SERIES {
            series = new().collect();
        }
        let is_same = *series == **last.series();
        let series: Arc<[SeriesId]> = if is_same { Arc::clone(last.series()) } else { series.into() };
        self.seal_last(&present);
        series
    }

    /// Frees the unused memory of the last slab.
    fn seal_last(&mut self, present: &[SeriesId]) {
        let before = self.slabs.len().checked_sub(2).and_then(|place| self.slabs.get(place));
        let before = before.map(|slab| Arc::clone(slab.series()));
        let Some(last) = self.slabs.back_mut() else { return };
        self.heap_bytes -= last.heap_bytes();
        if *present == **last.series() {
            last.compact(Arc::clone(last.series()));
        } else {
            if !before.is_some_and(|before| Arc::ptr_eq(&before, last.series())) {
                self.heap_bytes -= series_bytes(last.series());
            }
            last.compact(present.into());
            self.heap_bytes += series_bytes(last.series());
        }
        self.heap_bytes += last.heap_bytes();
    }

    /// Evicts the rows before `time` and returns the last sequence of which any was evicted.
    pub fn evict_before(&mut self, time: Timestamp) -> Option<Sequence> {
        let mut evicted = None;
        while self.newest_of_first_slab().is_some_and(|newest| newest < time) {
            evicted = self.evict_slab();
        }
        self.slabs.front_mut().and_then(|slab| slab.evict_before(time)).or(evicted)
    }

    fn newest_of_first_slab(&self) -> Option<Timestamp> {
        self.slabs.front()?.newest()
    }

    /// Evicts the oldest slab and returns the last sequence of which any row was evicted; `None` without rows.
    pub fn evict_slab(&mut self) -> Option<Sequence> {
        let slab = self.slabs.pop_front()?;
        self.heap_bytes -= slab.heap_bytes();
        if !self.slabs.front().is_some_and(|next| Arc::ptr_eq(next.series(), slab.series())) {
            self.heap_bytes -= series_bytes(slab.series());
        }
        if self.slabs.is_empty() {
            self.slabs = VecDeque::new();
        }
        slab.last_sequence()
    }

    /// Evicts all rows and returns the last sequence of them.
    pub fn clear(&mut self) -> Option<Sequence> {
        let last = self.slabs.back().and_then(Slab::last_sequence);
        self.slabs = VecDeque::new();
        self.heap_bytes = 0;
        last
    }

    /// Number of the first row that was sent after `position`.
    pub fn first_row_after(&self, position: Sequence) -> u64 {
        let begun = self.slabs.partition_point(|slab| slab.first_sequence() <= position);
        let after = begun.checked_sub(1).map_or(0, |last| self.slabs[last].first_row_after(position));
        after.max(self.first_row())
    }

    /// Number of the first row at or after `time`.
    pub fn first_row_since(&self, time: Timestamp) -> u64 {
        let before = self.slabs.partition_point(|slab| slab.newest().is_some_and(|newest| newest < time));
        let since = self.slabs.get(before).map_or(self.end_row, |slab| slab.first_row_since(time));
        since.max(self.first_row())
    }

    /// The first of the rows that one block can have, and the number of their columns.
    pub fn block(&self, rows: &Range<u64>) -> (usize, usize) {
        let mut slabs = self.slabs.range(self.slab_of(rows.start)..);
        let Some(first) = slabs.next() else { return (0, 0) };
        let mut end = first.end_row();
        let mut last = first.series();
        let mut union: Option<Vec<SeriesId>> = None;
        let (mut columns, mut merged_series) = (last.len(), 0);
        for slab in slabs {
            if end >= rows.end || (end - rows.start) * columns.max(1) as u64 >= MAX_FRAME_VALUES {
                break;
            }
            if !Arc::ptr_eq(last, slab.series()) {
                let joined = merged(union.as_deref().unwrap_or(last), slab.series());
                merged_series += joined.len();
                if joined.len() > MAX_GROUP_SERIES || merged_series > MAX_MERGED_SERIES {
                    break;
                }
                columns = joined.len();
                union = Some(joined);
            }
            (end, last) = (slab.end_row(), slab.series());
        }
        ((end.min(rows.end) - rows.start) as usize, columns)
    }

    /// Copies rows, all of which are held, into `chunk`.
    pub fn copy_rows(&self, rows: &Range<u64>, chunk: &mut RowChunk) {
        let slabs: Vec<&Slab> =
            self.slabs.range(self.slab_of(rows.start)..).take_while(|slab| slab.first_row() < rows.end).collect();
        let RowChunk { times, series, values } = chunk;
        times.clear();
        series.clear();
        values.clear();
        times.extend(slabs.iter().flat_map(|slab| slab.times(rows)));
        let Some(first) = slabs.first() else { return };
        let is_shared = slabs.iter().all(|slab| Arc::ptr_eq(slab.series(), first.series()));
        let union = if is_shared {
            Arc::clone(first.series())
        } else {
            let mut all: Vec<SeriesId> = slabs.iter().flat_map(|slab| slab.series().iter().copied()).collect();
            all.sort();
            all.dedup();
            all.into()
        };
        for (place, &id) in union.iter().enumerate() {
            let start = values.len();
            for slab in &slabs {
                let place = if is_shared { Ok(place) } else { slab.series().binary_search(&id) };
                match place {
                    Ok(place) => values.extend_from_slice(slab.column(place, rows)),
                    Err(_) => values.resize(values.len() + slab.times(rows).len(), MISSING),
                }
            }
            if values[start..].iter().all(|&value| is_missing(value)) {
                values.truncate(start);
            } else {
                series.push(id);
            }
        }
    }

    /// Place of the slab with row number `row`.
    fn slab_of(&self, row: u64) -> usize {
        self.slabs.partition_point(|slab| slab.end_row() <= row)
    }
}

fn series_bytes(series: &[SeriesId]) -> usize {
    SERIES_LIST_BYTES + size_of_val(series)
}

fn merged(ours: &[SeriesId], theirs: &[SeriesId]) -> Vec<SeriesId> {
    let mut all = [ours, theirs].concat();
    // The stable sort finds the two sorted parts.
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests;
