//! Consecutive rows of a group in memory of a fixed size.
//!
//! A slab has room for a fixed number of rows of a fixed list of series, allocated when it begins: it neither grows nor moves.
//! Its memory is therefore known, and is freed as a whole.

use std::ops::Range;
use std::sync::Arc;

use protocol::column::MISSING;
use protocol::{Sequence, SeriesId, Timestamp};

use crate::ingest::batch::BatchSlice;

const VALUE_BYTES: usize = size_of::<f64>();
/// The allocator's own bytes for each of the three lists.
const LISTS_BYTES: usize = 3 * 16;

#[derive(Debug)]
pub struct Slab {
    /// Number of the first row, counted from the group's first.
    first_row: u64,
    /// Rows that were evicted. Their memory is freed with the slab.
    evicted: usize,
    /// Room for rows.
    room: usize,
    /// In rising order.
    series: Arc<[SeriesId]>,
    times: Vec<Timestamp>,
    /// A column of `room` values for each series, one after another.
    values: Vec<f64>,
    first_sequence: Sequence,
    /// The frame of each row, as ranges of rows, oldest first.
    marks: Vec<Mark>,
}

/// Rows before `end` were sent with this sequence or earlier.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// Counted from the slab's first.
    sequence: u32,
    end: u32,
}

impl Slab {
    /// An empty slab with room for `room` rows of `series`, of which the first is sent with `sequence`.
    pub fn new(first_row: u64, sequence: Sequence, room: usize, series: Arc<[SeriesId]>) -> Self {
        Self {
            first_row,
            evicted: 0,
            room,
            times: Vec::with_capacity(room),
            values: vec![MISSING; room * series.len()],
            series,
            first_sequence: sequence,
            marks: Vec::new(),
        }
    }

    /// Number of the oldest row that was not evicted.
    pub const fn first_row(&self) -> u64 {
        self.first_row + self.evicted as u64
    }

    pub const fn end_row(&self) -> u64 {
        self.first_row + self.times.len() as u64
    }

    pub const fn series(&self) -> &Arc<[SeriesId]> {
        &self.series
    }

    pub const fn first_sequence(&self) -> Sequence {
        self.first_sequence
    }

    /// The time of row number `row`.
    pub fn time(&self, row: u64) -> Option<Timestamp> {
        self.times.get((row.checked_sub(self.first_row)?) as usize).copied()
    }

    pub fn newest(&self) -> Option<Timestamp> {
        self.times.last().copied()
    }

    /// Rows that were appended, evicted ones included.
    pub const fn rows(&self) -> usize {
        self.times.len()
    }

    pub const fn is_full(&self) -> bool {
        self.times.len() == self.room
    }

    /// Bytes of its lists. The list of series is shared between slabs.
    pub const fn heap_bytes(&self) -> usize {
        let marks = self.marks.capacity() * size_of::<Mark>();
        LISTS_BYTES + (self.times.capacity() + self.values.capacity()) * VALUE_BYTES + marks
    }

    /// Rows with these series, sent with `sequence`, for which there is room.
    pub fn room_for(&self, rows: &BatchSlice<'_>, sequence: Sequence) -> usize {
        let fits = u32::try_from(sequence.0 - self.first_sequence.0).is_ok() && self.has_columns(rows);
        if fits { self.room - self.times.len() } else { 0 }
    }

    fn has_columns(&self, rows: &BatchSlice<'_>) -> bool {
        let mut places = self.places();
        rows.columns().all(|(series, _)| places.of(series).is_some())
    }

    /// Appends rows for which there is room. Hot: once per group and frame.
    pub fn push(&mut self, rows: &BatchSlice<'_>, sequence: Sequence) {
        let start = self.times.len();
        self.times.extend_from_slice(rows.times());
        let held = start..self.times.len();
        let (mut places, room) = (Places { series: &self.series, next: 0 }, self.room);
        for (series, values) in rows.columns() {
            if let Some(place) = places.of(series) {
                self.values[place * room..][held.clone()].copy_from_slice(values);
            }
        }
        let mark = Mark { sequence: (sequence.0 - self.first_sequence.0) as u32, end: held.end as u32 };
        match self.marks.last_mut() {
            // A frame may have two blocks of one group.
            Some(last) if last.sequence == mark.sequence => last.end = mark.end,
            _ => self.marks.push(mark),
        }
    }

    /// Evicts the rows before `time` and returns the last sequence of which any was evicted.
    pub fn evict_before(&mut self, time: Timestamp) -> Option<Sequence> {
        let evicted = self.times.partition_point(|&held| held < time);
        if evicted <= self.evicted {
            return None;
        }
        self.evicted = evicted;
        self.sequence_of(evicted - 1)
    }

    /// The sequence of its newest row.
    pub fn last_sequence(&self) -> Option<Sequence> {
        self.sequence_of(self.times.len().checked_sub(1)?)
    }

    fn sequence_of(&self, row: usize) -> Option<Sequence> {
        let mark = self.marks.get(self.marks.partition_point(|mark| mark.end as usize <= row))?;
        Some(Sequence(self.first_sequence.0 + u64::from(mark.sequence)))
    }

    /// Number of the first row that was sent after `position`.
    pub fn first_row_after(&self, position: Sequence) -> u64 {
        let sent = |mark: &Mark| self.first_sequence.0 + u64::from(mark.sequence) <= position.0;
        let held = self.marks.partition_point(sent).checked_sub(1).map_or(0, |last| u64::from(self.marks[last].end));
        self.first_row + held
    }

    /// Number of the first row at or after `time`.
    pub fn first_row_since(&self, time: Timestamp) -> u64 {
        self.first_row + self.times.partition_point(|&held| held < time) as u64
    }

    /// Times of the rows of these numbers, as far as they are in this slab.
    pub fn times(&self, rows: &Range<u64>) -> &[Timestamp] {
        &self.times[self.held(rows)]
    }

    /// The same rows of the column at `place` of the list of series.
    pub fn column(&self, place: usize, rows: &Range<u64>) -> &[f64] {
        &self.values[place * self.room..][self.held(rows)]
    }

    fn held(&self, rows: &Range<u64>) -> Range<usize> {
        let held = |row: u64| row.clamp(self.first_row, self.end_row()) - self.first_row;
        held(rows.start) as usize..held(rows.end) as usize
    }

    /// The series that have a value in any row.
    pub fn present(&self) -> Vec<SeriesId> {
        let rows = self.first_row..self.end_row();
        let is_present = |place: &usize| self.column(*place, &rows).iter().any(|value| !is_missing(*value));
        (0..self.series.len()).filter(is_present).map(|place| self.series[place]).collect()
    }

    /// Frees the room of rows that were not appended, and columns other than those of `series`.
    pub fn compact(&mut self, series: Arc<[SeriesId]>) {
        if self.is_full() && Arc::ptr_eq(&series, &self.series) {
            return;
        }
        let rows = self.first_row..self.end_row();
        let mut values = Vec::with_capacity(self.times.len() * series.len());
        let mut places = self.places();
        for &series in &*series {
            match places.of(series) {
                Some(place) => values.extend_from_slice(self.column(place, &rows)),
                None => values.resize(values.len() + self.times.len(), MISSING),
            }
        }
        self.times.shrink_to_fit();
        self.marks.shrink_to_fit();
        (self.room, self.series, self.values) = (self.times.len(), series, values);
    }

    fn places(&self) -> Places<'_> {
        Places { series: &self.series, next: 0 }
    }
}

pub fn is_missing(value: f64) -> bool {
    value.to_bits() == MISSING.to_bits()
}

/// Finds series that are requested in rising order in a list in rising order: in one pass if the lists are equal.
struct Places<'a> {
    series: &'a [SeriesId],
    next: usize,
}

impl Places<'_> {
    fn of(&mut self, series: SeriesId) -> Option<usize> {
        let rest = &self.series[self.next..];
        let skipped = match rest.first() {
            Some(&first) if first == series => 0,
            _ => rest.partition_point(|&held| held < series),
        };
        let place = self.next + skipped;
        self.next = place;
        (self.series.get(place) == Some(&series)).then(|| {
            self.next = place + 1;
            place
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::batch::Batch;
    use protocol::GroupId;

    fn row(second: i64, series: &[u32]) -> Batch {
        let values = series.iter().map(|&series| (SeriesId(series), f64::from(series) + second as f64));
        Batch::row(GroupId(1), Timestamp::from_micros(second), values)
    }

    fn slab(series: &[u32]) -> Slab {
        let mut slab = Slab::new(100, Sequence(7), 4, series.iter().copied().map(SeriesId).collect());
        slab.push(&(&row(1, &[1, 3])).into(), Sequence(7));
        slab.push(&(&row(2, &[3])).into(), Sequence(7));
        slab.push(&(&row(3, &[1, 3])).into(), Sequence(9));
        slab
    }

    #[test]
    fn memory_is_that_of_the_room_and_does_not_grow_with_rows() {
        let mut slab = slab(&[1, 2, 3]);
        let before = slab.heap_bytes();
        assert!(before >= 4 * 4 * VALUE_BYTES);
        let next = row(4, &[2]);
        assert_eq!(slab.room_for(&(&next).into(), Sequence(9)), 1);
        slab.push(&(&next).into(), Sequence(9));
        assert_eq!((slab.room_for(&(&next).into(), Sequence(9)), slab.heap_bytes()), (0, before));
        assert_eq!(slab.room_for(&(&row(5, &[4])).into(), Sequence(9)), 0, "series 4 has no column");
    }

    #[test]
    fn each_row_keeps_its_sequence() {
        let mut slab = slab(&[1, 2, 3]);
        let after = [6, 7, 8, 9].map(|position| slab.first_row_after(Sequence(position)));
        assert_eq!(after, [100, 102, 102, 103]);
        assert_eq!(slab.evict_before(Timestamp::from_micros(2)), Some(Sequence(7)));
        assert_eq!(slab.evict_before(Timestamp::from_micros(2)), None);
        assert_eq!((slab.first_row(), slab.last_sequence()), (101, Some(Sequence(9))));
    }

    #[test]
    fn a_compact_slab_has_the_same_rows_of_the_series_that_are_left() {
        let mut slab = slab(&[1, 2, 3]);
        assert_eq!(slab.present(), [SeriesId(1), SeriesId(3)]);
        let columns = |slab: &Slab, places: [usize; 2]| {
            places
                .map(|place| slab.column(place, &(0..u64::MAX)).iter().map(|value| value.to_bits()).collect::<Vec<_>>())
        };
        let before = columns(&slab, [0, 2]);
        let bytes = slab.heap_bytes();
        slab.compact([SeriesId(1), SeriesId(3)].into());
        assert_eq!(columns(&slab, [0, 1]), before);
        assert!(slab.heap_bytes() < bytes);
    }
}
