//! Segments: rows to which none is added; and a store of them.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use protocol::{EncodedRows, Sequence, Timestamp};

use crate::stream::slab::Slab;

/// Bytes of shared content besides itself: counters, and the allocator's own.
const SHARED_BYTES: usize = 2 * size_of::<usize>() + 16;

/// Consecutive rows of a track, which never change. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Segment<C> {
    /// Numbers of its rows, counted from the track's first.
    pub rows: Range<u64>,
    /// The time of its first row.
    pub oldest: Timestamp,
    /// The newest time of its track up to its last row. It does not fall from segment to segment, also if rows are late.
    pub newest: Timestamp,
    /// The sequence with which its last row was sent.
    pub last_sequence: Sequence,
    pub content: C,
}

impl<C> Segment<C> {
    /// The same rows in another form.
    pub fn with<D>(self, content: D) -> Segment<D> {
        let Self { rows, oldest, newest, last_sequence, .. } = self;
        Segment { rows, oldest, newest, last_sequence, content }
    }
}

/// The content of a segment.
pub trait Content: Clone + Debug {
    /// Bytes of memory, also those that clones share.
    fn heap_bytes(&self) -> usize;
}

/// To be encoded.
impl Content for Arc<Slab> {
    fn heap_bytes(&self) -> usize {
        SHARED_BYTES + size_of::<Slab>() + Slab::heap_bytes(self)
    }
}

/// Encoded once, for all viewers.
impl Content for EncodedRows {
    fn heap_bytes(&self) -> usize {
        SHARED_BYTES + self.len()
    }
}

/// A place in a track.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    Row(u64),
    /// The first row that was sent after this.
    After(Sequence),
    /// The first row at or after this, if rows rise in time.
    Since(Timestamp),
}

/// Segments of one track, in order. A store in memory is [`MemoryStore`].
pub trait SegmentStore: Debug {
    type Content: Content;

    /// Appends a segment, whose rows follow those of the last.
    fn push(&mut self, segment: Segment<Self::Content>);

    /// The first segment that ends after `place`.
    fn seek(&self, place: Place) -> Option<&Segment<Self::Content>>;

    fn first(&self) -> Option<&Segment<Self::Content>>;

    fn last(&self) -> Option<&Segment<Self::Content>>;

    /// Removes the first segment.
    fn pop_first(&mut self) -> Option<Segment<Self::Content>>;

    /// Puts a segment in place of those whose rows it has. Does nothing if one of them is no longer there.
    fn join(&mut self, joined: Segment<Self::Content>);

    /// Bytes of memory: allocated, not only used.
    fn heap_bytes(&self) -> usize;
}

#[derive(Clone, Debug)]
pub struct MemoryStore<C> {
    segments: VecDeque<Segment<C>>,
    /// Bytes of the contents.
    content_bytes: usize,
}

impl<C> Default for MemoryStore<C> {
    fn default() -> Self {
        Self { segments: VecDeque::new(), content_bytes: 0 }
    }
}

impl<C> MemoryStore<C> {
    /// The first segment that ends after `place`, and those after it.
    pub fn from(&self, place: Place) -> impl Iterator<Item = &Segment<C>> {
        self.segments.range(self.index(place)..)
    }

    fn index(&self, place: Place) -> usize {
        self.segments.partition_point(|segment| match place {
            Place::Row(row) => segment.rows.end <= row,
            Place::After(position) => segment.last_sequence <= position,
            Place::Since(time) => segment.newest < time,
        })
    }
}

impl<C: Content> SegmentStore for MemoryStore<C> {
    type Content = C;

    fn push(&mut self, segment: Segment<C>) {
        self.content_bytes += segment.content.heap_bytes();
        // Doubling would leave a third of the list unused.
        if self.segments.len() == self.segments.capacity() {
            self.segments.reserve_exact(self.segments.len() / 8 + 4);
        }
        self.segments.push_back(segment);
    }

    fn seek(&self, place: Place) -> Option<&Segment<C>> {
        self.segments.get(self.index(place))
    }

    fn first(&self) -> Option<&Segment<C>> {
        self.segments.front()
    }

    fn last(&self) -> Option<&Segment<C>> {
        self.segments.back()
    }

    fn pop_first(&mut self) -> Option<Segment<C>> {
        let segment = self.segments.pop_front()?;
        self.content_bytes -= segment.content.heap_bytes();
        if self.segments.is_empty() {
            self.segments = VecDeque::new();
        }
        Some(segment)
    }

    fn join(&mut self, joined: Segment<C>) {
        let (first, end) = (self.index(Place::Row(joined.rows.start)), self.index(Place::Row(joined.rows.end)));
        let parts = self.segments.range(first..end);
        let rows =
            parts.clone().next().map(|first| first.rows.start).zip(parts.clone().last().map(|last| last.rows.end));
        if rows != Some((joined.rows.start, joined.rows.end)) {
            return;
        }
        self.content_bytes -= parts.map(|part| part.content.heap_bytes()).sum::<usize>();
        self.content_bytes += joined.content.heap_bytes();
        self.segments.drain(first + 1..end);
        self.segments[first] = joined;
    }

    fn heap_bytes(&self) -> usize {
        self.segments.capacity() * size_of::<Segment<C>>() + self.content_bytes
    }
}

#[cfg(test)]
mod tests {
    use protocol::{BlockBuffer, GroupId, SeriesId};

    use super::*;

    fn segment(rows: Range<u64>) -> Segment<EncodedRows> {
        let times: Vec<Timestamp> = rows.clone().map(|row| Timestamp::from_micros(row as i64)).collect();
        let values: Vec<f64> = rows.clone().map(|row| (row as f64).sqrt()).collect();
        let content = BlockBuffer::default().encode_rows(GroupId(1), &times, [(SeriesId(1), values.as_slice())]);
        let (oldest, newest) = (times[0], times[times.len() - 1]);
        Segment { last_sequence: Sequence(rows.end), rows, oldest, newest, content: content.expect("encodes") }
    }

    fn counted(store: &MemoryStore<EncodedRows>) -> usize {
        let contents = store.segments.iter().map(|segment| segment.content.heap_bytes()).sum::<usize>();
        store.segments.capacity() * size_of::<Segment<EncodedRows>>() + contents
    }

    #[test]
    fn a_segment_is_found_by_row_sequence_and_time() {
        let mut store = MemoryStore::default();
        [0..10, 10..30, 30..31].map(segment).into_iter().for_each(|segment| store.push(segment));
        let start = |place| store.seek(place).map(|segment| segment.rows.start);
        assert_eq!([0, 9, 10, 30, 31].map(|row| start(Place::Row(row))), [Some(0), Some(0), Some(10), Some(30), None]);
        assert_eq!([9, 10, 30, 31].map(|at| start(Place::After(Sequence(at)))), [Some(0), Some(10), Some(30), None]);
        let since = |micros| start(Place::Since(Timestamp::from_micros(micros)));
        assert_eq!([-1, 9, 10, 30, 31].map(since), [Some(0), Some(0), Some(10), Some(30), None]);
        assert_eq!(store.heap_bytes(), counted(&store));
    }

    #[test]
    fn a_joined_segment_takes_the_place_of_its_parts_unless_one_was_evicted() {
        let mut store = MemoryStore::default();
        [0..10, 10..30, 30..35, 35..40].map(segment).into_iter().for_each(|segment| store.push(segment));
        store.join(segment(10..35));
        let rows = |store: &MemoryStore<EncodedRows>| -> Vec<Range<u64>> {
            store.segments.iter().map(|segment| segment.rows.clone()).collect()
        };
        assert_eq!(rows(&store), [0..10, 10..35, 35..40]);
        assert_eq!(store.heap_bytes(), counted(&store));
        store.pop_first();
        store.join(segment(0..35));
        assert_eq!(rows(&store), [10..35, 35..40]);
        while store.pop_first().is_some() {}
        store.join(segment(0..35));
        assert_eq!((store.heap_bytes(), store.first().is_none()), (0, true));
    }
}
