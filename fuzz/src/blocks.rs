//! What must hold of samples that were accepted.

use protocol::entries;
use protocol::limits::{MAX_BLOCK_ROWS, MAX_FRAME_VALUES, MAX_GROUP_SERIES};
use protocol::{Block, BlockBuffer, Blocks, Column, SeriesId, Timestamp, Visit, Visitor};

use crate::allocations;

/// Blocks of more values are not packed again: the fuzzer's time is better spent on other bytes.
const MOST_VALUES_PACKED: usize = 4_096;

/// Reads every time and every value, as a whole and in two parts, split at a row that `split` chooses.
///
/// # Panics
/// When the two differ, when a limit is broken, when times or series do not rise, when a visitor is shown something else,
/// or when blocks that are packed again are not the same blocks.
pub fn check(blocks: &Blocks<'_>, split: usize) {
    let (mut rows, mut read) = (0, 0);
    for block in blocks {
        let times = check_times(&block);
        rows += times.len();
        let columns = check_columns(&block, split);
        read += block.columns.iter().count() * times.len();
        if columns.len() * times.len() <= MOST_VALUES_PACKED {
            check_packed_again(&block, &times, &columns);
        }
    }
    assert!(rows as u64 <= MAX_FRAME_VALUES && read as u64 <= MAX_FRAME_VALUES);
    for visit in [Visit::Enter, Visit::Skip] {
        check_visit(blocks, visit);
    }
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

/// Packs what was read and reads it once more.
fn check_packed_again(block: &Block<'_>, times: &[Timestamp], columns: &[(SeriesId, Vec<f64>)]) {
    let mut buffer = BlockBuffer::default();
    buffer.start(times.first().copied().unwrap_or_default());
    let slices = columns.iter().map(|(series, values)| (*series, values.as_slice()));
    buffer.push(block.group, times, slices).expect("times and series rise");
    let again = buffer.blocks().iter().next().expect("one block");
    assert_eq!((again.group, again.rows), (block.group, block.rows));
    assert!(again.times.iter().eq(times.iter().copied()));
    let mut read = vec![0.0; times.len()];
    let mut again = again.columns.iter();
    for (series, values) in columns {
        let column = again.next().expect("a column for each");
        assert_eq!(column.series, *series);
        column.values().expect("a known encoding").copy_to(&mut read);
        assert_same_bits(&read, values);
    }
    assert!(again.next().is_none());
}

/// # Panics
/// When a value differs in a single bit.
pub fn assert_same_bits(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.to_bits(), expected.to_bits(), "row {row}: {found} for {expected}");
    }
}

fn check_visit(blocks: &Blocks<'_>, visit: Visit) {
    let mut follower = Follower { visit, blocks: blocks.iter(), columns: None };
    allocations::none(|| blocks.visit(&mut follower));
    follower.end_block();
    assert!(follower.blocks.next().is_none(), "every block is visited");
}

/// A visitor that iterates alongside.
struct Follower<'a> {
    visit: Visit,
    blocks: protocol::block::BlocksIter<'a>,
    columns: Option<entries::Iter<'a, Column<'a>>>,
}

impl Follower<'_> {
    fn end_block(&mut self) {
        let left = self.columns.take().map_or(0, Iterator::count);
        assert!(left == 0 || self.visit == Visit::Skip, "{left} columns are not visited");
    }
}

impl Visitor for Follower<'_> {
    fn block(&mut self, block: &Block<'_>) -> Visit {
        self.end_block();
        let expected = self.blocks.next().expect("no block more than iteration gives");
        assert_eq!(*block, expected);
        self.columns = Some(expected.columns.iter());
        self.visit
    }

    fn column(&mut self, _: &Block<'_>, column: &Column<'_>) {
        assert_eq!(self.visit, Visit::Enter, "a block that is skipped shows no column");
        assert_eq!(Some(*column), self.columns.as_mut().and_then(Iterator::next));
    }
}
