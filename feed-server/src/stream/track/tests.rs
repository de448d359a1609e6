use std::collections::BTreeMap;
use std::ops::Range;

use proptest::prelude::*;
use protocol::column::is_missing;
use protocol::{BlockBuffer, BlockMode};

use super::*;
use crate::ingest::batch::{Batch, BatchColumn};

const GROUP: GroupId = GroupId(1);

#[derive(Clone, Debug)]
enum Step {
    Push { rows: usize, first_series: u32, columns: u32 },
    Seal { segments: usize },
    EvictBefore { row: u64 },
    EvictFirst,
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
        3 => (1..4_usize).prop_map(|segments| Step::Seal { segments }),
        2 => (0..50_u64).prop_map(|row| Step::EvictBefore { row }),
        1 => Just(Step::EvictFirst),
        1 => Just(Step::Clear),
    ];
    proptest::collection::vec(step, 1..80)
}

/// Values of each row by series, as bits. Row `n` has the time `n`.
type Model = BTreeMap<u64, BTreeMap<SeriesId, u64>>;

fn push(group: &mut Track, model: &mut Model, sequence: Sequence, rows: usize, series: Range<u32>) {
    let first = group.end_row();
    let times = (first..first + rows as u64).map(|row| Timestamp::from_micros(row as i64)).collect();
    let value = |series: u32, row: usize| f64::from(series) + (first + row as u64) as f64;
    let columns = series.clone().map(|series| BatchColumn {
        series: SeriesId(series),
        values: (0..rows).map(|row| value(series, row)).collect(),
    });
    let batch = Batch { group: GROUP, times, columns: columns.collect() };
    group.push(&(&batch).into(), sequence, &mut SpareSlabs::default());
    for row in 0..rows {
        let values = series.clone().map(|series| (SeriesId(series), value(series, row).to_bits()));
        model.insert(first + row as u64, values.collect());
    }
}

fn seal(group: &mut Track, segments: usize) {
    for _ in 0..segments {
        let Some(slab) = group.next_unsealed(None) else { return };
        let encoded = slab.encode(GROUP, &mut BlockBuffer::default()).expect("encodes");
        group.seal(slab.numbers().start, encoded);
    }
}

/// The rows that are held, decoded.
fn held(group: &Track) -> Model {
    let (mut model, mut buffer) = (Model::new(), BlockBuffer::default());
    let mut row = group.first_row();
    while let Some(rows) = group.rows_at(row) {
        let encode = |slab: &Slab| slab.encode(GROUP, &mut BlockBuffer::default()).expect("encodes");
        let (numbers, encoded) = match rows {
            Rows::Open(open) => (open.numbers(), encode(open)),
            Rows::Closed(segment) => (segment.rows.clone(), encode(&segment.content)),
            Rows::Sealed(segment) => (segment.rows.clone(), segment.content.clone()),
        };
        assert_eq!(numbers.start, row);
        buffer.start(EncodedRows::BASE);
        buffer.push_encoded(BlockMode::Merge, &encoded).expect("the same base");
        let block = buffer.blocks().iter().next().expect("a block");
        assert!(block.times.iter().map(|time| time.micros() as u64).eq(numbers.clone()));
        model.extend(numbers.clone().map(|row| (row, BTreeMap::new())));
        for column in &block.columns {
            let mut values = vec![0.0; block.rows as usize];
            column.values().expect("known").copy_to(&mut values);
            for (row, value) in numbers.clone().zip(values).filter(|(_, value)| !is_missing(*value)) {
                model.entry(row).or_default().insert(column.series, value.to_bits());
            }
        }
        row = numbers.end;
    }
    assert_eq!(row, group.end_row());
    model
}

proptest! {
    #[test]
    fn a_group_holds_every_row_that_was_not_evicted_and_counts_its_memory(steps in steps()) {
        let (mut group, mut model) = (Track::default(), Model::new());
        let mut sent: BTreeMap<u64, Sequence> = BTreeMap::new();
        for (sequence, step) in (1..).map(Sequence).zip(steps) {
            let before = model.len();
            let evicted = match step {
                Step::Push { rows, first_series, columns } => {
                    push(&mut group, &mut model, sequence, rows, first_series..first_series + columns);
                    let first = group.end_row() - rows as u64;
                    sent.extend((first..group.end_row()).map(|row| (row, sequence)));
                    prop_assert!(group.first_row_after(Sequence(sequence.0 - 1)) <= first);
                    prop_assert!(group.first_row_since(Timestamp::from_micros(first as i64)) <= first);
                    None
                }
                Step::Seal { segments } => {
                    seal(&mut group, segments);
                    None
                }
                Step::EvictBefore { row } => group.evict_before(Timestamp::from_micros((group.first_row() + row) as i64)),
                Step::EvictFirst => group.evict_first(),
                Step::Clear => group.clear(),
            };
            let kept = model.split_off(&group.first_row());
            prop_assert_eq!(evicted, model.keys().next_back().map(|row| sent[row]));
            model = kept;
            prop_assert!(model.len() <= before || evicted.is_none());
            prop_assert_eq!(group.first_row_after(sequence), group.end_row());
            prop_assert_eq!(group.newest().map(|time| time.micros() as u64), model.keys().next_back().copied());
        }
        prop_assert_eq!(held(&group), model);
    }
}

#[test]
fn open_rows_are_a_small_part_of_their_group_and_never_large() {
    for (columns, pushes) in [(1, 100), (8, 100), (100, 50), (2_000, 5)] {
        let (mut group, mut model) = (Track::default(), Model::new());
        for sequence in 1..=pushes {
            push(&mut group, &mut model, Sequence(sequence), 20, 1..1 + columns);
            let open = group.open.as_ref().expect("open rows").heap_bytes();
            assert!(open <= 80 << 10, "{open} bytes");
            seal(&mut group, usize::MAX);
        }
        let raw = pushes as usize * 20 * (columns as usize + 1) * size_of::<f64>();
        assert!(group.heap_bytes() < raw + (80 << 10), "{} bytes for {raw}", group.heap_bytes());
        assert_eq!(held(&group), model);
    }
}

#[test]
fn series_that_come_and_go_take_memory_only_while_they_have_values() {
    let (mut group, mut model) = (Track::default(), Model::new());
    for row in 0..2_000 {
        push(&mut group, &mut model, Sequence(u64::from(row) + 1), 1, row..row + 50);
        seal(&mut group, usize::MAX);
    }
    let raw = 2_000 * 51 * size_of::<f64>();
    assert!(group.heap_bytes() < 2 * raw, "{} bytes for {raw} bytes of samples", group.heap_bytes());
    assert_eq!(held(&group), model);
}

#[test]
fn the_first_rows_after_a_position_or_time_are_those_of_its_segment() {
    let (mut group, mut model) = (Track::default(), Model::new());
    for row in 0..40 {
        push(&mut group, &mut model, Sequence(row + 1), 1, 1..2);
    }
    // The first slabs have 16 rows, and 8 are open.
    assert_eq!([0, 15, 16, 31, 32, 39, 40].map(|at| group.first_row_after(Sequence(at))), [0, 0, 16, 16, 32, 32, 40]);
    let since = |time| group.first_row_since(Timestamp::from_micros(time));
    assert_eq!([-1, 15, 16, 31, 32, 39, 40].map(since), [0, 0, 16, 16, 32, 32, 40]);
}

#[test]
fn a_seal_of_rows_that_were_evicted_meanwhile_changes_nothing() {
    let (mut group, mut model) = (Track::default(), Model::new());
    push(&mut group, &mut model, Sequence(1), 100, 1..3);
    let slab = group.next_unsealed(None).expect("a closed slab");
    group.evict_first();
    let encoded = slab.encode(GROUP, &mut BlockBuffer::default()).expect("encodes");
    group.seal(slab.numbers().start, encoded);
    assert_eq!(held(&group), model.split_off(&slab.numbers().end));
}
