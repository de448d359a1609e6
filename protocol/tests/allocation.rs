//! Decoding does not allocate; encoding does not allocate once its buffers have grown.

use std::hint::black_box;

use crate::counting::{Allocations, allocations_of};
use crate::reader::Reader;
use protocol::{
    Answer, AnswerPart, BlockBuffer, BlockMode, Body, ClientMessage, Frame, GroupId, Header, Interval, Samples,
    SamplesBuffer, Sequence, SeriesId, SummaryBuffer, SummaryColumnsBuffer, SummaryValues, Timestamp,
};

#[test]
fn counting_allocator_counts_calls_and_bytes() {
    let allocations = allocations_of(|| {
        let mut bytes: Vec<u8> = Vec::with_capacity(black_box(10));
        bytes.reserve_exact(black_box(30));
        black_box(bytes);
    });
    assert_eq!(allocations, Allocations { count: 2, bytes: 40 });
}

#[test]
fn decoding_and_reading_a_frame_allocates_nothing() {
    let mut reader = Reader::new();
    let mut read = 0;
    for vector in crate::vectors::read("frames") {
        let allocations = allocations_of(|| read += reader.read(&Frame::decode(&vector.bytes).expect("decodes")));
        assert_eq!(allocations, Allocations::NONE, "{}", vector.name);
    }
    assert!(read > 1_000, "read {read} items");
}

#[test]
fn decoding_a_client_message_allocates_nothing() {
    for vector in crate::vectors::read("client_messages") {
        let allocations = allocations_of(|| {
            black_box(ClientMessage::decode(&vector.bytes).expect("decodes"));
        });
        assert_eq!(allocations, Allocations::NONE, "{}", vector.name);
    }
}

/// For any lengths that the message declares.
#[test]
fn refusing_a_message_allocates_nothing() {
    for vector in crate::vectors::read("refused") {
        let allocations = allocations_of(|| {
            let refused = if vector.name.starts_with("client_") {
                ClientMessage::decode(&vector.bytes).is_err()
            } else {
                Frame::decode(&vector.bytes).is_err()
            };
            assert!(refused);
        });
        assert_eq!(allocations, Allocations::NONE, "{}", vector.name);
    }
}

/// Rows of a group, as the hub encodes them.
struct Rows {
    group: GroupId,
    times: Vec<Timestamp>,
    columns: Vec<(SeriesId, Vec<f64>)>,
}

/// The blocks of the golden frames, which contain every encoding.
fn golden_rows() -> Vec<Rows> {
    let mut all = Vec::new();
    for vector in crate::vectors::read("frames") {
        let Body::Samples(samples) = Frame::decode(&vector.bytes).expect("decodes").body else { continue };
        all.extend(samples.blocks.iter().map(|block| {
            let columns = block.columns.iter().filter_map(|column| {
                let mut values = vec![0.0; block.rows as usize];
                column.values()?.copy_to(&mut values);
                Some((column.series, values))
            });
            Rows { group: block.group, times: block.times.iter().collect(), columns: columns.collect() }
        }));
    }
    all
}

fn encode(rows: &[Rows], base: Timestamp, buffer: &mut BlockBuffer, out: &mut Vec<u8>) {
    buffer.start(base);
    for Rows { group, times, columns } in rows {
        let columns = columns.iter().map(|(series, values)| (*series, values.as_slice()));
        buffer.push(*group, times, columns).expect("encodes");
    }
    let samples = Samples::of_blocks(buffer.blocks());
    let header = Header { sequence: Sequence(1), sent: base, ..Header::default() };
    Frame { header, body: Body::Samples(samples) }.encode(out).expect("fits a message");
}

/// The same as live rows, of which short ones become a list of samples.
fn encode_live(rows: &[Rows], newest: Timestamp, buffer: &mut SamplesBuffer, out: &mut Vec<u8>) {
    buffer.start(newest);
    for Rows { group, times, columns } in rows {
        let columns = columns.iter().map(|(series, values)| (*series, values.as_slice()));
        buffer.push(BlockMode::Merge, *group, times, columns).expect("encodes");
    }
    let header = Header { sequence: Sequence(1), sent: newest, ..Header::default() };
    Frame { header, body: Body::Samples(buffer.samples()) }.encode(out).expect("fits a message");
}

/// The rows as buckets, whose fields alternate between the values of the row and others.
fn encode_answer(
    rows: &[Rows],
    base: Timestamp,
    buffers: &mut (SummaryBuffer, SummaryColumnsBuffer),
    out: &mut Vec<u8>,
) {
    let (blocks, series) = buffers;
    blocks.start(base);
    for Rows { group, times, columns } in rows {
        series.clear();
        for (id, first) in columns {
            let other = &columns[0].1;
            let others = Some([first, other, first, other, other].map(Vec::as_slice));
            series.push(*id, SummaryValues { first, others }).expect("encodes");
        }
        blocks.push(*group, Interval::from_secs(1), times, series).expect("encodes");
    }
    let answer = Answer { query: 1, part: AnswerPart::More, blocks: blocks.blocks() };
    Frame { header: Header::default(), body: Body::Answer(answer) }.encode(out).expect("fits a message");
}

#[test]
fn second_frame_reuses_the_memory_of_the_first() {
    let rows = golden_rows();
    let origin = Timestamp::from_micros(1_700_000_100_000_000);
    let (mut blocks, mut live, mut out) = (BlockBuffer::default(), SamplesBuffer::default(), Vec::new());
    let mut summaries = <(SummaryBuffer, SummaryColumnsBuffer)>::default();
    let mut encode_all = || {
        encode(&rows, origin, &mut blocks, &mut out);
        encode_live(&rows, origin, &mut live, &mut out);
        encode_answer(&rows, origin, &mut summaries, &mut out);
    };
    let first = allocations_of(&mut encode_all);
    assert!(first.count > 0, "the first frame needs memory");
    let allocations = allocations_of(|| (0..100).for_each(|_| encode_all()));
    assert_eq!(allocations, Allocations::NONE);
}

/// Ten seconds at 60 frames a second. Widths, encodings and lengths change from frame to frame.
#[test]
fn varying_stream_is_encoded_without_allocating_after_one_second() {
    let (mut buffer, mut out) = (BlockBuffer::default(), Vec::new());
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as f64
    };
    let (mut early, mut late) = (Allocations::NONE, Allocations::NONE);
    for frame in 0..600_i64 {
        let micros = |row: i64| (frame * 17 + row) * 1_000 + jitter(frame, row);
        let times: Vec<Timestamp> = (0..17).map(micros).map(Timestamp::from_micros).collect();
        let columns = (0..8).map(|series| {
            let spread = [1.0, 1e3, 1e6, 1e9][(frame % 4) as usize];
            let values = times.iter().map(|_| (random() % spread) / [1.0, 10.0, 3.0, 8.0][series as usize % 4]);
            (SeriesId(series), values.collect())
        });
        let rows = [Rows { group: GroupId(1), columns: columns.collect(), times }];
        let allocations = allocations_of(|| encode(&rows, rows[0].times[0], &mut buffer, &mut out));
        if frame < 60 { early += allocations } else { late += allocations }
    }
    assert!(early.count > 0, "the first second needs memory");
    assert_eq!(late, Allocations::NONE);
}

/// Up to half a millisecond.
const fn jitter(frame: i64, row: i64) -> i64 {
    (frame * 7_919 + row * 104_729) % 500
}
