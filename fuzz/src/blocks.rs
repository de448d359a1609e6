//! Invariants of decoded samples.

use protocol::limits::{MAX_BLOCK_ROWS, MAX_FRAME_VALUES, MAX_GROUP_SERIES};
use protocol::{Block, BlockBuffer, Blocks, SeriesId, Timestamp};

use crate::allocations;

/// Larger blocks are not encoded again, to keep the fuzzer fast.
const MAX_VALUES_ENCODED: usize = 4_096;

/// Reads every time and every value, at once and in two parts, divided at a row that `split` selects.
///
/// # Panics
/// If the two differ, a limit is exceeded, times or series are not strictly increasing, or encoding a block again changes it.
pub fn check(blocks: &Blocks<'_>, split: usize) {
    let (mut rows, mut read) = (0, 0);
    for block in blocks {
        let times = check_times(&block);
        rows += times.len();
        let columns = check_columns(&block, split);
        read += block.columns.iter().count() * times.len();
        if columns.len() * times.len() <= MAX_VALUES_ENCODED {
            check_encoded_again(&block, &times, &columns);
        }
    }
    assert!(rows as u64 <= MAX_FRAME_VALUES && read as u64 <= MAX_FRAME_VALUES);
}

fn check_times(block: &Block<'_>) -> Vec<Timestamp> {
    assert!(block.rows <= MAX_BLOCK_ROWS);
    let times: Vec<Timestamp> = block.times.iter().collect();
    assert_eq!(times.len(), block.rows as usize);
    assert!(times.is_sorted_by(|earlier, later| earlier < later));
    times
}

/// The values of every column of known encoding.
fn check_columns(block: &Block<'_>, split: usize) -> Vec<(SeriesId, Vec<f64>)> {
    let rows = block.rows as usize;
    let split = split % (rows + 1);
    let mut columns: Vec<(SeriesId, Vec<f64>)> = Vec::new();
    let mut parts = vec![f64::NAN; rows];
    for column in &block.columns {
        let Some(values) = column.values() else { continue };
        let mut whole = vec![0.0; rows];
        allocations::none(|| {
            values.copy_to(&mut whole);
            let (front, back) = parts.split_at_mut(split);
            values.copy_to(front);
            values.from_row(split / 2).from_row(split - split / 2).copy_to(back);
        });
        assert_same_bits(&parts, &whole);
        columns.push((column.series, whole));
    }
    assert!(columns.len() <= MAX_GROUP_SERIES);
    assert!(columns.is_sorted_by(|(earlier, _), (later, _)| earlier < later));
    columns
}

/// Encodes the values, decodes them and compares.
fn check_encoded_again(block: &Block<'_>, times: &[Timestamp], columns: &[(SeriesId, Vec<f64>)]) {
    let mut buffer = BlockBuffer::default();
    buffer.start(times.first().copied().unwrap_or_default());
    let slices = columns.iter().map(|(series, values)| (*series, values.as_slice()));
    buffer.push_with(block.mode, block.group, times, slices).expect("times and series are increasing");
    let again = buffer.blocks().iter().next().expect("one block");
    assert_eq!((again.mode, again.group, again.rows), (block.mode, block.group, block.rows));
    assert!(again.times.iter().eq(times.iter().copied()));
    let mut read = vec![0.0; times.len()];
    let mut again = again.columns.iter();
    for (series, values) in columns {
        let column = again.next().expect("one column per series");
        assert_eq!(column.series, *series);
        column.values().expect("a known encoding").copy_to(&mut read);
        assert_same_bits(&read, values);
    }
    assert!(again.next().is_none());
}

/// # Panics
/// If a bit differs.
pub fn assert_same_bits(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.to_bits(), expected.to_bits(), "row {row}: found {found}, expected {expected}");
    }
}
