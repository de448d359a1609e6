//! Properties of encoding and decoding, over arbitrary frames and arbitrary bytes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::column::{MISSING, is_missing};
use protocol::limits::MAX_MESSAGE_BYTES;
use protocol::{
    Answer, AnswerOrder, AnswerPart, BlockBuffer, BlockMode, Body, Bounds, BucketState, BucketUpdate, BucketUpdates,
    BucketUpdatesBuffer, Bye, ByeReason, Catalog, CatalogScope, ClientMessage, Echo, EncodeError, EncodedRows,
    EntriesBuffer, Epoch, Event, EventKind, Extent, Feature, Frame, Gap, GapCause, GapContent, GroupDescriptor,
    GroupId, Header, Heartbeat, Held, Hello, History, HistoryPart, Interval, Label, LeftOut, LogLine, Logs,
    PROTOCOL_VERSION, Prominence, QueryLimits, ReaderHolds, RefusalCode, Refused, Resolution, Revision, Role, Sample,
    Samples, SamplesBuffer, Selection, Sequence, SeriesDescriptor, SeriesId, SeriesKind, Severity, Start, Subscribed,
    Subset, Summaries, SummaryBuffer, SummaryColumnsBuffer, SummaryField, SummaryValues, Timestamp, ViewerLimits,
    Visibility,
};

/// A block. Values are bits, so that NaN payloads can be compared.
#[derive(Clone, Debug)]
struct Rows {
    group: u32,
    times: Vec<i64>,
    columns: Vec<(u32, Vec<u64>)>,
}

fn value_bits() -> impl Strategy<Value = u64> {
    let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, f64::MIN_POSITIVE / 2.0, f64::MAX];
    let stale_marker = 0x7ff0_0000_0000_0002;
    prop_oneof![
        any::<u64>(),
        any::<f64>().prop_map(f64::to_bits),
        proptest::sample::select(special.to_vec()).prop_map(f64::to_bits),
        Just(stale_marker),
    ]
}

fn times(rows: usize) -> impl Strategy<Value = Vec<i64>> {
    let regular = (any::<i32>(), 1..1_000_000_i64)
        .prop_map(move |(start, step)| (0..rows as i64).map(|row| i64::from(start) + row * step).collect());
    let jittery = (any::<i32>(), vec(0..1_000_i64, rows)).prop_map(move |(start, jitter)| {
        (0..).zip(jitter).map(|(row, jitter): (i64, i64)| i64::from(start) + row * 1_000 + jitter).collect::<Vec<_>>()
    });
    prop_oneof![regular, jittery, vec(any::<i64>(), rows)].prop_map(strictly_increasing)
}

/// Sorts times and makes them strictly increasing.
fn strictly_increasing(mut times: Vec<i64>) -> Vec<i64> {
    times.sort_unstable();
    for row in 1..times.len() {
        times[row] = times[row].max(times[row - 1].saturating_add(1));
    }
    times.dedup();
    times
}

/// Noise, constants, single precision, decimals and integers of every size, walks and levels, each with a few outliers.
fn column(rows: usize) -> impl Strategy<Value = Vec<u64>> {
    let noise = vec(value_bits(), rows);
    let constant = value_bits().prop_map(move |bits| std::vec![bits; rows]);
    let single = vec(any::<f32>().prop_map(|value| f64::from(value).to_bits()), rows);
    let levels = (0..12_i32, 1..60_u32, vec(any::<i64>(), rows)).prop_map(|(decimals, bits, integers)| {
        let divisor = 10_f64.powi(decimals);
        integers.into_iter().map(|integer| ((integer >> (64 - bits)) as f64 / divisor).to_bits()).collect::<Vec<_>>()
    });
    let walk = (0..12_i32, any::<i32>(), vec(-100..1_000_i64, rows)).prop_map(|(doublings, start, steps)| {
        let mut level = i64::from(start);
        let walk = steps.into_iter().map(|step| {
            level += step * 8;
            (level as f64 / 2_f64.powi(doublings)).to_bits()
        });
        walk.collect::<Vec<_>>()
    });
    let regular = prop_oneof![noise, constant, single, levels, walk];
    (regular, vec((any::<prop::sample::Index>(), value_bits(), prop_oneof![Just(1), 1..300_usize]), 0..4)).prop_map(
        |(mut column, strays)| {
            for (row, bits, run) in strays {
                if !column.is_empty() {
                    let row = row.index(column.len());
                    let end = column.len().min(row + run);
                    column[row..end].fill(bits);
                }
            }
            column
        },
    )
}

fn rows_of(rows: impl Strategy<Value = usize>) -> impl Strategy<Value = Rows> {
    (any::<u32>(), rows, 0..6_usize).prop_flat_map(|(group, rows, columns)| {
        let first = any::<u32>().prop_map(|id| id >> 1);
        (times(rows), first, vec((1..1_000_u32, column(rows)), columns)).prop_map(move |(times, first, columns)| {
            let mut series = first;
            let columns = columns.into_iter().map(|(step, mut column)| {
                series += step;
                column.truncate(times.len());
                (series, column)
            });
            Rows { group, columns: columns.collect(), times }
        })
    })
}

/// Blocks of the size of live frames.
fn rows() -> impl Strategy<Value = Rows> {
    rows_of(0..20_usize)
}

/// Blocks of several chunks, the size of history frames.
fn many_rows() -> impl Strategy<Value = Rows> {
    rows_of(prop_oneof![Just(1_usize), Just(129), Just(257), 100..700_usize])
}

fn header() -> impl Strategy<Value = Header> {
    (any::<u64>(), any::<u64>(), any::<i64>()).prop_map(|(epoch, sequence, sent)| Header {
        epoch: Epoch(epoch),
        sequence: Sequence(sequence),
        sent: Timestamp::from_micros(sent),
        skipped: 0,
    })
}

impl Rows {
    fn decoded(&self) -> (Vec<Timestamp>, Vec<(SeriesId, Vec<f64>)>) {
        let values = |bits: &[u64]| bits.iter().copied().map(f64::from_bits).collect();
        let columns = self.columns.iter().map(|(series, bits)| (SeriesId(*series), values(bits)));
        (self.times.iter().copied().map(Timestamp::from_micros).collect(), columns.collect())
    }
}

fn fill(buffer: &mut BlockBuffer, blocks: &[Rows]) {
    let origin = blocks.first().and_then(|block| block.times.first()).copied();
    buffer.start(Timestamp::from_micros(origin.unwrap_or_default()));
    for block in blocks {
        let (times, columns) = block.decoded();
        buffer
            .push(GroupId(block.group), &times, columns.iter().map(|(series, values)| (*series, values.as_slice())))
            .expect("columns have a value per row");
    }
}

/// Short rows become a list of samples.
fn fill_live(buffer: &mut SamplesBuffer, blocks: &[Rows]) {
    buffer.start(Timestamp::from_micros(
        blocks.iter().filter_map(|block| block.times.last()).max().copied().unwrap_or(0),
    ));
    for block in blocks {
        let (times, columns) = block.decoded();
        let columns = columns.iter().map(|(series, values)| (*series, values.as_slice()));
        buffer.push(BlockMode::Merge, GroupId(block.group), &times, columns).expect("columns have a value per row");
    }
}

#[test]
fn rows_of_a_group_that_is_replaced_are_in_blocks() {
    let mut buffer = SamplesBuffer::default();
    buffer.start(Timestamp::from_micros(3));
    for (mode, group, time) in [(BlockMode::Replace, 1, 3), (BlockMode::Merge, 1, 2), (BlockMode::Merge, 2, 2)] {
        let column = (SeriesId(group), [1.0].as_slice());
        buffer.push(mode, GroupId(group), &[Timestamp::from_micros(time)], [column]).expect("encodes");
    }
    let samples = buffer.samples();
    let blocks: Vec<_> = samples.blocks.iter().map(|block| (block.group.0, block.mode)).collect();
    assert_eq!(blocks, [(1, BlockMode::Replace), (1, BlockMode::Merge)]);
    assert_eq!(samples.list.iter().map(|sample| sample.series).collect::<Vec<_>>(), [SeriesId(2)]);
    buffer.start(Timestamp::from_micros(4));
    let column = (SeriesId(1), [1.0].as_slice());
    buffer.push(BlockMode::Merge, GroupId(1), &[Timestamp::from_micros(4)], [column]).expect("encodes");
    assert!(buffer.samples().blocks.is_empty(), "the next message begins anew");
}

/// The rows as buckets, in which the last value and the count have columns of their own.
fn summaries_of(blocks: &[Rows]) -> SummaryBuffer {
    let (mut buffer, mut series) = (SummaryBuffer::default(), SummaryColumnsBuffer::default());
    for block in blocks {
        let (times, columns) = block.decoded();
        series.clear();
        for (id, first) in columns {
            let other = vec![0.5; first.len()];
            series
                .push(id, SummaryValues { first: &first, others: Some([&other, &first, &first, &first, &other]) })
                .expect("a value for each bucket");
        }
        buffer.push(GroupId(block.group), Interval::from_secs(1), &times, &series).expect("a value for each bucket");
    }
    buffer
}

/// One frame of every kind.
fn every_body(text: &str, number: u64, blocks: &[Rows]) -> Vec<Vec<u8>> {
    let text = &text[..text.floor_char_boundary(200)];
    let at = Timestamp::from_micros(number as i64);
    let interval = Interval::from_micros(number);
    let mut buffer = BlockBuffer::default();
    fill(&mut buffer, blocks);
    let mut live = SamplesBuffer::default();
    fill_live(&mut live, blocks);
    let summaries = summaries_of(&blocks[..blocks.len().min(1)]);
    let (mut labels, mut groups, mut series) =
        (EntriesBuffer::default(), EntriesBuffer::default(), EntriesBuffer::default());
    let mut ids = EntriesBuffer::default();
    labels.push(&Label { key: "device", value: text }).expect("encodes");
    let (mut updated, mut open) = (SamplesBuffer::default(), BucketUpdatesBuffer::default());
    updated.start(at);
    open.start(at);
    let values = [number as f64, 0.5, f64::NAN, -0.0, f64::from_bits(number), 3.0];
    let reader = ReaderHolds::Nothing { start: at, step: Interval::from_micros(number >> 16) };
    let bucket = BucketState {
        group: GroupId(number as u32),
        newest: at,
        series: &[SeriesId(3), SeriesId(number as u32 | 8)],
        summaries: &[values; 2],
        reader,
        is_closed: true,
    };
    updated.push_update(&bucket).expect("encodes");
    open.push(&bucket).expect("encodes");
    let bounds = Bounds::Fixed { low: 0.0, high: 1.0 };
    let (group, title, unit) = (GroupId(number as u32), "Title", "By/s");
    let (prominence, rank) = (Prominence::Detail, (number >> 32) as u32);
    groups
        .push(&GroupDescriptor { id: group, name: text, title, unit, interval, bounds, prominence, rank })
        .expect("encodes");
    let id = SeriesId(number as u32);
    series
        .push(&SeriesDescriptor { id, group, name: text, kind: SeriesKind::Counter, labels: labels.entries() })
        .expect("encodes");
    ids.push(&id).expect("encodes");
    let mut lines = EntriesBuffer::default();
    let (severity, source) = (Severity::Fatal, text);
    lines.push(&LogLine { time: at, severity, source, text, labels: labels.entries() }).expect("encodes");
    let (mut group_ids, mut features) = (EntriesBuffer::default(), EntriesBuffer::default());
    group_ids.push(&group).expect("encodes");
    features.push(&Feature(text)).expect("encodes");
    let bodies = [
        Body::Hello(Hello {
            server: text,
            host: text,
            history: interval,
            heartbeat: interval,
            role: Role::Edit,
            limits: ViewerLimits { message_bytes: number as u32, ..ViewerLimits::default() },
            encodings: text.as_bytes(),
            features: features.entries(),
            queries: QueryLimits { columns: number as u32, ..QueryLimits::default() },
        }),
        Body::Catalog(Catalog {
            scope: CatalogScope::Whole,
            revision: Revision(number),
            groups: groups.entries(),
            series: series.entries(),
            retired: ids.entries(),
            retired_groups: group_ids.entries(),
        }),
        Body::Samples(Samples::of_blocks(buffer.blocks())),
        Body::Samples(live.samples()),
        Body::History(History { part: HistoryPart::Last, blocks: buffer.blocks() }),
        Body::Gap(Gap {
            after: Sequence(number),
            until: Sequence(1),
            cause: GapCause::EpochChanged,
            content: GapContent::Events,
        }),
        Body::Logs(Logs { lines: lines.entries() }),
        Body::Event(Event { time: at, kind: EventKind::Alert, source: text, text, labels: labels.entries() }),
        Body::Heartbeat(Heartbeat { next_within: interval, groups: number as u32, silent: 7 }),
        Body::Echo(Echo { origin: at, received: at }),
        Body::Refused(Refused { request: number as u8, code: RefusalCode(number as u32), text, id: number as u32 }),
        Body::Bye(Bye { reason: ByeReason::Overloaded, retry_after: interval, text }),
        Body::Subscribed(Subscribed { id: 3, series: number as u32, extent: Extent::Wider }),
        Body::Answer(Answer { query: number as u32, part: AnswerPart::Coarse, blocks: summaries.blocks() }),
        Body::Samples(updated.samples()),
        Body::Summaries(Summaries { blocks: summaries.blocks(), open: open.updates() }),
        Body::Held(Held { run: number, number, dropped: !number }),
        Body::LeftOut(LeftOut { groups: group_ids.entries(), series: ids.entries(), text }),
    ];
    let header = Header { epoch: Epoch(number), sequence: Sequence(number), sent: at, skipped: 0 };
    bodies
        .into_iter()
        .map(|body| {
            let frame = Frame { header, body };
            let bytes = frame.to_bytes().expect("fits a message");
            assert_eq!(format!("{:?}", Frame::decode(&bytes).expect("decodes")), format!("{frame:?}"));
            bytes
        })
        .collect()
}

fn every_client_message(text: &str, number: u64) -> Vec<Vec<u8>> {
    let at = Timestamp::from_micros(number as i64);
    let window = Interval::from_micros(number);
    let mut series = EntriesBuffer::default();
    let ids = BTreeSet::from([1, number as u32, (number >> 32) as u32]);
    for id in ids {
        series.push(&SeriesId(id)).expect("encodes");
    }
    let query = |selection, order| ClientMessage::Query {
        id: number as u32,
        selection,
        from: at,
        to: Timestamp::from_micros(!number as i64),
        columns: (number >> 32) as u32,
        order,
    };
    let mut groups = EntriesBuffer::default();
    groups.push(&GroupId(number as u32)).expect("encodes");
    let (mut described_groups, mut described) = (EntriesBuffer::default(), EntriesBuffer::default());
    let (id, title, unit, bounds) = (GroupId(number as u32), "Title", "By/s", Bounds::FromZero);
    let (prominence, rank) = (Prominence::Overview, (number >> 32) as u32);
    described_groups
        .push(&GroupDescriptor { id, name: text, title, unit, interval: window, bounds, prominence, rank })
        .expect("encodes");
    let (id, group, kind, labels) = (SeriesId(number as u32), id, SeriesKind::State, EntriesBuffer::default());
    described.push(&SeriesDescriptor { id, group, name: text, kind, labels: labels.entries() }).expect("encodes");
    let mut rows = BlockBuffer::default();
    rows.start(at);
    rows.push(group, &[at], [(id, &[f64::from_bits(number)][..])]).expect("encodes");
    // Without a subset, what follows the start is one.
    let of = |selection| Subset::Of {
        id: number as u32,
        selection,
        added: Selection::Selector(text),
        resolution: Resolution::ROWS,
    };
    let messages = [
        ClientMessage::Subscribe { start: Start::Window(window), subset: of(Selection::Selector(text)) },
        ClientMessage::Subscribe {
            start: Start::After {
                epoch: Epoch(number),
                sequence: Sequence(number),
                window,
                revision: Revision(number),
            },
            subset: of(Selection::Groups(groups.entries())),
        },
        ClientMessage::Probe { origin: at },
        ClientMessage::Pace { visibility: Visibility::Hidden, frames_per_second: number as u8 },
        query(Selection::Selector(text), AnswerOrder::Direct),
        query(Selection::Series(series.entries()), AnswerOrder::CoarseFirst),
        ClientMessage::Cancel { id: number as u32 },
        ClientMessage::Open { publisher: text, run: number },
        ClientMessage::Announce { groups: described_groups.entries(), series: described.entries() },
        ClientMessage::Rows { number, lost: !number, blocks: rows.blocks() },
        ClientMessage::End { series: series.entries() },
    ];
    messages
        .into_iter()
        .map(|message| {
            let bytes = message.to_bytes().expect("fits a message");
            assert_eq!(ClientMessage::decode(&bytes).expect("decodes"), message);
            bytes
        })
        .collect()
}

fn read_updates(updates: &BucketUpdates<'_>) -> usize {
    let ids = |update: &BucketUpdate<'_>| {
        update.begins.and_then(|begins| begins.shape).map_or(0, |shape| shape.series().count())
    };
    let values = |update: &BucketUpdate<'_>| {
        let mut held = vec![[0.5; 6]; update.series];
        assert!(update.apply_to(&mut held));
        held.len()
    };
    updates.iter().map(|update| 1 + ids(&update) + values(&update)).sum()
}

/// Reads every time and value of a frame. Returns their number.
fn read_all(bytes: &[u8]) -> usize {
    let Ok(frame) = Frame::decode(bytes) else { return 0 };
    let (listed, blocks) = match frame.body {
        Body::Samples(samples) => (samples.list.iter().count() + read_updates(&samples.updates), samples.blocks),
        Body::Summaries(summaries) => return read_updates(&summaries.open),
        Body::History(history) => (0, history.blocks),
        Body::Answer(answer) => return read_summaries(&answer),
        other => return format!("{other:?}").len(),
    };
    let mut values = vec![0.0; protocol::limits::MAX_BLOCK_ROWS as usize];
    let mut read = listed;
    for block in &blocks {
        read += block.times.iter().count();
        for column in &block.columns {
            if let Some(column) = column.values() {
                column.copy_to(&mut values[..block.rows as usize]);
                read += block.rows as usize;
            }
        }
    }
    read
}

fn read_summaries(answer: &Answer<'_>) -> usize {
    let mut read = 0;
    for block in &answer.blocks {
        read += block.times.iter().count();
        let mut values = vec![0.0; block.times.len()];
        for series in &block.series {
            let fields = SummaryField::ALL.map(|field| series.field(field));
            for column in [series.first()].into_iter().chain(fields).flatten() {
                column.copy_to(&mut values);
                read += values.len();
            }
        }
    }
    read
}

/// A block of summaries. Values are bits.
#[derive(Clone, Debug)]
struct Buckets {
    group: u32,
    step: u64,
    starts: Vec<i64>,
    series: Vec<(u32, Fields)>,
}

/// The first value of each bucket, and the other fields, which the writer is not given if they are `None`.
type Fields = (Vec<u64>, Option<Vec<Vec<u64>>>);

/// Fields that are equal to the first in all buckets, in some, or in none; buckets without values.
fn fields(buckets: usize) -> impl Strategy<Value = Fields> {
    let one = 1.0_f64.to_bits();
    let other = (0..4_u8, column(buckets)).prop_map(|(share, own)| (share, own));
    let others = proptest::option::of(vec(other, SummaryField::ALL.len()));
    (column(buckets), others, vec(proptest::bool::weighted(0.2), buckets)).prop_map(
        move |(mut first, others, empty)| {
            let is_empty = |bucket: usize| empty[bucket];
            let mut others: Option<Vec<Vec<u64>>> = others.map(|others| {
                let fields = SummaryField::ALL.into_iter().zip(others).map(|(field, (share, own))| {
                    let equal = |bucket: usize| if field == SummaryField::Count { one } else { first[bucket] };
                    let is_own = |bucket: usize| share == 0 || share == 1 && bucket % 5 == 3;
                    (0..buckets).map(|bucket| if is_own(bucket) { own[bucket] } else { equal(bucket) }).collect()
                });
                fields.collect()
            });
            for bucket in (0..buckets).filter(|&bucket| is_empty(bucket)) {
                for field in [&mut first].into_iter().chain(others.iter_mut().flatten()) {
                    field[bucket] = MISSING.to_bits();
                }
            }
            (first, others)
        },
    )
}

fn buckets() -> impl Strategy<Value = Buckets> {
    let count = prop_oneof![0..20_usize, Just(129_usize), 100..300_usize];
    (any::<u32>(), any::<u64>(), count, 0..4_usize).prop_flat_map(|(group, step, buckets, series)| {
        let first = any::<u32>().prop_map(|id| id >> 1);
        (times(buckets), first, vec((1..1_000_u32, fields(buckets)), series)).prop_map(
            move |(starts, first, series)| {
                let mut id = first;
                let series = series.into_iter().map(|(step, (mut first, mut others))| {
                    id += step;
                    for field in [&mut first].into_iter().chain(others.iter_mut().flatten()) {
                        field.truncate(starts.len());
                    }
                    (id, (first, others))
                });
                Buckets { group, step, series: series.collect(), starts }
            },
        )
    })
}

proptest! {
    /// Fields of a bucket without values are not compared: only `first` says that it has none.
    #[test]
    fn summaries_round_trip_bit_for_bit(header in header(), query in any::<u32>(), blocks in vec(buckets(), 0..3)) {
        let floats = |bits: &[u64]| bits.iter().copied().map(f64::from_bits).collect::<Vec<f64>>();
        let (mut buffer, mut columns) = (SummaryBuffer::default(), SummaryColumnsBuffer::default());
        buffer.start(header.sent);
        for block in &blocks {
            columns.clear();
            for (series, (first, others)) in &block.series {
                let (first, others) = (floats(first), others.as_ref().map(|others| others.iter().map(|field| floats(field)).collect::<Vec<_>>()));
                let others = others.as_ref().map(|others| std::array::from_fn(|field| others[field].as_slice()));
                columns.push(SeriesId(*series), SummaryValues { first: &first, others }).expect("a value for each bucket");
            }
            let starts: Vec<Timestamp> = block.starts.iter().copied().map(Timestamp::from_micros).collect();
            let most_bytes = buffer.len() + SummaryBuffer::HEAD_BYTES + starts.len() * 8 + columns.len();
            buffer.push(GroupId(block.group), Interval::from_micros(block.step), &starts, &columns).expect("a value for each bucket");
            prop_assert!(buffer.len() <= most_bytes, "{} bytes, at most {most_bytes} were expected", buffer.len());
        }
        let answer = Answer { query, part: AnswerPart::More, blocks: buffer.blocks() };
        // Three blocks of noise in six columns may be longer than a message.
        let Ok(bytes) = (Frame { header, body: Body::Answer(answer) }).to_bytes() else {
            return Err(TestCaseError::reject("longer than a message"));
        };
        let Body::Answer(answer) = Frame::decode(&bytes).expect("decodes").body else { panic!("another kind came back") };
        prop_assert_eq!((answer.query, answer.part), (query, AnswerPart::More));
        let mut decoded = answer.blocks.iter();
        for expected in &blocks {
            let block = decoded.next().expect("as many blocks as were pushed");
            prop_assert_eq!((block.group, block.step.micros()), (GroupId(expected.group), expected.step));
            prop_assert_eq!(&block.times.iter().map(Timestamp::micros).collect::<Vec<_>>(), &expected.starts);
            let mut series = block.series.iter();
            for (id, (first, others)) in &expected.series {
                let read = series.next().expect("as many series as were pushed");
                prop_assert_eq!(read.series, SeriesId(*id));
                let bits = |values: Option<protocol::column::Values<'_>>| {
                    let mut copied = vec![0.0; first.len()];
                    values.expect("a known encoding").copy_to(&mut copied);
                    copied.into_iter().map(f64::to_bits).collect::<Vec<u64>>()
                };
                prop_assert_eq!(&bits(read.first()), first);
                for (place, field) in SummaryField::ALL.into_iter().enumerate() {
                    let ones = vec![1.0_f64.to_bits(); first.len()];
                    let equal = if field == SummaryField::Count { &ones } else { first };
                    let expected = others.as_ref().map_or(equal, |others| &others[place]);
                    for (bucket, found) in bits(read.field(field)).into_iter().enumerate() {
                        let is_empty = is_missing(f64::from_bits(first[bucket]));
                        prop_assert!(is_empty || found == expected[bucket], "{field:?} of bucket {bucket}");
                    }
                }
            }
            prop_assert!(series.next().is_none());
        }
        prop_assert!(decoded.next().is_none());
    }

    #[test]
    fn samples_round_trip_bit_for_bit(header in header(), skipped in any::<u64>(), blocks in vec(prop_oneof![rows(), many_rows()], 0..3)) {
        let header = Header { skipped, ..header };
        let mut buffer = BlockBuffer::default();
        fill(&mut buffer, &blocks);
        let raw = blocks.iter().map(|block| 40 + block.times.len() * 8 + block.columns.len() * (11 + block.times.len() * 8));
        prop_assert!(buffer.len() <= raw.sum::<usize>(), "no column is longer than raw");
        let samples = Samples::of_blocks(buffer.blocks());
        let bytes = Frame { header, body: Body::Samples(samples) }.to_bytes().expect("fits a message");
        let frame = Frame::decode(&bytes).expect("decodes");
        prop_assert_eq!(frame.header, header);
        let Body::Samples(samples) = frame.body else { panic!("another kind came back") };
        let mut decoded = samples.blocks.iter();
        for expected in &blocks {
            let block = decoded.next().expect("as many blocks as were pushed");
            prop_assert_eq!(block.group, GroupId(expected.group));
            let times: Vec<i64> = block.times.iter().map(Timestamp::micros).collect();
            prop_assert_eq!(&times, &expected.times);
            let columns: Vec<(u32, Vec<u64>)> = block.columns.iter().map(|column| {
                let mut values = vec![0.0; block.rows as usize];
                let encoded = column.values().expect("a known encoding");
                // In two parts, as a ring that wraps does.
                let (front, back) = values.split_at_mut(block.rows as usize / 3);
                encoded.copy_to(front);
                encoded.from_row(front.len()).copy_to(back);
                (column.series.0, values.into_iter().map(f64::to_bits).collect())
            }).collect();
            prop_assert_eq!(&columns, &expected.columns);
        }
        prop_assert!(decoded.next().is_none());
    }

    /// Groups as those of a stream: no two have a series in common.
    #[test]
    fn live_rows_keep_every_time_and_value_in_a_list_or_a_block(
        header in header(),
        mut groups in vec(prop_oneof![rows_of(0..7_usize), rows()], 0..5),
    ) {
        for (place, rows) in (0..).zip(&mut groups) {
            rows.group = place;
            rows.columns.iter_mut().for_each(|(series, _)| *series = *series / 8 * 8 + place);
            rows.columns.dedup_by_key(|(series, _)| *series);
        }
        let mut buffer = SamplesBuffer::default();
        fill_live(&mut buffer, &groups);
        let most_bytes = groups.iter().map(|rows| SamplesBuffer::most_bytes(rows.columns.len(), rows.times.len()));
        let most_bytes = Frame::HEAD_BYTES + 40 + most_bytes.sum::<usize>();
        let bytes = Frame { header, body: Body::Samples(buffer.samples()) }.to_bytes().expect("fits a message");
        prop_assert!(bytes.len() <= most_bytes, "{} bytes, at most {most_bytes} were expected", bytes.len());
        let Body::Samples(samples) = Frame::decode(&bytes).expect("decodes").body else { panic!("another kind came back") };
        let group_of: BTreeMap<u32, u32> =
            groups.iter().flat_map(|rows| rows.columns.iter().map(|(series, _)| (*series, rows.group))).collect();
        let (mut rows, mut values) = (BTreeSet::new(), BTreeSet::new());
        for Sample { time, series, value } in &samples.list {
            rows.insert((group_of[&series.0], time.micros()));
            prop_assert!(values.insert((series.0, time.micros(), value.to_bits())), "each once");
        }
        for block in &samples.blocks {
            rows.extend(block.times.iter().map(|time| (block.group.0, time.micros())));
            for column in &block.columns {
                let mut copied = vec![0.0; block.rows as usize];
                column.values().expect("a known encoding").copy_to(&mut copied);
                let cells = block.times.iter().zip(copied).filter(|(_, value)| !is_missing(*value));
                values.extend(cells.map(|(time, value)| (column.series.0, time.micros(), value.to_bits())));
            }
        }
        let expected_rows: BTreeSet<_> =
            groups.iter().flat_map(|rows| rows.times.iter().map(|time| (rows.group, *time))).collect();
        let cells = groups.iter().flat_map(|rows| {
            rows.columns.iter().flat_map(|(series, bits)| rows.times.iter().zip(bits).map(|(time, bits)| (*series, *time, *bits)))
        });
        let expected: BTreeSet<_> = cells.filter(|(.., bits)| !is_missing(f64::from_bits(*bits))).collect();
        prop_assert_eq!(rows, expected_rows);
        prop_assert_eq!(values, expected);
    }

    #[test]
    fn encoded_rows_are_the_same_in_any_message(blocks in vec(prop_oneof![rows(), many_rows()], 1..4)) {
        let (mut buffer, mut encoder) = <(BlockBuffer, BlockBuffer)>::default();
        buffer.start(EncodedRows::BASE);
        let mut expected = BlockBuffer::default();
        expected.start(EncodedRows::BASE);
        for (place, rows) in blocks.iter().enumerate() {
            let mode = if place % 2 == 0 { BlockMode::Merge } else { BlockMode::Replace };
            let (times, columns) = rows.decoded();
            let slices = || columns.iter().map(|(series, values)| (*series, values.as_slice()));
            let encoded = encoder.encode_rows(GroupId(rows.group), &times, slices()).expect("encodes");
            prop_assert_eq!((encoded.rows(), encoded.values()), (times.len(), times.len() * columns.len()));
            let before = buffer.len();
            buffer.push_encoded(mode, &encoded).expect("the same base");
            prop_assert_eq!(buffer.len() - before, encoded.len() + EncodedRows::MODE_BYTES);
            expected.push_with(mode, GroupId(rows.group), &times, slices()).expect("encodes");
        }
        prop_assert_eq!(buffer.blocks(), expected.blocks());
        buffer.start(Timestamp::from_micros(1));
        let encoded = encoder.encode_rows(GroupId(1), &[], []).expect("encodes");
        let is_refused = matches!(buffer.push_encoded(BlockMode::Merge, &encoded), Err(EncodeError::Base { .. }));
        prop_assert!(is_refused);
    }

    #[test]
    fn every_kind_of_message_round_trips(text in ".{0,80}", number in any::<u64>(), blocks in vec(rows(), 0..3)) {
        every_body(&text, number, &blocks);
        every_client_message(&text, number);
    }

    #[test]
    fn bytes_after_a_known_body_are_ignored(text in ".{0,20}", number in any::<u64>(), blocks in vec(rows(), 0..2), appended in vec(any::<u8>(), 1..20)) {
        let longer = |message: &[u8]| {
            let mut message = [message, &appended].concat();
            let body = u32::from_le_bytes(message[4..8].try_into().expect("four bytes")) + appended.len() as u32;
            message[4..8].copy_from_slice(&body.to_le_bytes());
            message
        };
        for bytes in every_body(&text, number, &blocks) {
            let longer = longer(&bytes);
            prop_assert_eq!(Frame::decode(&longer).expect("decodes"), Frame::decode(&bytes).expect("decodes"));
        }
        for bytes in every_client_message(&text, number) {
            let longer = longer(&bytes);
            prop_assert_eq!(ClientMessage::decode(&longer).expect("decodes"), ClientMessage::decode(&bytes).expect("decodes"));
        }
    }

    #[test]
    fn a_truncated_message_is_an_error(text in ".{0,20}", number in any::<u64>(), blocks in vec(rows(), 0..2)) {
        for bytes in every_body(&text, number, &blocks) {
            for end in 0..bytes.len() {
                prop_assert!(Frame::decode(&bytes[..end]).is_err());
            }
        }
        for bytes in every_client_message(&text, number) {
            for end in 0..bytes.len() {
                prop_assert!(ClientMessage::decode(&bytes[..end]).is_err());
            }
        }
    }

    #[test]
    fn a_flipped_bit_gives_an_error_or_a_valid_frame(number in any::<u64>(), blocks in vec(rows(), 0..2)) {
        let text = "text";
        for mut bytes in every_body(text, number, &blocks) {
            for bit in 0..bytes.len() * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                read_all(&bytes);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
        for mut bytes in every_client_message(text, number) {
            for bit in 0..bytes.len() * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                let _decoded = ClientMessage::decode(&bytes);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(kind in prop_oneof![0..16_u8, 60..70_u8], mut body in vec(any::<u8>(), 0..400)) {
        let mut bytes = vec![b'K', b'Y', PROTOCOL_VERSION, kind];
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.extend([0; Header::BYTES]);
        bytes.append(&mut body);
        read_all(&bytes);
        let _decoded = ClientMessage::decode(&bytes);
    }
}

#[test]
fn a_message_over_the_limit_is_refused_both_ways() {
    let long = vec![0; MAX_MESSAGE_BYTES + 1];
    assert!(matches!(Frame::decode(&long), Err(protocol::DecodeError::TooLong { .. })));
    assert!(matches!(ClientMessage::decode(&long), Err(protocol::DecodeError::TooLong { .. })));
    let text = "x".repeat(MAX_MESSAGE_BYTES);
    let body = Body::Refused(Refused { request: 0, code: RefusalCode::UNKNOWN_KIND, text: &text, id: 0 });
    let refused = Frame { header: Header::default(), body }.to_bytes();
    assert!(matches!(refused, Err(protocol::EncodeError::TooLong { .. })));
}
