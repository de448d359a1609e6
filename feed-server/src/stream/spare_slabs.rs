//! The memory of slabs that were sealed, for the next ones.
//!
//! Rows are held in columns for seconds, and encoded for minutes. If both took turns in the same memory, the allocator would
//! leave part of it unused.

use std::collections::VecDeque;

use protocol::SeriesId;

use crate::stream::slab::Slab;

/// More are freed: a tick closes few slabs.
const MAX_BYTES: usize = 1 << 20;

/// More are freed: groups of different widths rarely find a slab of their size.
const MAX_SLABS: usize = 8;

#[derive(Debug, Default)]
pub struct SpareSlabs {
    /// Oldest first.
    slabs: VecDeque<Slab>,
    bytes: usize,
    limit_bytes: usize,
}

impl SpareSlabs {
    /// Keeps at most `limit_bytes` bytes, and at most a mebibyte.
    pub fn new(limit_bytes: usize) -> Self {
        Self { limit_bytes: limit_bytes.min(MAX_BYTES), ..Self::default() }
    }

    /// Frees all.
    pub fn clear(&mut self) {
        self.slabs.clear();
        self.bytes = 0;
    }

    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keeps the memory of a slab, in place of the slabs that were kept first.
    pub fn keep(&mut self, slab: Slab) {
        let bytes = bytes_of(&slab);
        if bytes > self.limit_bytes {
            return;
        }
        while (self.bytes + bytes > self.limit_bytes || self.slabs.len() == MAX_SLABS)
            && let Some(oldest) = self.slabs.pop_front()
        {
            self.bytes -= bytes_of(&oldest);
        }
        self.bytes += bytes;
        self.slabs.push_back(slab);
    }

    /// An empty slab: [`Slab::new`], in kept memory if a slab of this size is there.
    pub fn take(&mut self, first_row: u64, room: usize, series: Vec<SeriesId>) -> Slab {
        let size = room * series.len();
        let sizes = size..=size + size / 8;
        let place = self.slabs.iter().position(|slab| sizes.contains(&slab.capacity()));
        let Some(slab) = place.and_then(|place| self.slabs.remove(place)) else {
            return Slab::new(first_row, room, series);
        };
        self.bytes -= bytes_of(&slab);
        slab.reuse(first_row, room, series)
    }
}

fn bytes_of(slab: &Slab) -> usize {
    slab.heap_bytes() + size_of::<Slab>()
}

#[cfg(test)]
mod tests {
    use protocol::{BlockBuffer, GroupId, Interval, Sequence, Timestamp};

    use super::*;
    use crate::ingest::batch::Batch;

    const LIMIT_BYTES: usize = 500_000;

    fn series(count: u32) -> Vec<SeriesId> {
        (1..=count).map(SeriesId).collect()
    }

    #[test]
    fn a_slab_in_the_memory_of_another_is_like_a_new_one() {
        let row = |time| {
            Batch::row(GroupId(1), Timestamp::from_micros(time), (1..=4).map(|id| (SeriesId(id), f64::from(id))))
        };
        let mut spare = SpareSlabs::new(LIMIT_BYTES);
        let mut slab = spare.take(0, 8, series(4));
        for time in 0..8 {
            slab.push(&(&row(time)).into(), Sequence(9));
        }
        spare.keep(slab);
        assert!(spare.bytes() > 0);
        let mut slab = spare.take(100, 4, series(8));
        assert_eq!(
            (slab.numbers(), slab.rows(), spare.bytes()),
            (100..100, 0, 0),
            "8 rows of 4 series take the memory of 4 rows of 8"
        );
        assert_eq!(slab.room_for(&(&row(50)).into(), Interval::ZERO), 1);
        slab.push(&(&row(50)).into(), Sequence(10));
        assert_eq!((slab.oldest(), slab.last_sequence()), (Some(Timestamp::from_micros(50)), Sequence(10)));
        assert!(slab.present().eq(series(4)), "no value of the other slab is left");
        let encoded = slab.encode(GroupId(1), &mut BlockBuffer::default()).expect("encodes");
        assert_eq!(encoded.values(), 4);
    }

    #[test]
    fn a_slab_does_not_grow_with_its_rows_in_any_memory() {
        let mut spare = SpareSlabs::new(LIMIT_BYTES);
        for (room, width) in [(4_usize, 8_u32), (8, 4), (32, 1), (16, 2)] {
            let mut slab = spare.take(0, room, series(width));
            let before = slab.heap_bytes();
            for time in 0..room as i64 {
                let row = Batch::row(GroupId(1), Timestamp::from_micros(time), [(SeriesId(1), 1.0)]);
                slab.push(&(&row).into(), Sequence(1));
            }
            assert_eq!(slab.heap_bytes(), before, "{room} rows");
            spare.keep(slab);
        }
    }

    #[test]
    fn the_kept_memory_is_bounded() {
        let mut spare = SpareSlabs::new(LIMIT_BYTES);
        for _ in 0..1_000 {
            spare.keep(Slab::new(0, 512, series(8)));
            assert!(spare.bytes() <= LIMIT_BYTES);
        }
        assert!(spare.bytes() > LIMIT_BYTES / 2);
    }
}
