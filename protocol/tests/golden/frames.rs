//! A frame of each kind, with a column of each encoding.

use std::ops::Range;

use protocol::column::{MISSING, encoding, is_missing};
use protocol::{
    Answer, AnswerPart, BlockBuffer, BlockMode, Body, Bounds, BucketState, BucketUpdatesBuffer, Bye, ByeReason,
    Catalog, CatalogScope, Echo, Entries, EntriesBuffer, Epoch, Event, EventKind, Extent, Feature, Frame, Gap,
    GapCause, GapContent, GroupDescriptor, GroupId, Header, Heartbeat, Hello, History, HistoryPart, Interval, Label,
    LogLine, Logs, Prominence, QueryLimits, ReaderHolds, RefusalCode, Refused, Revision, Role, Samples, SamplesBuffer,
    Sequence, SeriesDescriptor, SeriesId, SeriesKind, Severity, Subscribed, Summaries, SummaryBuffer,
    SummaryColumnsBuffer, SummaryValues, Timestamp, ViewerLimits,
};

use super::{Vector, publish};

const EPOCH: Epoch = Epoch(1_700_000_000_123_456);

const LIMITS: ViewerLimits =
    ViewerLimits { message_bytes: 65_536, messages: 20, messages_at_once: 40, bytes: 65_536, bytes_at_once: 524_288 };

const QUERIES: QueryLimits = QueryLimits { at_once: 16, columns: 4_096, summaries: 1 << 20 };

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_100_000_000 + micros)
}

fn frame(body: Body<'_>) -> Vec<u8> {
    let header = Header { epoch: EPOCH, sequence: Sequence(4_242), sent: at(750), skipped: 0 };
    Frame { header, body }.to_bytes().expect("fits a message")
}

pub(crate) fn all() -> Vec<Vector> {
    let mut vectors = plain();
    vectors.extend(parts());
    vectors.extend(catalogs());
    vectors.extend(columns());
    vectors.extend(times());
    vectors.extend(blocks());
    vectors.extend(lists());
    vectors.extend(answers());
    vectors.extend(updates());
    vectors.extend(of_later_versions());
    vectors.extend(of_later_answers());
    vectors.extend(of_other_variants());
    vectors.extend(session());
    vectors.extend(numbered_entries());
    vectors.extend(publish::frames());
    vectors
}

fn plain() -> Vec<Vector> {
    let mut features = EntriesBuffer::default();
    for feature in [Feature::REVISIONS, Feature::QUERIES, Feature::SUBSETS] {
        features.push(&feature).expect("encodes");
    }
    let bodies = [
        (
            "hello",
            Body::Hello(Hello {
                server: "kymograph 0.1.0",
                host: "web-1",
                history: Interval::from_secs(300),
                heartbeat: Interval::from_secs(1),
                role: Role::Edit,
                limits: LIMITS,
                encodings: &encoding::WRITTEN,
                features: features.entries(),
                queries: QUERIES,
            }),
        ),
        ("gap_epoch_changed", gap(GapCause::EpochChanged)),
        ("gap_history_expired", gap(GapCause::HistoryExpired)),
        ("gap_unknown_position", gap(GapCause::UnknownPosition)),
        ("heartbeat", Body::Heartbeat(Heartbeat { next_within: Interval::from_secs(1), groups: 12, silent: 1 })),
        ("echo", Body::Echo(Echo { origin: at(-20_000), received: at(-10_000) })),
        (
            "refused",
            Body::Refused(Refused {
                request: 200,
                code: RefusalCode::UNKNOWN_KIND,
                text: "no request of kind 200 is known",
                id: 0,
            }),
        ),
        (
            "refused_query",
            Body::Refused(Refused {
                request: 4,
                code: RefusalCode::MALFORMED_SELECTOR,
                text: "selector, character 5: expected `}`, found the end",
                id: 300,
            }),
        ),
        (
            "bye",
            Body::Bye(Bye {
                reason: ByeReason::ServerStopping,
                retry_after: Interval::from_millis(250),
                text: "the server is stopping",
            }),
        ),
    ];
    bodies.map(|(name, body)| Vector { name, bytes: frame(body) }).into()
}

/// Updates of buckets, with and without rows, and a history of summaries.
fn updates() -> Vec<Vector> {
    let step = Interval::from_millis(150);
    let state = |group, newest, series, summaries, reader, is_closed| BucketState {
        group: GroupId(group),
        newest: at(newest),
        series,
        summaries,
        reader,
        is_closed,
    };
    let begins = |start| ReaderHolds::Nothing { start: at(start), step };
    let (busy, rare) = ([SeriesId(7), SeriesId(8), SeriesId(70_000)], [SeriesId(9)]);
    // First, last, minimum, maximum, sum, count.
    let first =
        [[0.25, 0.5, 0.1, 0.5, 1.75, 5.0], [7.0, 7.0, 7.0, 7.0, 14.0, 2.0], [-1.5, -1.5, -2.25, 0.0, -6.0, 5.0]];
    let second =
        [[0.25, 0.75, 0.1, 0.9, 3.5, 9.0], [7.0, 8.0, 7.0, 8.0, 22.0, 3.0], [-1.5, -1.0, -2.25, 0.0, -10.5, 9.0]];
    let infinite = [[1.0 / 3.0, f64::MAX, -0.0, f64::MAX, f64::INFINITY, 3.0]];
    let vector = |name, states: &[BucketState<'_>], rows: bool| {
        let mut samples = SamplesBuffer::default();
        samples.start(at(0));
        if rows {
            samples.push(BlockMode::Merge, GroupId(5), &[at(0)], [(SeriesId(1), &[0.24][..])]).expect("encodes");
        }
        states.iter().try_for_each(|state| samples.push_update(state)).expect("encodes");
        Vector { name, bytes: frame(Body::Samples(samples.samples())) }
    };
    let mut open = BucketUpdatesBuffer::default();
    open.start(at(-20));
    open.push(&state(1, -20, &busy, &first, begins(-120_000), false)).expect("encodes");
    let (mut columns, mut blocks) = (SummaryColumnsBuffer::default(), SummaryBuffer::default());
    let fields = [[0.5, 0.25], [0.25, 0.5], [0.25, 0.1], [0.75, 0.5], [1.5, 1.1], [3.0, 3.0]];
    let [of_first, others @ ..] = fields.each_ref().map(|field| &field[..]);
    columns.push(SeriesId(7), SummaryValues { first: of_first, others: Some(others) }).expect("encodes");
    blocks.start(at(0));
    blocks.push(GroupId(1), step, &[at(-420_000), at(-270_000)], &columns).expect("encodes");
    let history = Summaries { blocks: blocks.blocks(), open: open.updates() };
    vec![
        vector(
            "updates_begin",
            &[state(1, 0, &busy, &first, begins(-100_000), false), state(2, -5, &rare, &[[2.0; 6]], begins(-5), false)],
            false,
        ),
        vector("updates_change", &[state(1, 0, &busy, &second, ReaderHolds::Summaries(&first), false)], false),
        vector(
            "updates_close_and_follow",
            &[
                state(1, -20_000, &busy, &second, ReaderHolds::Summaries(&first), true),
                state(1, 0, &busy, &first, ReaderHolds::Before { start: at(-10_000), summaries: &second }, false),
            ],
            false,
        ),
        vector(
            "updates_close_and_begin",
            &[
                state(1, -20_000, &busy, &second, ReaderHolds::Summaries(&first), true),
                state(1, 0, &rare, &[[2.0; 6]], begins(-10_000), false),
            ],
            false,
        ),
        vector(
            "updates_close_without_change",
            &[state(1, -20_000, &busy, &first, ReaderHolds::Summaries(&first), true)],
            false,
        ),
        vector("updates_beside_rows", &[state(1, 0, &busy, &first, ReaderHolds::Summaries(&first), false)], true),
        vector("updates_of_any_value", &[state(1, 0, &rare, &infinite, begins(-10), true)], false),
        vector("updates_without_series", &[state(1, 0, &[], &[], begins(-10), true)], false),
        Vector { name: "summaries", bytes: frame(Body::Summaries(history)) },
        Vector { name: "summaries_empty", bytes: frame(Body::Summaries(Summaries::default())) },
    ]
}

/// Frames of a subscription to a part of the stream.
fn parts() -> Vec<Vector> {
    let mut samples = SamplesBuffer::default();
    samples.start(at(0));
    samples.push(BlockMode::Merge, GroupId(1), &[at(0)], [(SeriesId(1), &[0.24][..])]).expect("encodes");
    let header = Header { epoch: EPOCH, sequence: Sequence(4_242), sent: at(750), skipped: 0 };
    let part = |skipped, body| Frame { header: Header { skipped, ..header }, body }.to_bytes().expect("fits a message");
    let subscribed = |id, series, extent| frame(Body::Subscribed(Subscribed { id, series, extent }));
    let samples = samples.samples();
    vec![
        Vector { name: "subscribed_exact", bytes: subscribed(1, 24, Extent::Exact) },
        Vector { name: "subscribed_wider", bytes: subscribed(300, 1_200, Extent::Wider) },
        Vector { name: "samples_after_skipped_numbers", bytes: part(5, Body::Samples(samples)) },
        Vector { name: "samples_after_all_numbers", bytes: part(4_241, Body::Samples(samples)) },
        Vector { name: "unknown_kind_after_skipped_numbers", bytes: part(300, Body::Unknown { kind: 100 }) },
    ]
}

fn gap(cause: GapCause) -> Body<'static> {
    Body::Gap(Gap { after: Sequence(17), until: Sequence(4_000), cause, content: GapContent::Rows })
}

fn catalogs() -> Vec<Vector> {
    let mut labels = EntriesBuffer::default();
    for (key, value) in [("device", "eth0"), ("direction", "received")] {
        labels.push(&Label { key, value }).expect("encodes");
    }
    let mut groups = EntriesBuffer::default();
    let bounds = [Bounds::Auto, Bounds::FromZero, Bounds::Fixed { low: 0.0, high: 1.0 }];
    let described =
        [("temperature", "Temperature", "Cel"), ("network", "Network traffic", "By/s"), ("cpu", "CPU", "1")];
    let places = [(Prominence::Detail, 300), (Prominence::Overview, 20), (Prominence::Overview, 0)];
    for (((id, (name, title, unit)), bounds), (prominence, rank)) in (1..).zip(described).zip(bounds).zip(places) {
        let (id, interval) = (GroupId(id), Interval::from_millis(100));
        let group = GroupDescriptor { id, name, title, unit, interval, bounds, prominence, rank };
        groups.push(&group).expect("encodes");
    }
    let mut series = EntriesBuffer::default();
    let (id, group, kind) = (SeriesId(7), GroupId(2), SeriesKind::Gauge);
    series
        .push(&SeriesDescriptor { id, group, name: "eth0 received", kind, labels: labels.entries() })
        .expect("encodes");
    let (id, kind, labels) = (SeriesId(70_000), SeriesKind::Counter, Entries::default());
    series.push(&SeriesDescriptor { id, group, name: "größer", kind, labels }).expect("encodes");
    let described = [(70_001, "up to 5 ms", SeriesKind::Bucket), (70_002, "link", SeriesKind::State)];
    for (id, name, kind) in described.map(|(id, name, kind)| (SeriesId(id), name, kind)) {
        series.push(&SeriesDescriptor { id, group, name, kind, labels }).expect("encodes");
    }
    let mut retired = EntriesBuffer::default();
    for id in [SeriesId(3), SeriesId(300)] {
        retired.push(&id).expect("encodes");
    }
    let mut retired_groups = EntriesBuffer::default();
    retired_groups.push(&GroupId(4)).expect("encodes");
    let whole = Catalog {
        scope: CatalogScope::Whole,
        revision: Revision(7),
        groups: groups.entries(),
        series: series.entries(),
        ..Catalog::default()
    };
    let changes = Catalog {
        scope: CatalogScope::Changes,
        revision: Revision(9),
        retired: retired.entries(),
        retired_groups: retired_groups.entries(),
        ..Catalog::default()
    };
    let incomplete = Catalog { groups: groups.entries(), ..Catalog::default() };
    let unchanged = Catalog { scope: CatalogScope::Unchanged, revision: Revision(9), ..Catalog::default() };
    let catalogs = [
        ("catalog_whole", whole),
        ("catalog_incomplete", incomplete),
        ("catalog_changes", changes),
        ("catalog_unchanged", unchanged),
    ];
    catalogs.map(|(name, catalog)| Vector { name, bytes: frame(Body::Catalog(catalog)) }).into()
}

/// A group, its times and its columns.
type Rows = (u32, Vec<Timestamp>, Vec<Vec<f64>>);

fn samples(blocks: &[Rows]) -> Vec<u8> {
    let mut buffer = BlockBuffer::default();
    buffer.start(at(0));
    for (group, times, columns) in blocks {
        let columns = (7..).map(SeriesId).zip(columns.iter().map(Vec::as_slice));
        buffer.push(GroupId(*group), times, columns).expect("encodes");
    }
    frame(Body::Samples(Samples::of_blocks(buffer.blocks())))
}

/// One block whose rows are a millisecond apart.
fn column(name: &'static str, values: Vec<f64>) -> Vector {
    let times = (0..values.len() as i64).map(|row| at(row * 1_000)).collect();
    Vector { name, bytes: samples(&[(1, times, vec![values])]) }
}

fn columns() -> Vec<Vector> {
    let nan = f64::from_bits(0x7ff0_0000_0000_0002);
    let third = 1.0 / 3.0;
    // Rows 1 and 131 are outliers of their chunks, rows 5 and 200 to 219 are missing.
    let mut spikes: Vec<f64> = (0..260).map(|row| f64::from(row * 7 % 10) / 10.0).collect();
    (spikes[1], spikes[5], spikes[131]) = (1_234_567.8, MISSING, -9_876.5);
    spikes[200..220].fill(MISSING);
    vec![
        column("column_raw", vec![third, -0.0, f64::INFINITY, f64::NEG_INFINITY, nan, MISSING, 5e-324, f64::MAX]),
        column("column_constant", vec![0.1; 5]),
        column("column_constant_missing", vec![MISSING; 2]),
        column("column_single", vec![f64::from(1.1_f32), f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX), -0.0]),
        column("column_scaled_one_row", vec![12.5]),
        column("column_scaled_decimals", vec![20.25, 20.31, 20.28, 20.3, 19.99, 20.07]),
        column("column_scaled_binary", vec![20.0625, 20.125, 20.0, 19.9375, 20.1875]),
        column("column_scaled_shifted", (0..6).map(|row| f64::from(row * row) * 4_096.0 + 8e9).collect()),
        column("column_scaled_negative", vec![-5.0, 3.0, -120.0, 77.0, 0.0]),
        column("column_scaled_differences", (0..300).map(|row| f64::from(row * 1_000 + row % 3)).collect()),
        column("column_scaled_exceptions", spikes),
        column("column_scaled_exception_first", vec![MISSING, MISSING, 20.25, 20.31]),
        column("column_scaled_wide", vec![0.0, 1e15, 123_456_789_012_345.0, 1.0, 2.0, 3.0]),
    ]
}

fn times() -> Vec<Vector> {
    let values = |rows: usize| vec![(0..rows).map(|row| row as f64).collect::<Vec<_>>()];
    let block = |name, times: Vec<Timestamp>| {
        let columns = values(times.len());
        Vector { name, bytes: samples(&[(1, times, columns)]) }
    };
    let far = [i64::MIN, -1, i64::MAX].map(Timestamp::from_micros);
    vec![
        block("times_one_row", vec![at(-3)]),
        block("times_regular", (0..4).map(|row| at(row * 16_667 - 50_001)).collect()),
        block("times_packed", (0..200).map(|row| at(row * 100_000 + row * row % 37)).collect()),
        block("times_raw", far.into()),
    ]
}

fn blocks() -> Vec<Vector> {
    let times: Vec<Timestamp> = (0..3).map(|row| at(row * 1_000)).collect();
    let two_groups = samples(&[
        (1, times.clone(), vec![vec![1.0, 2.0, 3.0], vec![0.5; 3]]),
        (2, vec![at(1)], vec![vec![7.0]]),
        (2, vec![at(2)], vec![]),
    ]);
    let mut buffer = BlockBuffer::default();
    buffer.start(times[0]);
    buffer.push(GroupId(1), &times, [(SeriesId(7), [1.0, 2.0, 4.0].as_slice())]).expect("encodes");
    let mut replace = BlockBuffer::default();
    replace.start(times[2]);
    let column = [(SeriesId(7), [1.0, 2.0, 4.0].as_slice())];
    replace.push_with(BlockMode::Replace, GroupId(1), &times, column).expect("encodes");
    let replace = Samples::of_blocks(replace.blocks());
    let mut late = BlockBuffer::default();
    late.start(times[2]);
    late.push_with(BlockMode::Late, GroupId(1), &times, [(SeriesId(7), [1.0, 2.0, 4.0].as_slice())]).expect("encodes");
    let late = Samples::of_blocks(late.blocks());
    let history = |part| frame(Body::History(History { part, blocks: buffer.blocks() }));
    vec![
        Vector { name: "samples_several_blocks", bytes: two_groups },
        Vector { name: "samples_empty", bytes: samples(&[]) },
        Vector { name: "samples_late", bytes: frame(Body::Samples(late)) },
        Vector { name: "samples_replace", bytes: frame(Body::Samples(replace)) },
        Vector { name: "history_more", bytes: history(HistoryPart::More) },
        Vector { name: "history_last", bytes: history(HistoryPart::Last) },
    ]
}

/// Rows that are written as lists of samples.
fn lists() -> Vec<Vector> {
    let mut buffer = SamplesBuffer::default();
    let mut list = |name, rows: &[(i64, u32, &[f64])]| {
        buffer.start(at(0));
        for (group, &(time, first, values)) in (1..).map(GroupId).zip(rows) {
            let columns = (first..).map(SeriesId).zip(values.iter().map(std::slice::from_ref));
            let columns = columns.filter(|(_, value)| !is_missing(value[0]));
            let columns: Vec<_> = columns.collect();
            buffer.push(BlockMode::Merge, group, &[at(time)], columns).expect("encodes");
        }
        Vector { name, bytes: frame(Body::Samples(buffer.samples())) }
    };
    let nan = f64::from_bits(0x7ff0_0000_0000_0002);
    let mut vectors = vec![
        list("list_one_row", &[(0, 7, &[20.25, 20.3, 0.0, -5.0])]),
        list(
            "list_every_kind",
            &[
                (0, 1, &[0.0, 0.0, 0.0, 1.0 / 3.0, -0.0, nan, f64::from(1.1_f32), 8_589_934_592.0, 131_072.0, 12.0]),
                (0, 40, &[0.5, 0.25, 0.125, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 123_456_789.0]),
            ],
        ),
        list("list_gaps", &[(0, 7, &[1.0, MISSING, 2.0]), (0, 50, &[3.0]), (0, 70_000, &[4.0])]),
        list("list_several_times", &[(-1_500, 7, &[1.0, 2.0]), (-20, 3, &[3.0]), (0, 300, &[0.0; 20])]),
    ];
    let mut both = SamplesBuffer::default();
    both.start(at(0));
    let times: Vec<Timestamp> = (0..8).map(|row| at(row * 1_000 - 7_000)).collect();
    let values: Vec<f64> = (0..8).map(f64::from).collect();
    both.push(BlockMode::Merge, GroupId(1), &times, [(SeriesId(7), values.as_slice())]).expect("encodes");
    both.push(BlockMode::Merge, GroupId(2), &times[7..], [(SeriesId(8), &values[3..4])]).expect("encodes");
    vectors.push(Vector { name: "list_and_block", bytes: frame(Body::Samples(both.samples())) });
    vectors
}

/// The fields of a series: first, last, minimum, maximum, sum, count.
type Fields = [Vec<f64>; 6];

/// A group, the step of its buckets, their starts, and its series.
type Buckets = (u32, Interval, Vec<Timestamp>, Vec<(u32, Fields)>);

fn answer(part: AnswerPart, blocks: &[Buckets]) -> Vec<u8> {
    let (mut buffer, mut columns) = (SummaryBuffer::default(), SummaryColumnsBuffer::default());
    buffer.start(at(0));
    for (group, step, starts, series) in blocks {
        columns.clear();
        for (id, [first, last, min, max, sum, count]) in series {
            let others = Some([last, min, max, sum, count].map(Vec::as_slice));
            columns.push(SeriesId(*id), SummaryValues { first, others }).expect("encodes");
        }
        buffer.push(GroupId(*group), *step, starts, &columns).expect("encodes");
    }
    frame(Body::Answer(Answer { query: 300, part, blocks: buffer.blocks() }))
}

/// The fields of buckets with at most one value each.
fn one_value(values: &[f64]) -> Fields {
    let count = |&value: &f64| if is_missing(value) { MISSING } else { 1.0 };
    let values_of = values.to_vec();
    let [first, last, min, max, sum] = std::array::from_fn(|_| values_of.clone());
    [first, last, min, max, sum, values.iter().map(count).collect()]
}

fn answers() -> Vec<Vector> {
    let starts = |step: i64, buckets: &[i64]| buckets.iter().map(|bucket| at(bucket * step)).collect::<Vec<_>>();
    let ten_seconds = Interval::from_secs(10);
    let starts_of_ten = |buckets: &[i64]| starts(10_000_000, buckets);
    let busy = [
        vec![0.25, 0.5, 0.31, 0.75],
        vec![0.5, 0.31, 0.75, 0.75],
        vec![0.1, 0.25, 0.31, 0.5],
        vec![0.9, 0.5, 0.75, 1.0],
        vec![4.5, 3.75, 1.06, 30.0],
        vec![10.0, 10.0, 2.0, 40.0],
    ];
    // No value in the second bucket, and one value in each of the others but the last.
    let rare = [
        vec![7.0, MISSING, 8.0, 9.0],
        vec![7.0, MISSING, 8.0, 11.0],
        vec![7.0, MISSING, 8.0, 9.0],
        vec![7.0, MISSING, 8.0, 11.0],
        vec![7.0, MISSING, 8.0, 20.0],
        vec![1.0, MISSING, 1.0, 2.0],
    ];
    let summaries: Buckets = (1, ten_seconds, starts_of_ten(&[-4, -3, -2, 0]), vec![(7, busy.clone()), (70_000, rare)]);
    let nan = f64::from_bits(0x7ff0_0000_0000_0002);
    let rows: Buckets = (
        2,
        Interval::from_micros(0),
        vec![at(-3_001), at(-2_000), at(-1)],
        vec![(8, one_value(&[1.0 / 3.0, f64::INFINITY, nan])), (9, one_value(&[MISSING, -0.0, 12.5]))],
    );
    let equal: Buckets = (1, ten_seconds, starts_of_ten(&[-2, -1, 0]), vec![(7, one_value(&[20.25, 20.31, 20.28]))]);
    let minute: Buckets = (
        2,
        Interval::from_secs(60),
        starts(60_000_000, &[-1]),
        vec![(8, [vec![1.0], vec![2.0], vec![0.5], vec![3.0], vec![90.5], vec![60.0]])],
    );
    let later: Buckets = (1, ten_seconds, starts_of_ten(&[1, 2, 3, 4]), vec![(7, busy)]);
    vec![
        Vector { name: "answer_summaries", bytes: answer(AnswerPart::Last, std::slice::from_ref(&summaries)) },
        Vector { name: "answer_rows", bytes: answer(AnswerPart::More, &[rows]) },
        Vector { name: "answer_equal_fields", bytes: answer(AnswerPart::More, &[equal]) },
        Vector { name: "answer_several_blocks", bytes: answer(AnswerPart::More, &[summaries, later]) },
        Vector { name: "answer_coarse", bytes: answer(AnswerPart::Coarse, &[minute]) },
        Vector { name: "answer_empty", bytes: answer(AnswerPart::Last, &[]) },
    ]
}

/// Answers with columns that a later server may send: of a further field, and of another encoding.
fn of_later_answers() -> Vec<Vector> {
    let list = |items: &[u8]| [&[items.len() as u8][..], items].concat();
    let constant = |value: f64| [&[1, 8][..], &value.to_le_bytes()].concat();
    let later = |text: &[u8]| [&[77][..], &list(text)].concat();
    // Group 1, buckets of 100 us, two of them, regular times from the base on, and the series.
    let block = |series: &[u8]| [&[1, 100, 2, 1][..], &list(&[0, 100]), &list(series)].concat();
    // Query 1, `Last`, base 0.
    let body = |series: &[u8]| [&[1, 2, 0][..], &list(&block(series))].concat();
    // Series 7 has columns of `max` and of bits 5 and 7.
    let field = [&[7, 0b1010_0100][..], &constant(1.5), &constant(2.5), &later(b"new"), &constant(9.0)].concat();
    // Series 7 has a `min` of another encoding, series 8 a `first`, series 9 none.
    let encoding = [
        &[7, 0b0000_0010][..],
        &constant(1.5),
        &later(b"new"),
        &[8, 0b0000_0100],
        &later(b"new"),
        &constant(2.5),
        &[9, 0],
        &constant(3.5),
    ]
    .concat();
    [("unknown_summary_field", body(&field)), ("unknown_summary_encoding", body(&encoding))]
        .map(|(name, body)| {
            let mut bytes = frame(Body::Unknown { kind: 10 });
            bytes[4] = body.len() as u8;
            bytes.extend(body);
            Vector { name, bytes }
        })
        .into()
}

/// Lines of logs, an event, and a gap of lines.
fn numbered_entries() -> Vec<Vector> {
    let mut labels = EntriesBuffer::default();
    labels.push(&Label { key: "unit", value: "nginx" }).expect("encodes");
    let severities =
        [Severity::Trace, Severity::Debug, Severity::Info, Severity::Warn, Severity::Error, Severity::Fatal];
    let mut lines = EntriesBuffer::default();
    for (micros, severity) in (0..).zip(severities) {
        let (source, text, labels) = ("journal", "upstream timed out", labels.entries());
        lines.push(&LogLine { time: at(micros), severity, source, text, labels }).expect("encodes");
    }
    let one = {
        let mut one = EntriesBuffer::default();
        let (severity, labels) = (Severity::Warn, Entries::default());
        one.push(&LogLine { time: at(0), severity, source: "app", text: "größer", labels }).expect("encodes");
        one
    };
    let event = |kind| {
        let (time, source, text) = (at(-1_000), "host", "source host failed");
        Body::Event(Event { time, kind, source, text, labels: labels.entries() })
    };
    let gap =
        Gap { after: Sequence(17), until: Sequence(4_000), cause: GapCause::HistoryExpired, content: GapContent::Logs };
    vec![
        Vector { name: "logs", bytes: frame(Body::Logs(Logs { lines: lines.entries() })) },
        Vector { name: "logs_one_line", bytes: frame(Body::Logs(Logs { lines: one.entries() })) },
        Vector { name: "logs_empty", bytes: frame(Body::Logs(Logs::default())) },
        Vector { name: "event_annotation", bytes: frame(event(EventKind::Annotation)) },
        Vector { name: "event_alert", bytes: frame(event(EventKind::Alert)) },
        Vector { name: "event_capture", bytes: frame(event(EventKind::Capture)) },
        Vector { name: "event_layout", bytes: frame(event(EventKind::Layout)) },
        Vector { name: "event_source", bytes: frame(event(EventKind::Source)) },
        Vector { name: "gap_logs", bytes: frame(Body::Gap(gap)) },
    ]
}

/// The messages of a server in the session, and after the reconnection, that the document shows byte by byte.
fn session() -> Vec<Vector> {
    let times: Vec<Timestamp> = (-3..=4).map(|row| at(row * 100_000)).collect();
    let values = |series: u32| (0..8).map(move |row| f64::from(20 + series + row) / 100.0).collect::<Vec<_>>();
    let values = [1, 2].map(values);
    let columns = |rows: Range<usize>| {
        (1..).map(SeriesId).zip(values.each_ref().map(|values| &values[rows.clone()])).collect::<Vec<_>>()
    };
    let frame = |name, sequence, sent, body| {
        let header = Header { epoch: EPOCH, sequence: Sequence(sequence), sent: at(sent), skipped: 0 };
        Vector { name, bytes: Frame { header, body }.to_bytes().expect("fits a message") }
    };
    let mut features = EntriesBuffer::default();
    for feature in [Feature::REVISIONS, Feature::QUERIES, Feature::SUBSETS] {
        features.push(&feature).expect("encodes");
    }
    let hello = Hello {
        server: "kymograph 0.1.0",
        host: "web-1",
        history: Interval::from_secs(300),
        heartbeat: Interval::from_secs(1),
        role: Role::View,
        limits: LIMITS,
        encodings: &encoding::WRITTEN,
        features: features.entries(),
        queries: QUERIES,
    };
    let (mut groups, mut labels, mut series) =
        (EntriesBuffer::default(), EntriesBuffer::default(), EntriesBuffer::default());
    let (name, title, unit, interval) = ("cpu.cores", "CPU", "1", Interval::from_millis(100));
    let (bounds, prominence, rank) = (Bounds::Fixed { low: 0.0, high: 1.0 }, Prominence::Overview, 10);
    groups
        .push(&GroupDescriptor { id: GroupId(1), name, title, unit, interval, bounds, prominence, rank })
        .expect("encodes");
    for (id, name, core) in [(1, "core 0", "0"), (2, "core 1", "1")] {
        labels.clear();
        labels.push(&Label { key: "core", value: core }).expect("encodes");
        let (id, group, kind, labels) = (SeriesId(id), GroupId(1), SeriesKind::Gauge, labels.entries());
        series.push(&SeriesDescriptor { id, group, name, kind, labels }).expect("encodes");
    }
    let whole = Catalog {
        scope: CatalogScope::Whole,
        revision: Revision(3),
        groups: groups.entries(),
        series: series.entries(),
        ..Catalog::default()
    };
    let unchanged = Catalog { scope: CatalogScope::Unchanged, revision: Revision(3), ..Catalog::default() };
    let history = |mode, rows: Range<usize>| {
        let mut buffer = BlockBuffer::default();
        let encoded =
            BlockBuffer::default().encode_rows(GroupId(1), &times[rows.clone()], columns(rows)).expect("encodes");
        buffer.push_encoded(mode, &encoded).expect("the base is 0");
        buffer
    };
    let live = |row: usize| {
        let mut buffer = SamplesBuffer::default();
        buffer.start(times[row]);
        buffer.push(BlockMode::Merge, GroupId(1), &times[row..=row], columns(row..row + 1)).expect("encodes");
        buffer
    };
    let (first, missed) = (history(BlockMode::Replace, 0..3), history(BlockMode::Merge, 0..7));
    let history = |buffer| Body::History(History { part: HistoryPart::Last, blocks: BlockBuffer::blocks(buffer) });
    let (mut sample, mut next) = (live(3), live(7));
    let heartbeat = Heartbeat { next_within: Interval::from_secs(1), groups: 1, silent: 0 };
    vec![
        frame("session_hello", 4_242, -50_000, Body::Hello(hello)),
        frame("session_catalog", 4_242, -50_000, Body::Catalog(whole)),
        frame("session_history", 4_242, -50_000, history(&first)),
        frame("session_samples", 4_243, 400, Body::Samples(sample.samples())),
        frame("session_heartbeat", 4_243, 10_000, Body::Heartbeat(heartbeat)),
        frame("resume_catalog", 4_246, 350_000, Body::Catalog(unchanged)),
        frame("resume_history", 4_246, 350_000, history(&missed)),
        frame("resume_samples", 4_247, 400_400, Body::Samples(next.samples())),
    ]
}

/// Catalogs and a reason that a later or an earlier server of this version may send: fields that follow those of descriptors,
/// unknown variants, and descriptors without the fields that were appended since.
fn of_other_variants() -> Vec<Vector> {
    let list = |item: &[u8]| [&[item.len() as u8][..], item].concat();
    let sized = |fields: &[u8]| list(&list(fields));
    // Id 1, name, title, unit, an interval of 100 us, bounds 9, and fields of these.
    let group = sized(b"\x01\x01g\x01G\x011\x64\x09new fields");
    // Id 7, group 1, name, kind 9, no labels, and a field.
    let series = sized(b"\x07\x01\x01s\x09\x00new");
    let catalog = [&[0, 3][..], &group, &series, &[0, 0]].concat();
    // The same with bounds 1 and no more fields; and then with prominence 9, rank 3, and a field.
    let earlier = [&[0, 3][..], &sized(b"\x01\x01g\x01G\x011\x64\x01"), &[0, 0, 0]].concat();
    let prominence = [&[0, 3][..], &sized(b"\x01\x01g\x01G\x011\x64\x01\x09\x03new"), &[0, 0, 0]].concat();
    // Reason 9, 250 us, no text.
    let bodies = [
        ("unknown_descriptor_fields", 2, catalog),
        ("unknown_descriptor_prominence", 2, prominence),
        ("earlier_descriptor_fields", 2, earlier),
        ("unknown_reason", 9, vec![9, 250, 0]),
    ];
    bodies
        .map(|(name, kind, body)| {
            let mut bytes = frame(Body::Unknown { kind });
            bytes[4] = body.len() as u8;
            bytes.extend(body);
            Vector { name, bytes }
        })
        .into()
}

/// Frames that a later server may send. Readers skip the kind, the encoding, and the fields that follow a known body.
fn of_later_versions() -> Vec<Vector> {
    let mut kind = frame(Body::Unknown { kind: 200 });
    kind.extend(b"from the future");
    kind[4] = 15;
    let mut encoding = samples(&[(1, vec![at(0)], vec![vec![12.5]])]);
    // The column's encoding is followed by its length and bytes (scale, no exceptions, shift, first), which end the message.
    let bytes = 1 + 1 + 1 + 1;
    let place = encoding.len() - bytes - 2;
    assert_eq!(encoding[place..place + 2], [3, bytes as u8]);
    encoding[place] = 77;
    let mut appended = frame(Body::Heartbeat(Heartbeat { next_within: Interval::from_secs(1), groups: 12, silent: 1 }));
    appended.extend(b"a new field");
    appended[4] += 11;
    let mut numbered = frame(Body::Unknown { kind: 100 });
    numbered.extend(b"a numbered kind");
    numbered[4] += 15;
    vec![
        Vector { name: "unknown_kind", bytes: kind },
        Vector { name: "unknown_numbered_kind", bytes: numbered },
        Vector { name: "unknown_column_encoding", bytes: encoding },
        Vector { name: "appended_field", bytes: appended },
    ]
}
