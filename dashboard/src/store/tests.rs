//! The effect of each kind of frame on the store.

use std::ops::Range;

use proptest::prelude::*;
use protocol::column::MISSING;
use protocol::limits::MAX_SERIES;
use protocol::{
    BlockBuffer, BlockMode, Body, Bounds, Catalog, CatalogScope, EntriesBuffer, Epoch, Frame, Gap, GapCause,
    GapContent, GroupDescriptor, GroupId, Header, Heartbeat, History, HistoryPart, Interval, Label, Prominence,
    Revision, SamplesBuffer, Sequence, SeriesDescriptor, SeriesId, SeriesKind, Start, Timestamp,
};
use series::Transform;

use super::capacity::BUDGET_BYTES;
use super::{Applied, ColumnSummaries, DerivedGroup, Freshness, SampleAge, Store};

const WINDOW: Interval = Interval::from_secs(60);
const INTERVAL: Interval = Interval::from_millis(100);

fn at(tenth: i64) -> Timestamp {
    Timestamp::from_micros(tenth * 100_000)
}

fn header(epoch: u64, sequence: u64) -> Header {
    Header { epoch: Epoch(epoch), sequence: Sequence(sequence), sent: Timestamp::default(), skipped: 0 }
}

/// Times, and a column of equal values for each series.
fn rows_of(rows: &[i64], columns: &[(u32, f64)]) -> (Vec<Timestamp>, Vec<(SeriesId, Vec<f64>)>) {
    let column = |&(id, value): &(u32, f64)| (SeriesId(id), vec![value; rows.len()]);
    (rows.iter().copied().map(at).collect(), columns.iter().map(column).collect())
}

/// A stream of one group that a test writes frame by frame.
struct Stream {
    epoch: u64,
    store: Store,
    /// Of the next blocks.
    mode: BlockMode,
    /// Ids of the series, and their names and labels, such as `a core=1`.
    series: Vec<(u32, &'static str)>,
}

impl Stream {
    fn new() -> Self {
        Self::of(&[(1, "a"), (2, "b")])
    }

    fn of(series: &[(u32, &'static str)]) -> Self {
        let mut stream = Self { epoch: 1, store: Store::new(WINDOW), mode: BlockMode::Merge, series: Vec::new() };
        stream.catalog(CatalogScope::Whole, series, &[]);
        stream.history(0, &[], &[]);
        stream
    }

    fn catalog(&mut self, scope: CatalogScope, series: &[(u32, &'static str)], retired: &[u32]) -> Applied {
        if scope == CatalogScope::Whole {
            self.series.clear();
        }
        self.series.extend(series);
        self.series.retain(|(id, _)| !retired.contains(id));
        let (mut groups, mut entries, mut gone) =
            (EntriesBuffer::default(), EntriesBuffer::default(), EntriesBuffer::default());
        let (name, title, unit) = ("g", "G", "1");
        let group =
            GroupDescriptor { id: GroupId(1), name, title, unit, interval: INTERVAL, ..GroupDescriptor::default() };
        groups.push(&group).expect("encodes");
        let mut labels = EntriesBuffer::default();
        for &(id, text) in series {
            labels.clear();
            let mut words = text.split(' ');
            let name = words.next().unwrap_or_default();
            for (key, value) in words.filter_map(|word| word.split_once('=')) {
                labels.push(&Label { key, value }).expect("encodes");
            }
            let (id, kind, labels) = (SeriesId(id), SeriesKind::Gauge, labels.entries());
            entries.push(&SeriesDescriptor { id, group: GroupId(1), name, kind, labels }).expect("encodes");
        }
        for &id in retired {
            gone.push(&SeriesId(id)).expect("encodes");
        }
        let (groups, series, retired) = (groups.entries(), entries.entries(), gone.entries());
        let body = Body::Catalog(Catalog { scope, groups, series, retired, ..Catalog::default() });
        self.store.apply(&Frame { header: header(self.epoch, 0), body })
    }

    fn blocks(&self, rows: &[i64], columns: &[(u32, f64)]) -> BlockBuffer {
        let (times, values) = rows_of(rows, columns);
        let mut buffer = BlockBuffer::default();
        let columns = values.iter().map(|(id, values)| (*id, values.as_slice()));
        if !times.is_empty() {
            buffer.push_with(self.mode, GroupId(1), &times, columns).expect("encodes");
        }
        buffer
    }

    fn samples(&mut self, sequence: u64, rows: &[i64], columns: &[(u32, f64)]) -> Applied {
        let mut buffer = SamplesBuffer::default();
        let (times, values) = rows_of(rows, columns);
        let columns = values.iter().map(|(id, values)| (*id, values.as_slice()));
        if !times.is_empty() {
            buffer.push(self.mode, GroupId(1), &times, columns).expect("encodes");
        }
        let body = Body::Samples(buffer.samples());
        self.store.apply(&Frame { header: header(self.epoch, sequence), body })
    }

    /// Applies the whole catalog again, and history.
    fn history(&mut self, sequence: u64, rows: &[i64], columns: &[(u32, f64)]) {
        let series = std::mem::take(&mut self.series);
        self.catalog(CatalogScope::Whole, &series, &[]);
        let buffer = self.blocks(rows, columns);
        let body = Body::History(History { part: HistoryPart::Last, blocks: buffer.blocks() });
        self.store.apply(&Frame { header: header(self.epoch, sequence), body });
    }

    fn gap(&mut self) {
        let gap =
            Gap { after: Sequence(0), until: Sequence(0), cause: GapCause::EpochChanged, content: GapContent::Rows };
        self.store.apply(&Frame { header: header(self.epoch, 0), body: Body::Gap(gap) });
    }

    /// Rows of a series by its index: times in tenths of a second, and the bits of values.
    fn rows(&self, series: usize) -> Vec<(i64, u64)> {
        let group = &self.store.groups()[0];
        group.iter(series, group.rows()).map(|(time, value)| (time.micros() / 100_000, value.to_bits())).collect()
    }
}

fn bits(rows: &[(i64, f64)]) -> Vec<(i64, u64)> {
    rows.iter().map(|&(time, value)| (time, value.to_bits())).collect()
}

#[test]
fn rows_of_a_clock_that_was_set_back_replace_later_rows() {
    let mut stream = Stream::new();
    stream.samples(1, &[36_000, 36_001], &[(1, 1.0)]);
    stream.mode = BlockMode::Replace;
    stream.samples(2, &[7, 8], &[(1, 2.0)]);
    stream.mode = BlockMode::Merge;
    stream.samples(3, &[9], &[(1, 3.0)]);
    assert_eq!(stream.rows(0), bits(&[(7, 2.0), (8, 2.0), (9, 3.0)]));
    assert_eq!(stream.store.newest(), Some(at(9)));
}

#[test]
fn samples_follow_history_without_a_hole() {
    let mut stream = Stream::new();
    stream.history(4, &[1, 2, 3], &[(1, 1.0), (2, 2.0)]);
    assert_eq!(stream.samples(5, &[4], &[(1, 5.0), (2, 6.0)]), Applied::Stored);
    assert_eq!(stream.rows(0), bits(&[(1, 1.0), (2, 1.0), (3, 1.0), (4, 5.0)]));
    assert_eq!(stream.store.counts().samples, 8);
    assert_eq!(stream.store.position().held(), Some(Sequence(5)));
}

#[test]
fn a_series_without_a_column_has_a_hole_there() {
    let mut stream = Stream::new();
    stream.samples(1, &[1], &[(1, 1.0), (2, 2.0)]);
    stream.samples(2, &[2], &[(2, 3.0)]);
    assert_eq!(stream.rows(0), bits(&[(1, 1.0), (2, MISSING)]));
    assert_eq!(stream.store.groups()[0].latest(0), Some(1.0));
    assert_eq!(stream.store.groups()[0].latest(1), Some(3.0));
}

#[test]
fn a_duplicate_frame_is_skipped_and_a_lost_one_is_detected() {
    let mut stream = Stream::new();
    stream.history(1, &[1], &[(1, 1.0)]);
    stream.samples(2, &[2], &[(1, 2.0)]);
    stream.samples(2, &[2], &[(1, 9.0)]);
    assert_eq!(stream.store.counts().duplicates, 1);
    assert_eq!(stream.samples(4, &[4], &[(1, 4.0)]), Applied::Lost);
    assert_eq!(
        stream.rows(0),
        bits(&[(1, 1.0), (2, 2.0)]),
        "frames after a loss are skipped until the lost ones arrive"
    );
    assert_eq!(stream.samples(5, &[5], &[(1, 5.0)]), Applied::Stored, "requested once");
    stream.history(5, &[3, 4, 5], &[(1, 5.0)]);
    assert_eq!(stream.rows(0), bits(&[(1, 1.0), (2, 2.0), (3, 5.0), (4, 5.0), (5, 5.0)]));
    let heartbeat = Body::Heartbeat(Heartbeat { next_within: INTERVAL, ..Heartbeat::default() });
    let head = |sequence| Frame { header: header(1, sequence), body: heartbeat };
    assert_eq!(stream.store.apply(&head(5)), Applied::Stored);
    assert_eq!(stream.store.apply(&head(6)), Applied::Lost);
}

#[test]
fn freshness_uses_the_heartbeat_for_groups_that_are_not_followed() {
    let mut stream = Stream::new();
    stream.history(1, &[1], &[(1, 1.0)]);
    let heartbeat = |silent| {
        let body = Body::Heartbeat(Heartbeat { next_within: INTERVAL, groups: 1, silent });
        Frame { header: header(1, 1), body }
    };
    stream.store.apply(&heartbeat(1));
    assert_eq!(stream.store.freshness(at(2)), Freshness::Fresh, "the page knows of its own group");
    stream.store.follow(|_| false);
    assert_eq!(stream.store.freshness(at(2)), Freshness::AllStale(SampleAge::Newest(INTERVAL)));
    stream.store.apply(&heartbeat(0));
    assert_eq!(stream.store.freshness(at(100)), Freshness::Fresh);
    stream.store.follow(|_| true);
    assert!(matches!(stream.store.freshness(at(100)), Freshness::AllStale(_)));
}

#[test]
fn a_new_viewer_requests_a_window_and_a_returning_one_the_missed_frames() {
    assert_eq!(Store::new(WINDOW).start(), Start::Window(WINDOW));
    let mut stream = Stream::new();
    stream.history(7, &[1], &[(1, 1.0)]);
    let start = Start::After { epoch: Epoch(1), sequence: Sequence(7), window: WINDOW, revision: Revision(0) };
    assert_eq!(stream.store.start(), start);
}

#[test]
fn rows_before_a_server_restart_are_kept_with_a_hole_after_them() {
    let mut stream = Stream::new();
    stream.history(7, &[1, 2], &[(1, 1.0), (2, 2.0)]);
    stream.epoch = 2;
    // The ids are swapped.
    stream.catalog(CatalogScope::Whole, &[(1, "b"), (2, "a")], &[]);
    stream.gap();
    stream.history(3, &[50], &[(1, 20.0), (2, 10.0)]);
    assert_eq!(stream.rows(0), bits(&[(1, 1.0), (2, 1.0), (2, MISSING), (50, 10.0)]));
    assert_eq!(stream.rows(1), bits(&[(1, 2.0), (2, 2.0), (2, MISSING), (50, 20.0)]));
    assert_eq!(stream.store.counts().gaps, 1);
}

#[test]
fn series_with_one_name_and_other_labels_are_kept_apart() {
    let mut stream = Stream::of(&[(1, "busy core=1"), (2, "busy core=2")]);
    stream.history(1, &[1], &[(1, 1.0), (2, 2.0)]);
    assert_eq!((stream.rows(0), stream.rows(1)), (bits(&[(1, 1.0)]), bits(&[(1, 2.0)])));
    assert_eq!((stream.store.series(), stream.store.counts().unknown), (2, 0));
    // Another epoch gives them other ids.
    stream.epoch = 2;
    stream.catalog(CatalogScope::Whole, &[(1, "busy core=2"), (2, "busy core=1")], &[]);
    stream.history(1, &[2], &[(1, 20.0), (2, 10.0)]);
    let newest = |series| stream.rows(series).last().copied();
    assert_eq!([newest(0), newest(1)], [(2, 10.0_f64), (2, 20.0)].map(|(time, value)| Some((time, value.to_bits()))));
}

#[test]
fn a_renamed_series_keeps_its_rows() {
    let mut stream = Stream::of(&[(1, "eth0 mac=a"), (2, "eth1 mac=b")]);
    stream.history(1, &[1], &[(1, 1.0), (2, 2.0)]);
    let descriptions = stream.store.groups()[0].descriptions();
    stream.catalog(CatalogScope::Changes, &[(1, "eth1 mac=a"), (2, "eth0 mac=b")], &[]);
    assert_ne!(stream.store.groups()[0].descriptions(), descriptions);
    stream.samples(2, &[2], &[(1, 3.0), (2, 4.0)]);
    assert_eq!((stream.rows(0), stream.rows(1)), (bits(&[(1, 1.0), (2, 3.0)]), bits(&[(1, 2.0), (2, 4.0)])));
    assert_eq!(stream.store.groups()[0].series()[0].name, "eth1");
}

#[test]
fn series_without_labels_that_swapped_their_names_keep_their_rows_in_the_next_epoch() {
    let mut stream = Stream::of(&[(1, "a"), (2, "b")]);
    stream.history(1, &[1], &[(1, 1.0), (2, 2.0)]);
    stream.catalog(CatalogScope::Changes, &[(1, "b"), (2, "a")], &[]);
    stream.epoch = 2;
    stream.catalog(CatalogScope::Whole, &[(7, "a"), (8, "b")], &[]);
    stream.history(1, &[2], &[(7, 20.0), (8, 10.0)]);
    assert_eq!(stream.store.series(), 2);
    let newest = |series| stream.rows(series).last().copied();
    assert_eq!([newest(0), newest(1)], [(2, 10.0_f64), (2, 20.0)].map(|(time, value)| Some((time, value.to_bits()))));
}

#[test]
fn history_replaces_rows_that_it_overlaps() {
    let mut stream = Stream::new();
    stream.history(3, &[1, 2, 3, 9], &[(1, 1.0)]);
    let generation = stream.store.groups()[0].generation();
    stream.mode = BlockMode::Replace;
    stream.history(5, &[2, 3, 4], &[(1, 7.0)]);
    assert_eq!(stream.rows(0), bits(&[(1, 1.0), (2, 7.0), (3, 7.0), (4, 7.0)]));
    assert_ne!(stream.store.groups()[0].generation(), generation, "rows that were held have changed");
}

#[test]
fn rows_that_are_sent_again_or_late_are_merged_with_those_that_are_held() {
    let mut stream = Stream::new();
    stream.history(1, &[1, 2, 4, 6], &[(1, 1.0), (2, 2.0)]);
    let generation = stream.store.groups()[0].generation();
    stream.samples(2, &[2, 3, 4, 5], &[(1, 7.0)]);
    let missing = f64::from_bits(MISSING.to_bits());
    assert_eq!(stream.rows(0), bits(&[(1, 1.0), (2, 7.0), (3, 7.0), (4, 7.0), (5, 7.0), (6, 1.0)]));
    assert_eq!(stream.rows(1), bits(&[(1, 2.0), (2, 2.0), (3, missing), (4, 2.0), (5, missing), (6, 2.0)]));
    assert_ne!(stream.store.groups()[0].generation(), generation, "rows that were held have changed");
    // A missing value sets nothing, and a series that is in no catalog is counted.
    stream.samples(3, &[6], &[(1, missing), (2, 9.0), (99, 5.0)]);
    assert_eq!(stream.rows(0).last(), Some(&(6, 1.0_f64.to_bits())));
    assert_eq!(stream.rows(1).last(), Some(&(6, 9.0_f64.to_bits())));
    assert_eq!(stream.store.counts().unknown, 1);
}

#[test]
fn a_series_that_has_ended_has_ended_after_a_merge_too() {
    let mut stream = Stream::new();
    stream.samples(1, &[1, 2], &[(1, 1.0), (2, 2.0)]);
    stream.samples(2, &[100, 101, 102], &[(1, 1.0)]);
    let ended = |stream: &Stream| {
        let group = &stream.store.groups()[0];
        (group.has_ended(1), group.series()[1].last_present())
    };
    let before = ended(&stream);
    assert!(before.0);
    stream.samples(3, &[101, 102], &[(1, 5.0)]);
    assert_eq!(ended(&stream), before);
}

#[test]
fn a_gap_after_rows_that_were_sent_again_is_a_hole_after_the_newest() {
    let mut stream = Stream::new();
    // History beyond the header's sequence, of which one row is sent live before the connection is lost.
    stream.history(1, &[1, 2, 3, 4], &[(1, 1.0)]);
    stream.samples(2, &[2], &[(1, 1.0)]);
    let series = stream.series.clone();
    stream.catalog(CatalogScope::Whole, &series, &[]);
    stream.gap();
    stream.history(9, &[41], &[(1, 1.0)]);
    let missing: Vec<bool> = stream.rows(0).iter().map(|row| f64::from_bits(row.1).is_nan()).collect();
    assert_eq!(missing, [false, false, false, false, true, false]);
    assert_eq!(stream.store.counts().gaps, 1);
}

#[test]
fn history_that_begins_again_after_a_cut_leaves_no_rows_of_the_incomplete_one_behind_a_gap() {
    let mut stream = Stream::new();
    stream.samples(1, &[1, 2, 3], &[(1, 1.0)]);
    // Rows of an answer that is cut off, of which the later ones are evicted before the next.
    stream.history(1, &[2, 3, 4, 5], &[(1, 1.0)]);
    let series = stream.series.clone();
    stream.catalog(CatalogScope::Whole, &series, &[]);
    let (blocks, more) = (stream.blocks(&[2, 3], &[(1, 1.0)]), HistoryPart::More);
    let body = Body::History(History { part: more, blocks: blocks.blocks() });
    stream.store.apply(&Frame { header: header(1, 1), body });
    stream.gap();
    let blocks = stream.blocks(&[41], &[(1, 1.0)]);
    let body = Body::History(History { part: HistoryPart::Last, blocks: blocks.blocks() });
    stream.store.apply(&Frame { header: header(1, 9), body });
    let times: Vec<(i64, bool)> = stream.rows(0).iter().map(|row| (row.0, f64::from_bits(row.1).is_nan())).collect();
    assert_eq!(times, [(1, false), (2, false), (3, false), (3, true), (41, false)]);
}

#[test]
fn rows_that_fill_a_hole_remove_its_mark() {
    let mut stream = Stream::new();
    stream.samples(1, &[1, 2], &[(1, 1.0)]);
    stream.gap();
    stream.samples(2, &[5], &[(1, 1.0)]);
    assert_eq!(stream.rows(0).len(), 4, "a hole is a row without values");
    stream.history(3, &[2, 3, 4, 5], &[(1, 1.0)]);
    assert_eq!(stream.rows(0), bits(&[(1, 1.0), (2, 1.0), (3, 1.0), (4, 1.0), (5, 1.0)]));
}

#[test]
fn late_rows_are_put_in_their_place_and_a_hole_stays_on_both_sides_of_them() {
    for as_block in [false, true] {
        let mut stream = Stream::new();
        stream.samples(1, &[10, 20], &[(1, 1.0)]);
        stream.gap();
        stream.samples(2, &[50, 60], &[(1, 1.0)]);
        stream.mode = BlockMode::Late;
        assert!(!stream.store.take_only_late());
        // As a list of samples, or as a block.
        let late: &[i64] = if as_block { &[5, 15, 30, 40, 55, 56] } else { &[5, 15, 30, 40, 55] };
        stream.samples(3, late, &[(1, 2.0)]);
        assert!(stream.store.take_only_late());
        // Again into the hole, whose mark is before the row.
        stream.samples(4, &[35], &[(1, 2.0)]);
        let mut expected = bits(&[(10, 1.0), (15, 2.0), (20, 1.0)]);
        let hole = |after| (after, MISSING.to_bits());
        expected.extend([
            hole(20),
            (30, 2.0_f64.to_bits()),
            hole(30),
            (35, 2.0_f64.to_bits()),
            hole(35),
            (40, 2.0_f64.to_bits()),
            hole(40),
        ]);
        expected.extend(bits(&[(50, 1.0), (55, 2.0), (56, 2.0), (60, 1.0)]));
        expected.retain(|&(time, _)| as_block || time != 56);
        assert_eq!(stream.rows(0), expected, "5 is older than every row that is held");
    }
}

#[test]
fn late_rows_that_are_held_survive_a_history_without_them() {
    let mut stream = Stream::new();
    stream.samples(1, &[1, 2, 4, 5], &[(1, 1.0)]);
    stream.samples(2, &[3], &[(1, 2.0)]);
    stream.samples(3, &[4], &[(2, 3.0)]);
    // The rows in order are sent again from the begin of their segment.
    stream.history(4, &[2, 4, 5, 6], &[(1, 1.0)]);
    assert_eq!(stream.rows(0), bits(&[(1, 1.0), (2, 1.0), (3, 2.0), (4, 1.0), (5, 1.0), (6, 1.0)]));
    let values = stream.rows(1);
    assert_eq!(values.iter().find(|(time, _)| *time == 4), Some(&(4, 3.0_f64.to_bits())));
}

#[test]
fn more_rows_than_a_ring_holds_are_merged_to_the_newest() {
    let mut stream = Stream::new();
    let rows: Vec<i64> = (0..400).collect();
    stream.samples(1, &rows, &[(1, 1.0)]);
    let capacity = stream.store.groups()[0].capacity() as i64;
    let (even, odd): (Vec<i64>, Vec<i64>) = (1_000..1_000 + 2 * capacity).partition(|row| row % 2 == 0);
    for (sequence, rows) in even.chunks(100).chain(odd.chunks(100)).enumerate() {
        stream.samples(sequence as u64 + 2, rows, &[(1, 2.0)]);
    }
    let expected: Vec<(i64, f64)> = (1_000 + capacity..1_000 + 2 * capacity).map(|row| (row, 2.0)).collect();
    assert_eq!(stream.rows(0), bits(&expected));
}

#[test]
fn an_ended_series_is_dropped_when_its_last_value_leaves_the_window() {
    let mut stream = Stream::new();
    stream.history(1, &[1, 2], &[(1, 1.0), (2, 2.0)]);
    stream.catalog(CatalogScope::Changes, &[], &[2]);
    stream.samples(2, &[3, 4], &[(1, 1.0)]);
    assert!(!stream.store.prune(at(2)), "still in the window");
    assert!(stream.store.prune(at(3)));
    let names: Vec<&str> = stream.store.groups()[0].series().iter().map(|series| series.name.as_str()).collect();
    assert_eq!(names, ["a"]);
}

#[test]
fn series_that_are_in_no_catalog_are_counted_and_skipped() {
    let mut stream = Stream::new();
    stream.samples(1, &[1], &[(1, 1.0), (99, 5.0)]);
    assert_eq!(stream.store.counts().unknown, 1);
    assert_eq!(stream.rows(0), bits(&[(1, 1.0)]));
}

#[test]
fn memory_does_not_grow_with_the_length_of_the_stream() {
    let mut stream = Stream::new();
    let bytes = stream.store.groups()[0].bytes();
    for sequence in 1..5_000 {
        stream.samples(sequence, &[sequence as i64], &[(1, sequence as f64)]);
    }
    let group = &stream.store.groups()[0];
    assert_eq!(group.bytes(), bytes);
    assert_eq!(group.rows(), 4_999 - group.capacity() as u64..4_999);
    assert_eq!(group.value(0, group.rows().end - 1).to_bits(), 4_999_f64.to_bits());
    assert!(group.capacity() >= 600, "a window of a minute at 10 Hz fits");
}

/// A catalog message with these series of one group, ten rows a second.
fn many(store: &mut Store, group: u32, series: Range<u32>) {
    let (mut groups, mut entries) = (EntriesBuffer::default(), EntriesBuffer::default());
    let name = if group == 1 { "g".to_owned() } else { format!("group {group}") };
    let (id, unit, bounds) = (GroupId(group), "1", Bounds::Auto);
    let descriptor = GroupDescriptor {
        id,
        name: &name,
        title: &name,
        unit,
        interval: INTERVAL,
        bounds,
        ..GroupDescriptor::default()
    };
    groups.push(&descriptor).expect("encodes");
    for number in series {
        let name = format!("series {number}");
        let (id, kind, labels) = (SeriesId(number), SeriesKind::Gauge, protocol::Entries::default());
        entries.push(&SeriesDescriptor { id, group: GroupId(group), name: &name, kind, labels }).expect("encodes");
    }
    let (groups, series, retired) = (groups.entries(), entries.entries(), protocol::Entries::default());
    let scope = if store.groups().is_empty() { CatalogScope::Whole } else { CatalogScope::Changes };
    let body = Body::Catalog(Catalog { scope, groups, series, retired, ..Catalog::default() });
    store.apply(&Frame { header: header(1, 0), body });
}

#[test]
fn a_hundred_thousand_series_keep_the_budget_and_more_are_refused() {
    let mut store = Store::new(WINDOW);
    for number in 0..21 {
        many(&mut store, 1 + number % 7, number * 5_000..(number + 1) * 5_000);
        assert!(store.bytes() <= 2 * BUDGET_BYTES, "{} bytes for {} series", store.bytes(), store.series());
    }
    assert_eq!((store.series(), store.counts().refused), (MAX_SERIES, 5_000));
    assert!(store.bytes() <= BUDGET_BYTES);
    assert!(store.shortfall().is_some_and(|reach| reach < WINDOW));
}

#[test]
fn rings_keep_the_newest_rows() {
    let mut stream = Stream::new();
    let rows: Vec<i64> = (0..600).collect();
    stream.history(1, &rows, &[(1, 1.0), (2, 2.0)]);
    for number in 0..19 {
        many(&mut stream.store, 1, 10 + number * 5_000..10 + (number + 1) * 5_000);
    }
    let group = &stream.store.groups()[0];
    assert!(group.capacity() < 600);
    assert_eq!(group.rows(), 600 - group.capacity() as u64..600);
    assert_eq!(group.newest(), Some(at(599)));
    let summary = group.summary(1, 0..u64::MAX);
    assert_eq!((summary.count as usize, summary.min.to_bits()), (group.capacity(), 2.0_f64.to_bits()));
}

/// The group of a [`Stream`] with another description.
fn describe(stream: &mut Stream, descriptor: GroupDescriptor<'_>) {
    let mut groups = EntriesBuffer::default();
    let (id, name, interval) = (GroupId(1), "g", INTERVAL);
    groups.push(&GroupDescriptor { id, name, interval, ..descriptor }).expect("encodes");
    let (scope, groups) = (CatalogScope::Changes, groups.entries());
    let body = Body::Catalog(Catalog { scope, groups, ..Catalog::default() });
    stream.store.apply(&Frame { header: header(1, 1), body });
}

#[test]
fn a_group_that_changes_its_suggested_place_keeps_its_rows() {
    let mut stream = Stream::new();
    stream.samples(1, &[1, 2, 3], &[(1, 1.0)]);
    let descriptor = GroupDescriptor { title: "G", unit: "1", ..GroupDescriptor::default() };
    describe(&mut stream, GroupDescriptor { prominence: Prominence::Detail, rank: 7, ..descriptor });
    let group = &stream.store.groups()[0];
    assert_eq!((group.prominence, group.rank, group.rows().count()), (Prominence::Detail, 7, 3));
    describe(&mut stream, descriptor);
    let group = &stream.store.groups()[0];
    assert_eq!((group.prominence, group.rank, group.rows().count()), (Prominence::Overview, 0, 3));
}

#[test]
fn a_group_that_changes_its_unit_loses_its_rows() {
    let mut stream = Stream::new();
    stream.samples(1, &[1, 2, 3], &[(1, 1.0)]);
    describe(&mut stream, GroupDescriptor { title: "G", unit: "By", ..GroupDescriptor::default() });
    let group = &stream.store.groups()[0];
    assert_eq!((group.unit.as_str(), group.rows().is_empty(), group.series().len()), ("By", true, 0));
}

#[test]
fn times_far_ahead_or_behind_do_not_lose_other_rows() {
    let mut stream = Stream::new();
    stream.samples(1, &[1, 2, 3], &[(1, 1.0)]);
    stream.samples(2, &[900_000_000], &[(1, 2.0)]);
    let mut summaries = ColumnSummaries::default();
    let newest = at(900_000_000).micros() / 150_000;
    summaries.update(&stream.store.groups()[0], &[0, 1], 150_000, 400, newest);
    assert_eq!(summaries.summary(0, newest).count, 1);
    stream.mode = BlockMode::Replace;
    stream.samples(3, &[5], &[(1, 3.0)]);
    assert_eq!(stream.rows(0), bits(&[(1, 1.0), (2, 1.0), (3, 1.0), (5, 3.0)]), "rows of another clock are replaced");
    summaries.update(&stream.store.groups()[0], &[0, 1], 150_000, 400, at(5).micros() / 150_000);
    assert_eq!(summaries.summary(0, at(5).micros() / 150_000).count, 1);
}

proptest! {
    /// The summary of each column is exact for any length of blocks and any width of columns.
    #[test]
    fn the_summary_of_each_column_is_exact(
        lengths in proptest::collection::vec(1_usize..300, 1..12),
        values in proptest::collection::vec(-1e6..1e6_f64, 300),
        column_tenths in 1_i64..40,
    ) {
        let mut stream = Stream::new();
        let mut summaries = ColumnSummaries::default();
        let column_us = column_tenths * 100_000;
        let (mut next, mut all) = (0_i64, Vec::new());
        for (index, length) in lengths.iter().enumerate() {
            let value = values[index * 7 % values.len()];
            let rows: Vec<i64> = (next..next + *length as i64).collect();
            next += *length as i64;
            all.extend(rows.iter().map(|&row| (row * 100_000, value)));
            stream.samples(index as u64 + 1, &rows, &[(1, value)]);
            let group = &stream.store.groups()[0];
            summaries.update(group, &[0, 1], column_us, 16, (next - 1) * 100_000 / column_us);
        }
        let newest = (next - 1) * 100_000 / column_us;
        let group = &stream.store.groups()[0];
        let oldest_row = group.time(group.rows().start).micros();
        for column in newest - 15..=newest {
            let inside: Vec<f64> = all.iter().filter(|(time, _)| time.div_euclid(column_us) == column).map(|row| row.1).collect();
            let span = summaries.summary(0, column);
            if inside.is_empty() {
                prop_assert!(span.is_empty());
            } else if column * column_us >= oldest_row {
                let bits = |value: f64| value.to_bits();
                let (min, max) = inside.iter().fold((f64::MAX, f64::MIN), |(low, high), &v| (low.min(v), high.max(v)));
                prop_assert_eq!(bits(span.first), bits(inside[0]));
                prop_assert_eq!(bits(span.last), bits(inside[inside.len() - 1]));
                prop_assert_eq!((bits(span.min), bits(span.max)), (bits(min), bits(max)));
            }
        }
    }
}

#[test]
fn a_derived_group_has_a_series_for_each_of_equal_name_and_follows_a_rename() {
    let mut stream = Stream::of(&[(1, "busy core=1"), (2, "busy core=2")]);
    stream.samples(1, &[1], &[(1, 1.0), (2, 2.0)]);
    let mean = "mean:1s".parse::<Transform>().expect("well formed");
    let mut derived = DerivedGroup::new(mean.into(), &stream.store.groups()[0]).expect("well formed");
    derived.update(&stream.store.groups()[0]).expect("well formed");
    assert_eq!((derived.group().latest(0), derived.group().latest(1)), (Some(1.0), Some(2.0)));
    stream.catalog(CatalogScope::Changes, &[(2, "idle core=2")], &[]);
    derived.update(&stream.store.groups()[0]).expect("well formed");
    let names: Vec<&str> = derived.group().series().iter().map(|series| series.name.as_str()).collect();
    assert_eq!(names, ["busy", "idle"]);
}

#[test]
fn a_derived_group_follows_its_source_and_restarts_with_it() {
    let mut stream = Stream::new();
    let update = |stream: &Stream, derived: &mut DerivedGroup| {
        derived.update(&stream.store.groups()[0]).expect("well formed");
        let group = derived.group();
        group.iter(0, group.rows()).map(|(time, value)| (time.micros() / 100_000, value.to_bits())).collect::<Vec<_>>()
    };
    stream.samples(1, &[1, 2], &[(1, 1.0), (2, 5.0)]);
    let source = &stream.store.groups()[0];
    let mut sum =
        DerivedGroup::new("sum".parse::<Transform>().expect("well formed").into(), source).expect("well formed");
    assert_eq!(update(&stream, &mut sum), bits(&[(1, 6.0), (2, 6.0)]));
    stream.samples(2, &[3], &[(1, 2.0)]);
    assert_eq!(update(&stream, &mut sum), bits(&[(1, 6.0), (2, 6.0), (3, 2.0)]));
    // History replaces the last rows.
    stream.history(3, &[2, 3, 4], &[(1, 7.0), (2, 1.0)]);
    assert_eq!(update(&stream, &mut sum), bits(&[(1, 6.0), (2, 8.0), (3, 8.0), (4, 8.0)]));
    stream.catalog(CatalogScope::Changes, &[(3, "c")], &[]);
    stream.samples(4, &[5], &[(1, 1.0), (2, 1.0), (3, 1.0)]);
    assert_eq!(update(&stream, &mut sum), bits(&[(1, 6.0), (2, 8.0), (3, 8.0), (4, 8.0), (5, 3.0)]));
    assert_eq!(sum.group().unit, "1");
}
