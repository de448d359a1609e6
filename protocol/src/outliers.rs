//! Outliers: the few integers of a chunk that would make all the others wide.
//!
//! A spike in a quiet series costs its bits in every row of its chunk. Written out in full, as an
//! [exception](crate::scaled), it costs ten bytes.

use crate::integers::CHUNK;
use crate::scaled::EXCEPTION_BITS;

/// Copies `integers` to `without` with outliers replaced by their neighbours, and adds their rows to `exceptions`. Says
/// whether there are any.
///
/// Hot: once per sample that is sent.
pub(crate) fn set_apart(integers: &[i64], without: &mut Vec<i64>, exceptions: &mut Vec<u32>) -> bool {
    without.clear();
    without.extend_from_slice(integers);
    let before = exceptions.len();
    // The first integer is told apart from the chunks.
    let mut row = 1;
    for chunk in without.get_mut(1..).unwrap_or_default().chunks_mut(CHUNK) {
        if let Some(inliers) = inliers(chunk) {
            let mut last = inliers.middle;
            for integer in &mut *chunk {
                if integer.abs_diff(inliers.middle) > inliers.reach {
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

/// The integers that are worth packing: those within `reach` of `middle`.
struct Inliers {
    middle: i64,
    reach: u64,
}

/// How far inliers reach, when leaving the others out pays.
fn inliers(chunk: &[i64]) -> Option<Inliers> {
    let middle = median([chunk[0], chunk[chunk.len() / 2], chunk[chunk.len() - 1]]);
    // How many integers need so many bits, told from the middle.
    let mut needing = [0_usize; 65];
    for integer in chunk {
        needing[64 - integer.abs_diff(middle).leading_zeros() as usize] += 1;
    }
    let widest = needing.iter().rposition(|&count| count > 0)?;
    let (mut best, mut best_cost, mut outliers) = (widest, chunk.len() * widest, 0);
    for width in (0..widest).rev() {
        outliers += needing[width + 1];
        let cost = chunk.len() * width + outliers * EXCEPTION_BITS;
        if cost < best_cost {
            (best, best_cost) = (width, cost);
        }
    }
    (best < widest).then(|| Inliers { middle, reach: (1 << best) - 1 })
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
