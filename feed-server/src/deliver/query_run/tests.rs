use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use protocol::column::is_missing;
use protocol::{Frame, SeriesKind};
use series::Summary;

use super::*;
use crate::deliver::hub;
use crate::ingest::batch::Batch;
use crate::ingest::health::SourceHealth;
use crate::ingest::registry::{Group, GroupSource, Registry, Series};
use crate::stream::summaries::tier::TierBounds;
use crate::telemetry::Telemetry;

const SERIES: u32 = 3;
const WINDOW: Interval = Interval::from_millis(1_500);

/// A time in milliseconds, and the value of each series of a group; `None` for a series without one.
type Row = (i64, [Option<f64>; SERIES as usize]);
/// By group, series and time.
type Values = BTreeMap<(GroupId, SeriesId), BTreeMap<Timestamp, f64>>;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

/// Two groups, the second of which merges late rows.
fn hub(history: Interval, history_bytes: usize) -> Arc<Hub> {
    let bounds = hub::Bounds { history, history_bytes, ring_bytes: 1 << 20, series: 10_000 };
    let tier =
        |step| TierBounds { step: Interval::from_millis(step), keep: Interval::from_secs(100_000), bytes: 1 << 22 };
    let hub = Hub::new("test".to_owned(), bounds, Telemetry::default()).with_summaries([100, 1_000, 3_000].map(tier));
    for (group, merge_window) in [("a", Interval::ZERO), ("b", WINDOW)] {
        let (name, title, unit) = (group.to_owned(), group.to_owned(), "1".to_owned());
        let group = Group { name, title, unit, interval: Interval::from_millis(10), ..Group::default() };
        let group = hub.catalog.register_group(group).expect("fits");
        hub.catalog.set_source(group, GroupSource { health: SourceHealth::new("test"), merge_window });
        for number in 0..SERIES {
            let labels = vec![("number".to_owned(), number.to_string())];
            let series = Series { group, name: format!("s{number}"), kind: SeriesKind::Gauge, labels };
            hub.catalog.register_series(series).expect("fits");
        }
    }
    Arc::new(hub)
}

fn batch(group: u32, &(millis, values): &Row) -> Batch {
    let first = 1 + (group - 1) * SERIES;
    let values = (first..).map(SeriesId).zip(values).filter_map(|(series, value)| Some((series, value?)));
    Batch::row(GroupId(group), at(millis), values)
}

fn publish(hub: &Hub, rows: &[Row], now: Timestamp) {
    let batches: Vec<Batch> = rows.iter().flat_map(|row| [batch(1, row), batch(2, row)]).collect();
    hub.publish(batches, now).expect("encodes");
}

/// Every value of the history.
fn held(hub: &Hub) -> Values {
    let mut values = Values::new();
    for group in [1, 2].map(GroupId) {
        for part in hub.read(|sequencer| sequencer.history().parts_in(group, &(Timestamp::MIN..Timestamp::MAX))) {
            let (times, series) = (part.times(), (1..=2 * SERIES).map(SeriesId).collect::<Vec<_>>());
            part.for_each(&series, |place, column| {
                let held = values.entry((group, series[place])).or_default();
                let present = times.iter().zip(column).filter(|(_, value)| !is_missing(**value));
                held.extend(present.map(|(&time, &value)| (time, value)));
            });
        }
    }
    values
}

/// The answer in frames, without the head of the WebSocket.
fn frames(hub: &Hub, query: RangeQuery) -> Vec<Vec<u8>> {
    let (mut run, mut frames) = (QueryRun::new(Arc::new(query)), Vec::new());
    while !run.is_done() {
        let turn = run.turn(hub, 10_000).expect("encodes");
        let head = |frame: &Bytes| if frame[1] < 126 { 2 } else { 4 };
        frames.extend(turn.frames.iter().map(|frame| frame[head(frame)..].to_vec()));
    }
    frames
}

#[derive(Debug, Default)]
struct Found {
    /// Of each group.
    steps: BTreeMap<GroupId, BTreeSet<Interval>>,
    summaries: BTreeMap<(GroupId, SeriesId), BTreeMap<Timestamp, Summary>>,
    rows: Values,
}

/// The blocks of frames whose part is `part`, or `Last`.
fn read(frames: &[Vec<u8>], parts: &[AnswerPart]) -> Found {
    let mut found = Found::default();
    for frame in frames {
        let Body::Answer(answer) = Frame::decode(frame).expect("decodes").body else { panic!("an answer") };
        for block in answer.blocks.iter().filter(|_| parts.contains(&answer.part)) {
            found.steps.entry(block.group).or_default().insert(block.step);
            let times: Vec<Timestamp> = block.times.iter().collect();
            for columns in &block.series {
                let [first, last, min, max, sum, count] = columns.copied(times.len()).expect("known encodings");
                let key = (block.group, columns.series);
                for row in (0..times.len()).filter(|&row| !is_missing(first[row])) {
                    let held = if block.step == Interval::ZERO {
                        found.rows.entry(key).or_default().insert(times[row], first[row]).is_some()
                    } else {
                        let (first, last, min, max, sum) = (first[row], last[row], min[row], max[row], sum[row]);
                        let summary = Summary { first, last, min, max, sum, count: count[row] as u32 };
                        found.summaries.entry(key).or_default().insert(times[row], summary).is_some()
                    };
                    assert!(!held, "sent twice");
                }
            }
        }
    }
    found
}

const WHOLE: [AnswerPart; 2] = [AnswerPart::More, AnswerPart::Last];

fn check(found: &Found, values: &Values, range: &Range<Timestamp>, columns: u32) {
    for (key, values) in values {
        let Some(steps) = found.steps.get(&key.0) else {
            assert!(values.range(range.clone()).all(|(_, value)| !value.is_finite()), "{key:?} is left out");
            continue;
        };
        assert_eq!(steps.len(), 1, "one step for a group");
        let step = *steps.first().expect("one");
        if step == Interval::ZERO {
            let expected: BTreeMap<_, _> =
                values.range(range.clone()).map(|(time, value)| (*time, value.to_bits())).collect();
            let rows = found.rows.get(key).into_iter().flatten().map(|(time, value)| (*time, value.to_bits()));
            assert_eq!(rows.collect::<BTreeMap<_, _>>(), expected, "rows of {key:?}");
            continue;
        }
        assert!(step >= column(range, columns));
        let range = crate::stream::query::resolution::widened(range, step);
        let mut expected: BTreeMap<Timestamp, Vec<f64>> = BTreeMap::new();
        for (&time, &value) in values.range(range).filter(|(_, value)| value.is_finite()) {
            let passed = time.micros().rem_euclid(step.micros() as i64) as u64;
            expected.entry(time - Interval::from_micros(passed)).or_default().push(value);
        }
        let found = found.summaries.get(key).cloned().unwrap_or_default();
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "buckets of {key:?}");
        for (start, values) in expected {
            let (found, expected) = (found[&start], Summary::of(&values));
            assert_eq!(Summary { sum: 0.0, ..found }, Summary { sum: 0.0, ..expected }, "{key:?} at {start:?}");
            let size: f64 = values.iter().map(|value| value.abs()).sum();
            assert!((found.sum - expected.sum).abs() <= 1e-12 * size, "sums {} and {}", found.sum, expected.sum);
        }
    }
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let value = prop_oneof![
        6 => (-100_000..100_000_i32).prop_map(|cents| Some(f64::from(cents) / 100.0)),
        1 => Just(None),
        1 => Just(Some(f64::NAN)),
        1 => Just(Some(f64::INFINITY)),
        2 => (-1e6..1e6).prop_map(Some),
    ];
    // Steps forward, and some back: late, or too late.
    let step = prop_oneof![12 => 1..40_i64, 2 => 100..900_i64, 3 => -1_700..0_i64];
    let row = (step, [value.clone(), value.clone(), value]);
    proptest::collection::vec(row, 20..500).prop_map(|rows| {
        let mut newest = 0;
        let place = |(step, values): (i64, [Option<f64>; SERIES as usize])| {
            let time = newest + step;
            newest = newest.max(time);
            (time, values)
        };
        rows.into_iter().map(place).collect()
    })
}

fn query(range: Range<Timestamp>, columns: u32, order: AnswerOrder) -> RangeQuery {
    let selection = SelectedBy::Selector("*".parse().expect("a selector"));
    RangeQuery { id: 7, selection, selection_bytes: 1, range, columns, order }
}

proptest! {
    #[test]
    fn an_answer_equals_a_scan_of_the_rows(
        rows in rows(),
        ticks in 1..60_usize,
        sealed in 0..4_000_usize,
        ends in (-2_000..16_000_i64, 1..16_000_i64),
        columns in prop_oneof![1..8_u32, 1..400_u32, Just(MAX_COLUMNS)],
        is_coarse_first in any::<bool>(),
    ) {
        let hub = hub(Interval::from_secs(10_000), 1 << 24);
        for rows in rows.chunks(ticks) {
            publish(&hub, rows, at(1_000_000));
            hub.seal(sealed).expect("encodes");
        }
        let range = at(ends.0)..at(ends.0 + ends.1);
        let order = if is_coarse_first { AnswerOrder::CoarseFirst } else { AnswerOrder::Direct };
        let frames = frames(&hub, query(range.clone(), columns, order));
        let values = held(&hub);
        check(&read(&frames, &WHOLE), &values, &range, columns);
        if is_coarse_first && columns > 1 {
            check(&read(&frames, &[AnswerPart::Coarse]), &values, &range, columns.div_ceil(COARSE_PART));
        }
        let part = |frame: &Vec<u8>| match Frame::decode(frame).expect("decodes").body {
            Body::Answer(answer) => answer.part,
            body => panic!("found {body:?}"),
        };
        prop_assert!(frames.iter().rev().skip(1).all(|frame| part(frame) != AnswerPart::Last));
        prop_assert_eq!(frames.last().map(part), Some(AnswerPart::Last));
    }
}

/// A row each 10 ms.
fn regular(count: i64) -> Vec<Row> {
    (0..count).map(|row| (10 * row, [Some((row % 1_000) as f64 / 100.0), Some(-1.0), None])).collect()
}

#[test]
fn what_the_history_has_dropped_is_read_from_the_tiers() {
    let hub = hub(Interval::from_secs(20), 1 << 24);
    let rows = regular(30_000);
    for rows in rows.chunks(100) {
        publish(&hub, rows, at(rows[rows.len() - 1].0));
        hub.seal(usize::MAX).expect("encodes");
    }
    let values: Values = (1..=2)
        .flat_map(|group| {
            let rows = &rows;
            (0..2).map(move |series| {
                let id = SeriesId(1 + (group - 1) * SERIES + series);
                let values = rows.iter().map(|row| (at(row.0), row.1[series as usize].expect("a value")));
                ((GroupId(group), id), values.collect())
            })
        })
        .collect();
    for (from, to, columns) in [(0, 300_000, 400), (5_000, 6_000, 400), (250_000, 310_000, 60), (299_000, 300_000, 10)]
    {
        let (range, columns) = (at(from)..at(to), columns);
        let found = read(&frames(&hub, query(range.clone(), columns, AnswerOrder::Direct)), &WHOLE);
        check(&found, &values, &range, columns);
        assert_eq!(found.summaries.len(), 4, "from {from} to {to}");
    }
    let found = read(&frames(&hub, query(at(5_000)..at(6_000), 400, AnswerOrder::Direct)), &WHOLE);
    assert_eq!(found.steps[&GroupId(1)], BTreeSet::from([Interval::from_millis(100)]), "the finest that is kept");
}

#[test]
fn a_query_that_matches_nothing_or_lies_in_the_future_has_an_empty_answer() {
    let hub = hub(Interval::from_secs(100), 1 << 24);
    publish(&hub, &regular(100), at(1_000));
    let selected = |selection| RangeQuery { selection, ..query(at(0)..at(1_000), 10, AnswerOrder::CoarseFirst) };
    let nothing = SelectedBy::Selector("nothing.*".parse().expect("a selector"));
    let unknown = SelectedBy::Ids(vec![SeriesId(99), SeriesId(u32::MAX)]);
    let future = query(at(2_000)..Timestamp::MAX, 10, AnswerOrder::Direct);
    for query in [selected(nothing), selected(unknown), selected(SelectedBy::Ids(Vec::new())), future] {
        let frames = frames(&hub, query);
        let [frame] = &frames[..] else { panic!("found {} frames", frames.len()) };
        let Body::Answer(answer) = Frame::decode(frame).expect("decodes").body else { panic!("an answer") };
        assert!(answer.part == AnswerPart::Last && answer.blocks.is_empty() && answer.query == 7);
    }
}

#[test]
fn series_are_selected_by_id_too() {
    let hub = hub(Interval::from_secs(100), 1 << 24);
    publish(&hub, &regular(100), at(1_000));
    let selection = SelectedBy::Ids(vec![SeriesId(2), SeriesId(4), SeriesId(99)]);
    let found =
        read(&frames(&hub, RangeQuery { selection, ..query(at(0)..at(1_000), 10, AnswerOrder::Direct) }), &WHOLE);
    assert_eq!(found.summaries.keys().map(|key| key.1).collect::<Vec<_>>(), [2, 4].map(SeriesId));
}

#[test]
fn a_query_for_too_many_summaries_is_refused() {
    let hub = hub(Interval::from_secs(100), 1 << 24);
    for number in 0..300 {
        let labels = vec![("more".to_owned(), number.to_string())];
        let series = Series { group: GroupId(1), name: "more".to_owned(), kind: SeriesKind::Gauge, labels };
        hub.catalog.register_series(series).expect("fits");
    }
    let frames = frames(&hub, query(at(0)..at(1_000), MAX_COLUMNS, AnswerOrder::Direct));
    let [frame] = &frames[..] else { panic!("found {} frames", frames.len()) };
    let Body::Refused(refused) = Frame::decode(frame).expect("decodes").body else { panic!("a refusal") };
    assert_eq!((refused.request, refused.code, refused.id), (ClientMessage::QUERY, RefusalCode::TOO_LARGE, 7));
    assert_eq!(
        refused.text,
        "306 series on 4096 columns are more than 1048576 summaries: select fewer series, or ask for fewer columns"
    );
}

#[test]
fn rows_that_leave_the_history_before_they_are_sealed_are_in_the_tiers() {
    // Rows further apart than half the history, and a source that stops.
    for (step, count) in [(13_000, 50), (100, 500)] {
        let hub = hub(Interval::from_secs(20), 1 << 24);
        let rows: Vec<Row> = (0..count).map(|row| (step * row, [Some(row as f64), None, None])).collect();
        for row in &rows {
            publish(&hub, std::slice::from_ref(row), at(row.0));
            hub.seal(1).expect("encodes");
        }
        let end = step * count + 100_000;
        for second in 0..200 {
            hub.publish([], at(end + second * 1_000)).expect("encodes");
            hub.seal(1).expect("encodes");
        }
        let found = read(&frames(&hub, query(at(0)..at(end), 1, AnswerOrder::Direct)), &WHOLE);
        for group in [1, 2] {
            let key = (GroupId(group), SeriesId(1 + (group - 1) * SERIES));
            let values: u32 = found.summaries[&key].values().map(|summary| summary.count).sum();
            assert_eq!(i64::from(values), count, "of {key:?}, each {step} ms");
        }
    }
}

#[test]
fn a_turn_has_a_bound_whatever_the_query_passes_over() {
    let hub = hub(Interval::from_secs(10_000), 1 << 26);
    for number in 0..500 {
        let labels = vec![("more".to_owned(), number.to_string())];
        let series = Series { group: GroupId(1), name: "more".to_owned(), kind: SeriesKind::Gauge, labels };
        hub.catalog.register_series(series).expect("fits");
    }
    for row in 0..2_000 {
        let values = (7..507).map(|series| (SeriesId(series), f64::from(series)));
        hub.publish([Batch::row(GroupId(1), at(row * 10), values)], at(row * 10)).expect("encodes");
        hub.seal(usize::MAX).expect("encodes");
    }
    for (range, columns) in [(at(0)..at(100_000), 3), (at(0)..at(10), 3), (at(19_000)..at(19_010), 4)] {
        let selection = SelectedBy::Ids(vec![SeriesId(1), SeriesId(7)]);
        let query = RangeQuery { selection, ..query(range, columns, AnswerOrder::Direct) };
        let mut run = QueryRun::new(Arc::new(query));
        let mut turns = 0;
        while !run.is_done() {
            let turn = run.turn(&hub, 1).expect("encodes");
            assert!(turn.read > 0 && turn.read <= LOOK_PATTERNS * PATTERN_COST, "a turn of {}", turn.read);
            turns += 1;
        }
        assert!(turns > 2, "found {turns}");
    }
}

#[test]
fn a_query_for_all_times_has_few_buckets() {
    let hub = hub(Interval::from_secs(100), 1 << 24);
    publish(&hub, &regular(1_000), at(10_000));
    let ends = [-1, 1].map(|sign| Timestamp::from_micros(sign * crate::stream::query::resolution::MAX_TIME_US));
    for columns in [1, 2, MAX_COLUMNS] {
        let step = column(&(ends[0]..ends[1]), columns);
        assert!(BucketTable::buckets_of(&(ends[0]..ends[1]), step) <= 2 + columns as usize);
        let found = read(&frames(&hub, query(ends[0]..ends[1], columns, AnswerOrder::Direct)), &WHOLE);
        let counts = found.summaries.values().chain(std::iter::empty()).flat_map(BTreeMap::values);
        let rows: u32 = counts.map(|summary| summary.count).sum();
        let single: usize = found.rows.values().map(BTreeMap::len).sum();
        assert_eq!(rows as usize + single, 4 * 1_000, "{columns} columns");
    }
}
