//! The newest rows of a group, not yet encoded.
//!
//! A slab has room for a fixed number of rows of a fixed list of series, allocated when it begins: it neither grows nor moves.
//! A slab that is closed is sealed: its rows are encoded as one block, which fits a frame.

use std::ops::Range;

use protocol::column::{MISSING, is_missing};
use protocol::{BlockBuffer, EncodeError, EncodedRows, GroupId, Interval, Sequence, SeriesId, Timestamp};

use crate::ingest::batch::BatchSlice;
use crate::stream::late_rows::drop_values;
use crate::stream::packing::{FRAME_ROOM_BYTES, rows_that_fit};

/// More rows pack no better: a column's own fields take some 10 bytes.
const MAX_ROWS: usize = 512;

/// A slab with this many rows ends with a span of time. Fewer rows pack worse, and cost the fields of a segment.
const MIN_ROWS: usize = 64;

/// The length of the spans, which are moved by the phase of the group. The longer, the more rows that it holds is a viewer sent
/// again that resumes, and the more rows lie open.
pub const SPAN: Interval = Interval::from_secs(10);

/// The times of a slab's rows in order span less than this; of late rows, less than this and those of one batch.
pub const MAX_SPAN: Interval = Interval::from_secs(60);

const VALUE_BYTES: usize = size_of::<f64>();
/// The allocator's own bytes for each of the three lists.
const LISTS_BYTES: usize = 3 * 16;

#[derive(Clone, Debug)]
pub struct Slab {
    /// Number of the first row, counted from the group's first.
    first_row: u64,
    /// Room for rows.
    room: usize,
    /// In rising order.
    series: Vec<SeriesId>,
    times: Vec<Timestamp>,
    /// A column of `room` values for each series, one after another.
    values: Vec<f64>,
    /// Of the newest row.
    last_sequence: Sequence,
}

/// The number of rows of `columns` columns that one slab may have.
pub fn most_rows(columns: usize) -> usize {
    rows_that_fit(columns, FRAME_ROOM_BYTES).clamp(1, MAX_ROWS)
}

impl Slab {
    /// An empty slab with room for `room` rows of `series`, at most [`most_rows`].
    pub fn new(first_row: u64, room: usize, series: Vec<SeriesId>) -> Self {
        Self {
            first_row,
            room,
            times: Vec::with_capacity(room),
            values: vec![MISSING; room * series.len()],
            series,
            last_sequence: Sequence(0),
        }
    }

    /// An empty slab in the memory of this one.
    #[must_use]
    pub fn reuse(self, first_row: u64, room: usize, series: Vec<SeriesId>) -> Self {
        let Self { mut times, mut values, .. } = self;
        times.clear();
        times.reserve_exact(room);
        values.clear();
        values.resize(room * series.len(), MISSING);
        Self { first_row, room, series, times, values, last_sequence: Sequence(0) }
    }

    /// The number of values for which its memory has room.
    pub const fn capacity(&self) -> usize {
        self.values.capacity()
    }

    /// Numbers of its rows.
    pub const fn numbers(&self) -> Range<u64> {
        self.first_row..self.first_row + self.times.len() as u64
    }

    pub fn series(&self) -> &[SeriesId] {
        &self.series
    }

    pub fn times(&self) -> &[Timestamp] {
        &self.times
    }

    pub const fn rows(&self) -> usize {
        self.times.len()
    }

    pub const fn is_full(&self) -> bool {
        self.times.len() == self.room
    }

    pub fn oldest(&self) -> Option<Timestamp> {
        self.times.first().copied()
    }

    pub fn newest(&self) -> Option<Timestamp> {
        self.times.last().copied()
    }

    pub const fn last_sequence(&self) -> Sequence {
        self.last_sequence
    }

    pub const fn heap_bytes(&self) -> usize {
        let series = self.series.capacity() * size_of::<SeriesId>();
        LISTS_BYTES + (self.times.capacity() + self.values.capacity()) * VALUE_BYTES + series
    }

    /// The number of these rows that may be appended.
    pub fn room_for(&self, rows: &BatchSlice<'_>, phase: Interval) -> usize {
        let mut places = self.places();
        if rows.columns().any(|(series, _)| places.of(series).is_none()) {
            return 0;
        }
        let times = rows.times();
        // Late rows.
        if self.newest().zip(times.first().copied()).is_some_and(|(newest, first)| newest - MAX_SPAN >= first) {
            return 0;
        }
        let needed = MIN_ROWS.saturating_sub(self.times.len());
        let in_span = match needed.checked_sub(1).map_or(self.newest(), |last| times.get(last).copied()) {
            Some(last) => times.partition_point(|&time| time < end_of_span(last, phase)),
            None => times.len(),
        };
        let oldest = self.oldest().or_else(|| times.first().copied());
        let in_span = in_span.min(oldest.map_or(0, |oldest| times.partition_point(|&time| time < oldest + MAX_SPAN)));
        // The last representable times have no end of a span.
        let in_span = if self.times.is_empty() { in_span.max(1) } else { in_span };
        in_span.min(self.room - self.times.len())
    }

    /// Adds rows for which there is room. Hot: once per group and frame.
    pub fn push(&mut self, rows: &BatchSlice<'_>, sequence: Sequence) {
        if self.newest() < rows.times().first().copied() {
            self.append(rows);
        } else {
            (0..rows.rows()).for_each(|row| self.insert(&rows.slice(row..row + 1)));
        }
        self.last_sequence = sequence;
    }

    fn append(&mut self, rows: &BatchSlice<'_>) {
        let start = self.times.len();
        self.times.extend_from_slice(rows.times());
        let added = start..self.times.len();
        let (mut places, room) = (Places { series: &self.series, next: 0 }, self.room);
        for (series, values) in rows.columns() {
            if let Some(place) = places.of(series) {
                self.values[place * room..][added.clone()].copy_from_slice(values);
            }
        }
    }

    /// Puts one row in its place. A row with its time is there already, or there is room for one more.
    fn insert(&mut self, row: &BatchSlice<'_>) {
        let Some(&time) = row.times().first() else { return };
        let (rows, room) = (self.times.len(), self.room);
        let place = self.times.partition_point(|&held| held < time);
        if self.times.get(place) != Some(&time) {
            self.times.insert(place, time);
            for column in self.values.chunks_exact_mut(room) {
                column.copy_within(place..rows, place + 1);
                column[place] = MISSING;
            }
        }
        let mut places = Places { series: &self.series, next: 0 };
        for (series, values) in row.columns() {
            if let (Some(column), Some(&value)) = (places.of(series), values.first())
                && !is_missing(value)
            {
                self.values[column * room + place] = value;
            }
        }
    }

    /// Sets the values of a row to [`MISSING`] that are held for its time.
    pub fn drop_held(&self, time: Timestamp, row: &mut [(SeriesId, f64)]) {
        let Ok(place) = self.times.binary_search(&time) else { return };
        let column = |series| self.series.binary_search(&series).ok();
        drop_values(row, |series| column(series).map(|column| self.values[column * self.room + place]));
    }

    /// The series that have a value in any row.
    pub fn present(&self) -> impl Iterator<Item = SeriesId> {
        self.columns().map(|(series, _)| series)
    }

    /// Encodes its rows.
    ///
    /// # Errors
    /// If they cannot be encoded, which is a defect.
    pub fn encode(&self, group: GroupId, buffer: &mut BlockBuffer) -> Result<EncodedRows, EncodeError> {
        buffer.encode_rows(group, &self.times, self.columns())
    }

    /// The columns that have a value.
    pub fn columns(&self) -> impl Iterator<Item = (SeriesId, &[f64])> {
        let column = |place: usize| &self.values[place * self.room..][..self.times.len()];
        let columns = self.series.iter().enumerate().map(move |(place, &series)| (series, column(place)));
        columns.filter(|(_, values)| values.iter().any(|&value| !is_missing(value)))
    }

    fn places(&self) -> Places<'_> {
        Places { series: &self.series, next: 0 }
    }
}

/// The end of the span of `time`.
fn end_of_span(time: Timestamp, phase: Interval) -> Timestamp {
    let (span, phase) = (SPAN.micros() as i64, phase.micros() as i64);
    let passed = time.micros().wrapping_sub(phase).rem_euclid(span);
    time - Interval::from_micros(passed as u64) + SPAN
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
    use protocol::limits::MAX_GROUP_SERIES;

    use super::*;
    use crate::ingest::batch::Batch;

    fn row(second: i64, series: &[u32]) -> Batch {
        let values = series.iter().map(|&series| (SeriesId(series), f64::from(series) + second as f64));
        Batch::row(GroupId(1), Timestamp::from_micros(second * 1_000_000), values)
    }

    fn slab(series: &[u32]) -> Slab {
        let mut slab = Slab::new(100, 4, series.iter().copied().map(SeriesId).collect());
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
        assert_eq!(slab.room_for(&(&next).into(), Interval::ZERO), 1);
        slab.push(&(&next).into(), Sequence(9));
        assert_eq!((slab.room_for(&(&next).into(), Interval::ZERO), slab.heap_bytes()), (0, before));
        assert_eq!((slab.numbers(), slab.last_sequence()), (100..104, Sequence(9)));
    }

    #[test]
    fn rows_of_other_series_have_no_room() {
        assert_eq!(slab(&[1, 2, 3]).room_for(&(&row(5, &[4])).into(), Interval::ZERO), 0, "series 4 has no column");
    }

    #[test]
    fn a_slab_with_enough_rows_ends_with_a_span_and_one_with_few_rows_later() {
        let rows = |first: i64, count: i64| {
            let times = (first..first + count).map(|tenth| Timestamp::from_micros(tenth * 100_000)).collect();
            Batch { group: GroupId(1), times, columns: Vec::new() }
        };
        let room = |held: i64, next: &Batch, phase| {
            let mut slab = Slab::new(0, 512, Vec::new());
            slab.push(&(&rows(0, held)).into(), Sequence(1));
            slab.room_for(&next.into(), phase)
        };
        let second = Interval::from_secs(1);
        assert_eq!(room(70, &rows(70, 100), Interval::ZERO), 30, "up to 10 s");
        assert_eq!(room(70, &rows(70, 100), second), 40, "up to 11 s");
        assert_eq!(room(100, &rows(100, 5), Interval::ZERO), 0);
        // 14 rows are missing to 64, the last of which lies in the span from 10 to 20 s.
        assert_eq!(room(50, &rows(90, 200), Interval::ZERO), 110);
        assert_eq!(room(50, &rows(90, 13), Interval::ZERO), 13);
        assert_eq!(room(50, &rows(599, 5), Interval::ZERO), 1, "less than a minute");
    }

    #[test]
    fn an_empty_slab_has_room_for_a_row_of_any_time() {
        for micros in [i64::MIN, -1, 0, i64::MAX] {
            let rows = Batch::row(GroupId(1), Timestamp::from_micros(micros), [(SeriesId(1), 1.0)]);
            let slab = Slab::new(0, 4, vec![SeriesId(1)]);
            assert_eq!(slab.room_for(&(&rows).into(), Interval::from_micros(7)), 1, "{micros}");
        }
    }

    #[test]
    fn encoded_rows_have_the_columns_with_values() {
        let slab = slab(&[1, 2, 3]);
        assert!(slab.present().eq([1, 3].map(SeriesId)));
        let mut buffer = BlockBuffer::default();
        let encoded = slab.encode(GroupId(1), &mut buffer).expect("encodes");
        assert_eq!((encoded.rows(), encoded.values()), (3, 6));
        buffer.start(EncodedRows::BASE);
        buffer.push_encoded(protocol::BlockMode::Merge, &encoded).expect("the same base");
        let block = buffer.blocks().iter().next().expect("a block");
        let mut values = [0.0; 3];
        block.columns.iter().next().and_then(|column| column.values()).expect("a column").copy_to(&mut values);
        assert_eq!(values.map(f64::to_bits), [2.0, MISSING, 4.0].map(f64::to_bits));
    }

    #[test]
    fn the_widest_slab_fits_a_frame_with_any_values() {
        for columns in [1, 8, 100, MAX_GROUP_SERIES] {
            let rows = most_rows(columns);
            let mut slab = Slab::new(
                u64::MAX - 1_000,
                rows,
                (0..columns as u32).map(|id| SeriesId(u32::MAX - 9_999 + id)).collect(),
            );
            for (place, value) in slab.values.iter_mut().enumerate() {
                *value =
                    f64::from_bits(0x3ff0_0000_0000_0000 | (place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 12);
            }
            slab.times = (0..rows as i64).map(|row| Timestamp::from_micros(i64::MIN / 2 + (row << 40))).collect();
            let encoded = slab.encode(GroupId(u32::MAX), &mut BlockBuffer::default()).expect("encodes");
            assert!(encoded.len() + EncodedRows::MODE_BYTES <= FRAME_ROOM_BYTES, "{columns}: {}", encoded.len());
        }
    }
}
