//! Laws of the wire, over arbitrary frames and arbitrary bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::limits::MAX_MESSAGE_BYTES;
use protocol::{
    Alert, AlertState, Annotation, AnnotationKind, BlockBuffer, Body, Bounds, Bye, ByeReason, Catalog, CatalogScope,
    ClientMessage, Echo, EntriesBuffer, Envelope, Epoch, Frame, Gap, GapCause, GroupDescriptor, GroupId, Heartbeat,
    Hello, History, HistoryPart, Interval, Label, Log, Relay, Samples, Sequence, SeriesDescriptor, SeriesId,
    SeriesKind, SeriesTally, Severity, Start, Tally, Timestamp, Visibility,
};

/// A block as a source would hand it over: bits, so that NaN payloads compare.
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
    let regular = (any::<i32>(), 0..1_000_000_i64)
        .prop_map(move |(start, step)| (0..rows as i64).map(|row| i64::from(start) + row * step).collect());
    prop_oneof![regular, vec(any::<i64>(), rows)]
}

fn rows() -> impl Strategy<Value = Rows> {
    (any::<u32>(), 0..20_usize, 0..6_usize).prop_flat_map(|(group, rows, columns)| {
        let column = prop_oneof![vec(value_bits(), rows), value_bits().prop_map(move |bits| std::vec![bits; rows])];
        (times(rows), vec((any::<u32>(), column), columns)).prop_map(move |(times, columns)| Rows {
            group,
            times,
            columns,
        })
    })
}

fn envelope() -> impl Strategy<Value = Envelope> {
    (any::<u64>(), any::<u64>(), any::<i64>()).prop_map(|(epoch, sequence, sent)| Envelope {
        epoch: Epoch(epoch),
        sequence: Sequence(sequence),
        sent: Timestamp::from_micros(sent),
    })
}

fn fill(buffer: &mut BlockBuffer, blocks: &[Rows]) {
    for block in blocks {
        let times: Vec<Timestamp> = block.times.iter().copied().map(Timestamp::from_micros).collect();
        let columns: Vec<(SeriesId, Vec<f64>)> = block
            .columns
            .iter()
            .map(|(series, bits)| (SeriesId(*series), bits.iter().copied().map(f64::from_bits).collect()))
            .collect();
        buffer
            .push(GroupId(block.group), &times, columns.iter().map(|(series, values)| (*series, values.as_slice())))
            .expect("columns have a value a row");
    }
}

/// One frame of every kind, with texts and numbers drawn by the test.
fn every_body(text: &str, number: u64, blocks: &[Rows]) -> Vec<Vec<u8>> {
    let text = &text[..text.floor_char_boundary(200)];
    let at = Timestamp::from_micros(number as i64);
    let interval = Interval::from_micros(number);
    let mut buffer = BlockBuffer::default();
    fill(&mut buffer, blocks);
    let (mut labels, mut groups, mut series) =
        (EntriesBuffer::default(), EntriesBuffer::default(), EntriesBuffer::default());
    let (mut ids, mut tallies) = (EntriesBuffer::default(), EntriesBuffer::default());
    labels.push(&Label { key: "device", value: text }).expect("encodes");
    let bounds = Bounds::Fixed { low: 0.0, high: 1.0 };
    let group = GroupId(number as u32);
    groups
        .push(&GroupDescriptor { id: group, name: text, title: "Title", unit: "By/s", interval, bounds })
        .expect("encodes");
    let id = SeriesId(number as u32);
    series
        .push(&SeriesDescriptor { id, group, name: text, kind: SeriesKind::Counter, labels: labels.entries() })
        .expect("encodes");
    ids.push(&id).expect("encodes");
    tallies.push(&SeriesTally { series: id, count: 7, hash: number }).expect("encodes");
    let bodies = [
        Body::Hello(Hello { server: text, host: text, history: interval, heartbeat: interval }),
        Body::Catalog(Catalog {
            scope: CatalogScope::Whole,
            groups: groups.entries(),
            series: series.entries(),
            retired: ids.entries(),
        }),
        Body::Samples(Samples { collected: at, queued: at, blocks: buffer.blocks() }),
        Body::History(History { part: HistoryPart::Last, blocks: buffer.blocks() }),
        Body::Gap(Gap { after: Sequence(number), until: Sequence(1), cause: GapCause::HistoryExpired }),
        Body::Heartbeat(Heartbeat { next_within: interval }),
        Body::Echo(Echo { origin: at, received: at }),
        Body::Log(Log { at, severity: Severity::Warning, source: text, text }),
        Body::Annotation(Annotation {
            id: number,
            kind: AnnotationKind::TriggerHit,
            at,
            until: at,
            position: Sequence(number),
            series: ids.entries(),
            author: text,
            text,
        }),
        Body::Alert(Alert {
            at,
            series: id,
            severity: Severity::Critical,
            state: AlertState::Firing,
            name: text,
            text,
        }),
        Body::Tally(Tally { second: at, series: tallies.entries() }),
        Body::Relay(Relay { from: text, payload: text.as_bytes() }),
        Body::Bye(Bye { reason: ByeReason::Overloaded, retry_after: interval, text }),
    ];
    let envelope = Envelope { epoch: Epoch(number), sequence: Sequence(number), sent: at };
    bodies
        .into_iter()
        .map(|body| {
            let frame = Frame { envelope, body };
            let bytes = frame.to_bytes().expect("fits a message");
            assert_eq!(format!("{:?}", Frame::decode(&bytes).expect("decodes")), format!("{frame:?}"));
            bytes
        })
        .collect()
}

fn every_client_message(text: &str, number: u64) -> Vec<Vec<u8>> {
    let text = &text[..text.floor_char_boundary(200)];
    let at = Timestamp::from_micros(number as i64);
    let window = Interval::from_micros(number);
    let messages = [
        ClientMessage::Subscribe { start: Start::Window(window) },
        ClientMessage::Subscribe { start: Start::After { epoch: Epoch(number), sequence: Sequence(number), window } },
        ClientMessage::Acknowledge { sequence: Sequence(number) },
        ClientMessage::Probe { origin: at },
        ClientMessage::Pace { visibility: Visibility::Hidden, frames_per_second: number as u8 },
        ClientMessage::Annotate { at, until: at, text },
        ClientMessage::Relay { payload: text.as_bytes() },
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

/// Walks a frame to its last value, as a consumer would.
fn read_all(bytes: &[u8]) -> usize {
    let Ok(frame) = Frame::decode(bytes) else { return 0 };
    let blocks = match frame.body {
        Body::Samples(samples) => samples.blocks,
        Body::History(history) => history.blocks,
        other => return format!("{other:?}").len(),
    };
    let mut values = vec![0.0; protocol::limits::MAX_BLOCK_ROWS as usize];
    let mut read = 0;
    for block in &blocks {
        read += block.times.iter(block.rows).count();
        for column in &block.columns {
            if let Some(column) = column.values() {
                column.copy_to(&mut values[..block.rows as usize]);
                read += block.rows as usize;
            }
        }
    }
    read
}

proptest! {
    #[test]
    fn samples_round_trip_bit_for_bit(envelope in envelope(), blocks in vec(rows(), 0..4)) {
        let mut buffer = BlockBuffer::default();
        fill(&mut buffer, &blocks);
        let samples = Samples { collected: envelope.sent, queued: envelope.sent, blocks: buffer.blocks() };
        let bytes = Frame { envelope, body: Body::Samples(samples) }.to_bytes().expect("fits a message");
        let frame = Frame::decode(&bytes).expect("decodes");
        prop_assert_eq!(frame.envelope, envelope);
        let Body::Samples(samples) = frame.body else { panic!("another kind came back") };
        let mut decoded = samples.blocks.iter();
        for expected in &blocks {
            let block = decoded.next().expect("as many blocks as were pushed");
            prop_assert_eq!(block.group, GroupId(expected.group));
            let times: Vec<i64> = block.times.iter(block.rows).map(Timestamp::micros).collect();
            prop_assert_eq!(&times, &expected.times);
            let columns: Vec<(u32, Vec<u64>)> = block.columns.iter().map(|column| {
                let mut values = vec![0.0; block.rows as usize];
                column.values().expect("a known encoding").copy_to(&mut values);
                (column.series.0, values.into_iter().map(f64::to_bits).collect())
            }).collect();
            prop_assert_eq!(&columns, &expected.columns);
        }
        prop_assert!(decoded.next().is_none());
    }

    #[test]
    fn every_kind_of_message_round_trips(text in ".{0,80}", number in any::<u64>(), blocks in vec(rows(), 0..3)) {
        every_body(&text, number, &blocks);
        every_client_message(&text, number);
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
        for mut bytes in every_body("text", number, &blocks) {
            for bit in 0..bytes.len() * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                read_all(&bytes);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
        for mut bytes in every_client_message("text", number) {
            for bit in 0..bytes.len() * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                let _decoded = ClientMessage::decode(&bytes);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(kind in 0..16_u8, mut body in vec(any::<u8>(), 0..400)) {
        let mut bytes = vec![b'K', b'Y', 1, kind];
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.extend([0; Envelope::BYTES]);
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
    let payload = vec![0; MAX_MESSAGE_BYTES];
    let relay = Body::Relay(Relay { from: "", payload: &payload });
    let refused = Frame { envelope: Envelope::default(), body: relay }.to_bytes();
    assert!(matches!(refused, Err(protocol::EncodeError::TooLong { .. })));
}
