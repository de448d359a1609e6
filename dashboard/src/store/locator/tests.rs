//! Samples one by one have the effect of blocks.

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::column::MISSING;
use protocol::{
    BlockBuffer, BlockMode, Body, Bounds, Catalog, CatalogScope, Entries, EntriesBuffer, Epoch, Frame, GroupDescriptor,
    GroupId, Header, History, HistoryPart, Interval, Revision, Samples, SamplesBuffer, Sequence, SeriesDescriptor,
    SeriesId, SeriesKind, Start, Timestamp,
};

use super::super::Store;

const GROUPS: u32 = 3;
const INTERVAL: Interval = Interval::from_millis(100);

fn frame(sequence: u64, body: Body<'_>) -> Frame<'_> {
    let header = Header { epoch: Epoch(1), sequence: Sequence(sequence), sent: Timestamp::default(), skipped: 0 };
    Frame { header, body }
}

/// A store of three groups. The series of all groups take turns, as if each group got them one by one.
fn store(series: u32) -> Store {
    let (mut groups, mut entries) = (EntriesBuffer::default(), EntriesBuffer::default());
    for (id, name) in (1..=GROUPS).map(GroupId).zip(["a", "b", "c"]) {
        let group =
            GroupDescriptor { id, name, title: name, unit: "1", interval: INTERVAL, ..GroupDescriptor::default() };
        groups.push(&group).expect("encodes");
    }
    for id in 0..series * GROUPS {
        let (name, labels) = (id.to_string(), Entries::default());
        let (id, group) = (SeriesId(id), GroupId(1 + id % GROUPS));
        let series = SeriesDescriptor { id, group, name: &name, kind: SeriesKind::Gauge, labels };
        entries.push(&series).expect("encodes");
    }
    let (groups, series, retired) = (groups.entries(), entries.entries(), Entries::default());
    let mut store = Store::new(Interval::from_secs(60));
    store.apply(&frame(
        0,
        Body::Catalog(Catalog { scope: CatalogScope::Whole, groups, series, retired, ..Catalog::default() }),
    ));
    let blocks = protocol::Blocks::default();
    store.apply(&frame(0, Body::History(History { part: HistoryPart::Last, blocks })));
    store
}

/// Rows of a group in a frame: first time, and a column of values for each series.
type Rows = (u32, i64, Vec<Vec<f64>>);

fn columns((group, _, columns): &Rows) -> impl Iterator<Item = (SeriesId, &[f64])> + Clone {
    (0..).map(move |place| SeriesId(group - 1 + place * GROUPS)).zip(columns.iter().map(Vec::as_slice))
}

fn times((_, first, columns): &Rows) -> Vec<Timestamp> {
    let rows = columns.first().map_or(0, Vec::len) as i64;
    (*first..first + rows).map(|tenth| Timestamp::from_micros(tenth * 100_000)).collect()
}

/// Every row and value of all groups, as bits.
fn content(store: &Store) -> Vec<Vec<(i64, u64)>> {
    let series = store.groups().iter().flat_map(|group| (0..group.series().len()).map(move |series| (group, series)));
    series
        .map(|(group, series)| {
            group.iter(series, group.rows()).map(|(time, value)| (time.micros(), value.to_bits())).collect()
        })
        .collect()
}

fn rows(series: u32) -> impl Strategy<Value = Rows> {
    let value = prop_oneof![4 => (-1_000..1_000).prop_map(|value| f64::from(value) / 10.0), 1 => Just(MISSING)];
    (1..=GROUPS, 0..40_i64, 1..7_usize).prop_flat_map(move |(group, first, rows)| {
        (Just(group), Just(first), vec(vec(value.clone(), rows), series as usize))
    })
}

proptest! {
    #[test]
    fn lists_of_samples_and_blocks_have_the_same_effect(frames in vec(vec(rows(4), 0..4), 1..12)) {
        let (mut of_blocks, mut of_lists) = (store(4), store(4));
        let mut newest = [None; GROUPS as usize + 1];
        for (sequence, frame_rows) in (1..).zip(&frames) {
            // A frame has the rows of a group once.
            let mut frame_rows = frame_rows.clone();
            frame_rows.sort_by_key(|rows| rows.0);
            frame_rows.dedup_by_key(|rows| rows.0);
            let (mut blocks, mut live) = (BlockBuffer::default(), SamplesBuffer::default());
            for rows in &frame_rows {
                let (first, last) = (times(rows).first().copied(), times(rows).last().copied());
                let newest = &mut newest[rows.0 as usize];
                let mode = if first <= *newest { BlockMode::Late } else { BlockMode::Merge };
                *newest = last.max(*newest);
                blocks.push_with(mode, GroupId(rows.0), &times(rows), columns(rows)).expect("encodes");
                live.push(mode, GroupId(rows.0), &times(rows), columns(rows)).expect("encodes");
            }
            of_blocks.apply(&frame(sequence, Body::Samples(Samples::of_blocks(blocks.blocks()))));
            of_lists.apply(&frame(sequence, Body::Samples(live.samples())));
            prop_assert_eq!(content(&of_blocks), content(&of_lists));
        }
    }
}

#[test]
fn samples_of_series_in_no_catalog_are_counted() {
    let mut store = store(1);
    let mut live = SamplesBuffer::default();
    let columns = [(SeriesId(1), [1.0].as_slice()), (SeriesId(99), &[2.0])];
    live.push(BlockMode::Merge, GroupId(2), &[Timestamp::from_micros(1)], columns).expect("encodes");
    store.apply(&frame(1, Body::Samples(live.samples())));
    assert_eq!((store.counts().samples, store.counts().unknown), (1, 1));
    assert_eq!(content(&store)[1], [(1, 1.0_f64.to_bits())]);
}

#[test]
fn an_unchanged_catalog_keeps_ids_and_begins_history() {
    let mut store = store(1);
    let live = |store: &mut Store, sequence, time| {
        let mut live = SamplesBuffer::default();
        let columns = [(SeriesId(1), [1.5].as_slice())];
        live.push(BlockMode::Merge, GroupId(2), &[Timestamp::from_micros(time)], columns).expect("encodes");
        store.apply(&frame(sequence, Body::Samples(live.samples())));
    };
    live(&mut store, 1, 5);
    let scope = CatalogScope::Unchanged;
    let unchanged = Body::Catalog(Catalog { scope, revision: Revision(3), ..Catalog::default() });
    store.apply(&frame(1, unchanged));
    assert!(!store.position().is_live(), "history follows");
    let blocks = protocol::Blocks::default();
    store.apply(&frame(1, Body::History(History { part: HistoryPart::Last, blocks })));
    live(&mut store, 2, 6);
    assert_eq!(content(&store)[1], [5, 6].map(|time| (time, 1.5_f64.to_bits())));
    assert!(matches!(store.start(), Start::After { revision: Revision(3), sequence: Sequence(2), .. }));
    // The message may have been a change of the catalog.
    store.unreadable();
    assert!(matches!(store.start(), Start::After { revision: Revision(0), .. }));
}

#[test]
fn samples_are_found_after_groups_were_dropped() {
    let mut store = store(1);
    // The first group is in no catalog now, and its series has ended.
    let (mut groups, mut entries) = (EntriesBuffer::default(), EntriesBuffer::default());
    let (id, name, bounds) = (GroupId(7), "c", Bounds::Auto);
    groups
        .push(&GroupDescriptor {
            id,
            name,
            title: name,
            unit: "1",
            interval: INTERVAL,
            bounds,
            ..GroupDescriptor::default()
        })
        .expect("encodes");
    let (kind, labels) = (SeriesKind::Gauge, Entries::default());
    entries.push(&SeriesDescriptor { id: SeriesId(9), group: id, name: "2", kind, labels }).expect("encodes");
    let (groups, series, retired) = (groups.entries(), entries.entries(), Entries::default());
    store.apply(&frame(
        0,
        Body::Catalog(Catalog { scope: CatalogScope::Whole, groups, series, retired, ..Catalog::default() }),
    ));
    let blocks = protocol::Blocks::default();
    store.apply(&frame(0, Body::History(History { part: HistoryPart::Last, blocks })));
    assert!(store.prune(Timestamp::from_micros(1)));
    assert_eq!(store.groups().len(), 1);
    let mut live = SamplesBuffer::default();
    live.push(BlockMode::Merge, id, &[Timestamp::from_micros(5)], [(SeriesId(9), [1.5].as_slice())]).expect("encodes");
    store.apply(&frame(1, Body::Samples(live.samples())));
    assert_eq!(content(&store), [[(5, 1.5_f64.to_bits())]]);
}
