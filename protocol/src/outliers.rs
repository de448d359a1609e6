//! Outliers: the few integers of a chunk that would make all the others wide.
//!
//! A spike in a flat series costs its bits in every row of its chunk. Written as an exception of a scaled column it costs
//! ten bytes.

use crate::integers::CHUNK;

/// Bits of an exception: skipped and repeats in a byte each, the value in eight.
pub(crate) const EXCEPTION_BITS: usize = 80;

/// Copies `integers` to `without`, replaces outliers by their neighbours, and appends their rows to `exceptions`. Returns
/// true if there are any.
///
/// Hot: once per sample sent.
pub(crate) fn replace(integers: &[i64], without: &mut Vec<i64>, exceptions: &mut Vec<u32>) -> bool {
    without.clear();
    without.extend_from_slice(integers);
    let before = exceptions.len();
    // The first integer precedes the chunks.
    let mut row = 1;
    for chunk in without.get_mut(1..).unwrap_or_default().chunks_mut(CHUNK) {
        if let Some(inliers) = inliers(chunk) {
            let mut last = inliers.middle;
            for integer in &mut *chunk {
                if integer.abs_diff(inliers.middle) > inliers.max_distance {
                    *integer = last;
                    exceptions.push(row);
                }
                last = *integer;
                row += 1;
            }
        } else {
            row += chunk.len() as u32;
        }
    }
    exceptions.len() > before
}

/// The range of integers to pack; all others are outliers.
struct Inliers {
    middle: i64,
    max_distance: u64,
}

/// Finds the range that costs the fewest bits, exceptions included. Returns `None` if a range without outliers does.
fn inliers(chunk: &[i64]) -> Option<Inliers> {
    let middle = median([chunk[0], chunk[chunk.len() / 2], chunk[chunk.len() - 1]]);
    // Number of integers by the bits of their distance from the middle.
    let mut count_by_width = [0_usize; 65];
    for integer in chunk {
        count_by_width[64 - integer.abs_diff(middle).leading_zeros() as usize] += 1;
    }
    let widest = count_by_width.iter().rposition(|&count| count > 0)?;
    let (mut best, mut best_cost, mut outliers) = (widest, chunk.len() * widest, 0);
    for width in (0..widest).rev() {
        outliers += count_by_width[width + 1];
        let cost = chunk.len() * width + outliers * EXCEPTION_BITS;
        if cost < best_cost {
            (best, best_cost) = (width, cost);
        }
    }
    (best < widest).then(|| Inliers { middle, max_distance: (1 << best) - 1 })
}

const fn median([a, b, c]: [i64; 3]) -> i64 {
    if (a <= b) == (b <= c) {
        b
    } else if (b <= a) == (a <= c) {
        a
    } else {
        c
    }
}
