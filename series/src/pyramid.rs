//! A pyramid of summaries: of 32, 64, 128 ... rows, beside a ring of values or of summaries.
//!
//! The buckets of each level are twice as long as those of the level below. Appending completes a bucket of the lowest
//! level every 32 rows, and one of the next every 64: less than two summaries per 32 samples. The summary of a range of
//! rows is merged from the longest buckets within it and from single rows at its ends. It is exact, and its
//! cost grows with the logarithm of the range's length.

use std::ops::Range;

use crate::summary::Summary;

/// Rows in a bucket of the lowest level. With 32 rows all levels together take 3 bytes a sample; shorter buckets would
/// cost more memory than they save time.
pub const BUCKET_ROWS: u64 = 32;

/// Bytes of all buckets for each row of the ring: twice those of the lowest level.
pub const BYTES_PER_ROW: usize = 2 * size_of::<Summary>() / BUCKET_ROWS as usize;

/// What a ring has for each row of a series: a value, or the summary of several.
pub trait Summarize: Sized {
    /// The summary of rows in time order.
    fn summarize(rows: &[Self]) -> Summary;
}

impl Summarize for f64 {
    fn summarize(rows: &[Self]) -> Summary {
        Summary::of(rows)
    }
}

impl Summarize for Summary {
    fn summarize(rows: &[Self]) -> Summary {
        rows.iter().fold(Self::EMPTY, |mut all, row| {
            all.extend(row);
            all
        })
    }
}

/// Summaries of the rows of one series.
///
/// ```
/// use series::Pyramid;
///
/// let ring: Vec<f64> = (0..128).map(f64::from).collect();
/// let mut pyramid = Pyramid::new(ring.len());
/// pyramid.append(&ring, 0..128);
/// assert_eq!(pyramid.summary(&ring, 3..100).max, 99.0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Pyramid {
    /// From the shortest buckets to the longest. A bucket's index is its number modulo the level's length.
    levels: Vec<Vec<Summary>>,
}

impl Pyramid {
    /// An empty pyramid for a ring of `capacity` rows, which must be a multiple of [`BUCKET_ROWS`].
    pub fn new(capacity: usize) -> Self {
        let lengths = (0..).map(|level| capacity / bucket_rows(level) as usize);
        let levels = lengths.take_while(|&length| length >= 2).map(|length| vec![Summary::EMPTY; length]);
        Self { levels: levels.collect() }
    }

    /// Bytes of all buckets.
    pub fn bytes(&self) -> usize {
        self.levels.iter().map(|level| size_of_val(level.as_slice())).sum()
    }

    /// Summarizes `rows`, which have been written to `ring`; no more than the ring holds.
    ///
    /// Hot: once a series and block; within it, once a sample.
    pub fn append(&mut self, ring: &[impl Summarize], rows: Range<u64>) {
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
                    Summarize::summarize(&ring[start..start + BUCKET_ROWS as usize])
                } else {
                    let mut both = below[self::place(2 * number, below.len())];
                    both.extend(&below[self::place(2 * number + 1, below.len())]);
                    both
                };
            }
            below = buckets;
        }
    }

    /// The summary of `rows`, all of which `ring` must still hold.
    ///
    /// Hot: once a series and column that changed.
    pub fn summary(&self, ring: &[impl Summarize], rows: Range<u64>) -> Summary {
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
                // The ring wraps at a bucket's end only.
                let start = place(row, ring.len());
                summary.extend(&Summarize::summarize(&ring[start..start + (end - row) as usize]));
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

    /// A ring that is written block by block, and every value that was ever written.
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
        // Zeros of either sign compare equal.
        (
            [summary.first, summary.last, summary.min, summary.max, summary.sum].map(|x| (x + 0.0).to_bits()),
            summary.count,
        )
    }

    proptest! {
        #[test]
        fn the_summary_of_any_range_equals_a_scan(
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
                let found = written.pyramid.summary(&written.ring, rows.start as u64..rows.end as u64);
                prop_assert_eq!(bits(found), bits(Summary::of(&written.all[rows])));
            }
        }
    }

    proptest! {
        #[test]
        fn a_ring_of_summaries_gives_the_same_as_the_rows_in_them(
            parts in proptest::collection::vec(proptest::collection::vec((-1e6_f64..1e6).prop_map(f64::round), 0..4), 0..300),
            cuts in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        ) {
            let mut ring = vec![Summary::EMPTY; 4 * BUCKET_ROWS as usize];
            let mut pyramid = Pyramid::new(ring.len());
            for (row, part) in parts.iter().enumerate() {
                let place = row % ring.len();
                ring[place] = Summary::of(part);
                pyramid.append(&ring, row as u64..row as u64 + 1);
            }
            let held = parts.len().saturating_sub(ring.len())..parts.len();
            let (a, b) = (cuts.0.index(held.len() + 1), cuts.1.index(held.len() + 1));
            let rows = held.start + a.min(b)..held.start + a.max(b);
            let found = pyramid.summary(&ring, rows.start as u64..rows.end as u64);
            prop_assert_eq!(bits(found), bits(Summary::of(&parts[rows].concat())));
        }
    }

    #[test]
    fn a_pyramid_takes_three_bytes_per_sample() {
        assert_eq!(BYTES_PER_ROW, 3);
        let rows = 75_008;
        assert!(Pyramid::new(rows).bytes() <= BYTES_PER_ROW * rows);
    }
}
