//! What decoding and encoding ask of the allocator: decoding nothing, encoding nothing once it has its memory.

mod counting;
mod reader;
mod vectors;

use std::hint::black_box;

use counting::{Asked, asked_by};
use protocol::{BlockBuffer, Body, ClientMessage, Frame, GroupId, Header, Samples, Sequence, SeriesId, Timestamp};
use reader::Reader;

#[test]
fn the_allocator_counts() {
    let asked = asked_by(|| {
        let mut bytes: Vec<u8> = Vec::with_capacity(black_box(10));
        bytes.reserve_exact(black_box(30));
        black_box(bytes);
    });
    assert_eq!(asked, Asked { times: 2, bytes: 40 });
}

#[test]
fn decoding_and_reading_a_frame_allocates_nothing() {
    let mut reader = Reader::new();
    let mut read = 0;
    for vector in vectors::read("frames") {
        let asked = asked_by(|| read += reader.read(&Frame::decode(&vector.bytes).expect("decodes")));
        assert_eq!(asked, Asked::NOTHING, "{}", vector.name);
    }
    assert!(read > 1_000, "lists, times and values are read: {read}");
}

#[test]
fn decoding_a_client_message_allocates_nothing() {
    for vector in vectors::read("client_messages") {
        let asked = asked_by(|| {
            black_box(ClientMessage::decode(&vector.bytes).expect("decodes"));
        });
        assert_eq!(asked, Asked::NOTHING, "{}", vector.name);
    }
}

/// Whatever it claims, and whatever the error says.
#[test]
fn refusing_a_message_allocates_nothing() {
    for vector in vectors::read("refused") {
        let asked = asked_by(|| {
            let refused = if vector.name.starts_with("client_") {
                ClientMessage::decode(&vector.bytes).is_err()
            } else {
                Frame::decode(&vector.bytes).is_err()
            };
            assert!(refused);
        });
        assert_eq!(asked, Asked::NOTHING, "{}", vector.name);
    }
}

/// A group's rows, as the hub hands them over.
struct Rows {
    group: GroupId,
    times: Vec<Timestamp>,
    columns: Vec<(SeriesId, Vec<f64>)>,
}

/// The blocks of the golden frames, which have every encoding.
fn golden_rows() -> Vec<Rows> {
    let mut all = Vec::new();
    for vector in vectors::read("frames") {
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

fn encode(rows: &[Rows], origin: Timestamp, buffer: &mut BlockBuffer, out: &mut Vec<u8>) {
    buffer.start(origin);
    for Rows { group, times, columns } in rows {
        let columns = columns.iter().map(|(series, values)| (*series, values.as_slice()));
        buffer.push(*group, times, columns).expect("encodes");
    }
    let samples = Samples { collected: origin, queued: origin, blocks: buffer.blocks() };
    let header = Header { sequence: Sequence(1), sent: origin, ..Header::default() };
    Frame { header, body: Body::Samples(samples) }.encode(out).expect("fits a message");
}

#[test]
fn the_second_frame_is_encoded_into_the_memory_of_the_first() {
    let rows = golden_rows();
    let origin = Timestamp::from_micros(1_700_000_100_000_000);
    let (mut buffer, mut out) = (BlockBuffer::default(), Vec::new());
    let first = asked_by(|| encode(&rows, origin, &mut buffer, &mut out));
    assert!(first.times > 0, "the first frame needs memory");
    let asked = asked_by(|| {
        for _ in 0..100 {
            encode(&rows, origin, &mut buffer, &mut out);
        }
    });
    assert_eq!(asked, Asked::NOTHING);
}

/// Ten seconds at 60 frames a second: values move, so that widths, encodings and lengths change from frame to frame.
#[test]
fn a_stream_that_varies_is_soon_encoded_without_allocating() {
    let (mut buffer, mut out) = (BlockBuffer::default(), Vec::new());
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as f64
    };
    let (mut early, mut late) = (Asked::NOTHING, Asked::NOTHING);
    for frame in 0..600_i64 {
        let micros = |row: i64| (frame * 17 + row) * 1_000 + jitter(frame, row);
        let times: Vec<Timestamp> = (0..17).map(micros).map(Timestamp::from_micros).collect();
        let columns = (0..8).map(|series| {
            let spread = [1.0, 1e3, 1e6, 1e9][(frame % 4) as usize];
            let values = times.iter().map(|_| (random() % spread) / [1.0, 10.0, 3.0, 8.0][series as usize % 4]);
            (SeriesId(series), values.collect())
        });
        let rows = [Rows { group: GroupId(1), columns: columns.collect(), times }];
        let asked = asked_by(|| encode(&rows, rows[0].times[0], &mut buffer, &mut out));
        if frame < 60 { early += asked } else { late += asked }
    }
    assert!(early.times > 0, "the first second needs memory");
    assert_eq!(late, Asked::NOTHING);
}

/// Up to half a millisecond.
const fn jitter(frame: i64, row: i64) -> i64 {
    (frame * 7_919 + row * 104_729) % 500
}
