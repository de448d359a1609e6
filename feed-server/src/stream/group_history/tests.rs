use std::collections::BTreeMap;

use proptest::prelude::*;
use protocol::GroupId;

use super::*;
use crate::ingest::batch::{Batch, BatchColumn};

#[derive(Clone, Debug)]
enum Step {
    Push { rows: usize, first_series: u32, columns: u32 },
    EvictBefore { row: u64 },
    EvictSlab,
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let push = |rows: usize| {
        (1..rows, 1..6_u32, 0..5_u32).prop_map(|(rows, first_series, columns)| Step::Push {
            rows,
            first_series,
            columns,
        })
    };
    let step = prop_oneof![
        8 => push(4),
        4 => push(100),
        2 => (0..50_u64).prop_map(|row| Step::EvictBefore { row }),
        1 => Just(Step::EvictSlab),
        1 => Just(Step::Clear),
    ];
    proptest::collection::vec(step, 1..80)
}

/// Values of each row by series, as bits. Row `n` has the time `n`.
type Model = BTreeMap<u64, BTreeMap<SeriesId, u64>>;

fn push(group: &mut GroupHistory, model: &mut Model, sequence: Sequence, rows: usize, series: Range<u32>) {
    let first = group.end_row();
    let times = (first..first + rows as u64).map(|row| Timestamp::from_micros(row as i64)).collect();
    let value = |series: u32, row: usize| f64::from(series) + (first + row as u64) as f64;
    let columns = series.clone().map(|series| BatchColumn {
        series: SeriesId(series),
        values: (0..rows).map(|row| value(series, row)).collect(),
    });
    let batch = Batch { group: GroupId(1), times, columns: columns.collect() };
    group.push(&(&batch).into(), sequence);
    for row in 0..rows {
        let values = series.clone().map(|series| (SeriesId(series), value(series, row).to_bits()));
        model.insert(first + row as u64, values.collect());
    }
}

/// The rows that are held, read block by block.
fn held(group: &GroupHistory) -> Model {
    let (mut model, mut chunk) = (Model::new(), RowChunk::default());
    let mut rows = group.first_row()..group.end_row();
    while !rows.is_empty() {
        let (count, columns) = group.block(&rows);
        assert!(count > 0);
        group.copy_rows(&(rows.start..rows.start + count as u64), &mut chunk);
        assert_eq!(chunk.times.len(), count);
        assert!(chunk.columns().len() <= columns, "found {} of {columns}", chunk.columns().len());
        for (row, time) in (rows.start..).zip(&chunk.times) {
            assert_eq!(time.micros() as u64, row);
            let place = (row - rows.start) as usize;
            let values = chunk.columns().map(|(series, values)| (series, values[place]));
            model.insert(row, values.filter(|(_, value)| !is_missing(*value)).map(bits).collect());
        }
        rows.start += count as u64;
    }
    model
}

fn bits((series, value): (SeriesId, f64)) -> (SeriesId, u64) {
    (series, value.to_bits())
}

/// Bytes of the slabs' lists and of the lists of series, each counted once.
fn counted(group: &GroupHistory) -> usize {
    let mut bytes = 0;
    for (place, slab) in group.slabs.iter().enumerate() {
        let is_shared = place > 0 && Arc::ptr_eq(slab.series(), group.slabs[place - 1].series());
        bytes += slab.heap_bytes() + if is_shared { 0 } else { series_bytes(slab.series()) };
    }
    bytes
}

proptest! {
    #[test]
    fn a_group_holds_every_row_that_was_not_evicted_and_counts_its_memory(steps in steps()) {
        let (mut group, mut model) = (GroupHistory::default(), Model::new());
        for (sequence, step) in (1..).map(Sequence).zip(steps) {
            let evicted = match step {
                Step::Push { rows, first_series, columns } => {
                    push(&mut group, &mut model, sequence, rows, first_series..first_series + columns);
                    prop_assert_eq!(group.first_row_after(Sequence(sequence.0 - 1)), group.end_row() - rows as u64);
                    None
                }
                Step::EvictBefore { row } => group.evict_before(Timestamp::from_micros((group.first_row() + row) as i64)),
                Step::EvictSlab => group.evict_slab(),
                Step::Clear => group.clear(),
            };
            let before = model.len();
            model = model.split_off(&group.first_row());
            prop_assert_eq!(evicted.is_some(), model.len() < before);
            prop_assert_eq!(group.heap_bytes, counted(&group));
            prop_assert_eq!(group.oldest().map(|time| time.micros() as u64), model.keys().next().copied());
        }
        prop_assert_eq!(held(&group), model);
    }
}

#[test]
fn slabs_are_a_small_part_of_their_group_and_never_large() {
    for columns in [1, 8, 100, 2_000] {
        let (mut group, mut model) = (GroupHistory::default(), Model::new());
        for sequence in 1..=100 {
            push(&mut group, &mut model, Sequence(sequence), 20, 1..1 + columns);
            let last = group.slabs.back().expect("a slab").heap_bytes();
            assert!(last <= SLAB_BYTES + 16_384, "{last} bytes");
        }
        let used = 2_000 * (columns as usize + 1) * size_of::<f64>();
        assert!(group.bytes() < used + used / 4 + SLAB_BYTES, "{} bytes for {used}", group.bytes());
    }
}

#[test]
fn series_that_come_and_go_take_memory_only_while_they_have_values() {
    let (mut group, mut model) = (GroupHistory::default(), Model::new());
    for row in 0..2_000 {
        push(&mut group, &mut model, Sequence(u64::from(row) + 1), 1, row..row + 50);
    }
    let used = 2_000 * 51 * size_of::<f64>();
    assert!(group.bytes() < 3 * used, "{} bytes for {used} bytes of samples", group.bytes());
    assert_eq!(held(&group), model);
}
