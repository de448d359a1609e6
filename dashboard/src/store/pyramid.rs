//! An envelope pyramid: summaries of 32, 64, 128 ... rows, beside a ring of values.
//!
//! Each level has buckets twice as long as the one below. Appending completes a bucket of the lowest level every 32 rows,
//! and one of the next every 64: less than two summaries for 32 samples. A stretch of rows is put together from the
//! longest buckets that lie within it and single values at its ends, so that its cost grows with the logarithm of its
//! length, and nothing is approximate.

use std::ops::Range;

use super::summary::Summary;

/// Rows in a bucket of the lowest level. Shorter ones would cost more memory than they save time: these take 3 bytes a
/// sample with all levels.
pub const BUCKET_ROWS: u64 = 32;

/// Bytes that the buckets take for each row of the ring: twice what the lowest level takes.
pub const BYTES_A_ROW: usize = 2 * size_of::<Summary>() / BUCKET_ROWS as usize;

/// Summaries of a series' rows.
#[derive(Clone, Debug, Default)]
pub struct Pyramid {
    /// From the shortest buckets to the longest; a bucket's place is its number modulo the level's length.
    levels: Vec<Vec<Summary>>,
}

impl Pyramid {
    /// A pyramid for a ring of `capacity` rows, a multiple of [`BUCKET_ROWS`], without a value yet.
    pub fn new(capacity: usize) -> Self {
        let lengths = (0..).map(|level| capacity / bucket_rows(level) as usize);
        let levels = lengths.take_while(|&length| length >= 2).map(|length| vec![Summary::EMPTY; length]);
        Self { levels: levels.collect() }
    }

    /// Bytes that the buckets take.
    pub fn bytes(&self) -> usize {
        self.levels.iter().map(|level| size_of_val(level.as_slice())).sum()
    }

    /// Takes in rows that have been written to `ring`, as many as it holds at most.
    ///
    /// Hot: once a series and block; within it, once a sample.
    pub fn append(&mut self, ring: &[f64], rows: Range<u64>) {
        let mut below: &mut [Summary] = &mut [];
        for (level, buckets) in self.levels.iter_mut().enumerate() {
            let bucket_rows = bucket_rows(level);
            let completed = rows.start / bucket_rows..rows.end / bucket_rows;
            if completed.is_empty() {
                return;
            }
            for number in completed {
                let place = place(number, buckets.len());
                buckets[place] = if level == 0 {
                    let start = self::place(number * BUCKET_ROWS, ring.len());
                    Summary::of(&ring[start..start + BUCKET_ROWS as usize])
                } else {
                    let mut both = below[self::place(2 * number, below.len())];
                    both.extend(&below[self::place(2 * number + 1, below.len())]);
                    both
                };
            }
            below = buckets;
        }
    }

    /// What the values in `rows` come to, all of which must be held by `ring`.
    ///
    /// Hot: once a series and column that changed.
    pub fn summary(&self, ring: &[f64], rows: Range<u64>) -> Summary {
        let mut summary = Summary::EMPTY;
        let mut row = rows.start;
        while row < rows.end {
            let fits = |level: &usize| {
                let length = bucket_rows(*level);
                row.is_multiple_of(length) && row + length <= rows.end
            };
            if let Some(level) = (0..self.levels.len()).take_while(fits).last() {
                let (buckets, length) = (&self.levels[level], bucket_rows(level));
                summary.extend(&buckets[place(row / length, buckets.len())]);
                row += length;
            } else {
                let end = (row / BUCKET_ROWS + 1).saturating_mul(BUCKET_ROWS).min(rows.end);
                // Within a bucket the ring does not begin anew.
                let start = place(row, ring.len());
                summary.extend(&Summary::of(&ring[start..start + (end - row) as usize]));
                row = end;
            }
        }
        summary
    }
}

const fn bucket_rows(level: usize) -> u64 {
    BUCKET_ROWS << level
}

const fn place(number: u64, length: usize) -> usize {
    (number % length as u64) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A ring that is written block by block, and everything that was ever written.
    struct Written {
        ring: Vec<f64>,
        pyramid: Pyramid,
        all: Vec<f64>,
    }

    impl Written {
        fn new(capacity: usize) -> Self {
            Self { ring: vec![f64::NAN; capacity], pyramid: Pyramid::new(capacity), all: Vec::new() }
        }

        fn append(&mut self, values: &[f64]) {
            let start = self.all.len() as u64;
            for &value in values {
                let place = self.all.len() % self.ring.len();
                self.ring[place] = value;
                self.all.push(value);
            }
            self.pyramid.append(&self.ring, start..self.all.len() as u64);
        }

        fn held(&self) -> Range<usize> {
            self.all.len().saturating_sub(self.ring.len())..self.all.len()
        }
    }

    fn bits(summary: Summary) -> ([u64; 5], u32) {
        // A zero's sign is not told.
        (
            [summary.first, summary.last, summary.min, summary.max, summary.sum].map(|x| (x + 0.0).to_bits()),
            summary.count,
        )
    }

    proptest! {
        #[test]
        fn any_stretch_comes_to_what_a_scan_of_it_does(
            capacity in 1_usize..12,
            blocks in proptest::collection::vec(proptest::collection::vec(
                // Whole numbers, so that the order of adding does not matter.
                prop_oneof![8 => (-1e6_f64..1e6).prop_map(f64::round), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)], 0..200), 0..12),
            cuts in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        ) {
            let capacity = capacity * BUCKET_ROWS as usize;
            let mut written = Written::new(capacity);
            for block in &blocks {
                for part in block.chunks(capacity) {
                    written.append(part);
                }
                let held = written.held();
                let (a, b) = (cuts.0.index(held.len() + 1), cuts.1.index(held.len() + 1));
                let rows = held.start + a.min(b)..held.start + a.max(b);
                let told = written.pyramid.summary(&written.ring, rows.start as u64..rows.end as u64);
                prop_assert_eq!(bits(told), bits(Summary::of(&written.all[rows])));
            }
        }
    }

    #[test]
    fn it_takes_three_bytes_a_sample() {
        assert_eq!(BYTES_A_ROW, 3);
        let rows = 75_008;
        assert!(Pyramid::new(rows).bytes() <= BYTES_A_ROW * rows);
    }
}
