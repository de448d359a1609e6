//! Messages that must be refused, and what is said about them.

use protocol::limits::{MAX_BLOCK_ROWS, MAX_NAME_BYTES};
use protocol::{
    BlockBuffer, Body, Bounds, Catalog, CatalogScope, ClientMessage, DecodeError, EntriesBuffer, Envelope, Frame,
    GroupDescriptor, GroupId, Interval, Samples, SeriesId, Timestamp,
};

/// A whole frame around a hand-made body.
fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![b'K', b'Y', 1, kind];
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend([0; Envelope::BYTES]);
    bytes.extend(body);
    bytes
}

fn refusal(bytes: &[u8]) -> String {
    Frame::decode(bytes).expect_err("must be refused").to_string()
}

#[test]
fn the_head_is_checked_before_the_body() {
    let good = frame(6, &[0]);
    assert!(Frame::decode(&good).is_ok());
    let mut magic = good.clone();
    magic[0] = b'X';
    assert_eq!(refusal(&magic), "message opens with [58, 59] where `KY` (4b 59) is expected");
    let mut version = good.clone();
    version[2] = 9;
    assert_eq!(refusal(&version), "protocol version 9, this side speaks 1");
    let mut length = good.clone();
    length[4] = 200;
    assert_eq!(refusal(&length), "preamble announces a body of 200 bytes, 1 follow");
    assert_eq!(refusal(&good[..20]), "message of 20 bytes is shorter than the 32 bytes it must open with");
}

#[test]
fn bytes_after_a_body_are_refused() {
    assert_eq!(refusal(&frame(6, &[0, 0])), "1 bytes left over after heartbeat");
}

#[test]
fn an_unknown_body_is_skipped_but_an_unknown_request_is_refused() {
    let bytes = frame(200, b"from the future");
    assert_eq!(Frame::decode(&bytes).expect("skipped").body, Body::Unknown { kind: 200 });
    let request = [b'K', b'Y', 1, 200, 0, 0, 0, 0];
    assert!(matches!(ClientMessage::decode(&request), Err(DecodeError::UnknownKind { kind: 200 })));
}

#[test]
fn a_length_beyond_the_message_asks_for_no_memory() {
    // A string that claims 2^60 bytes.
    let body = [253, 0, 0, 0, 0, 0, 0, 0, 0x10];
    assert!(refusal(&frame(1, &body)).starts_with("malformed hello"));
}

#[test]
fn a_column_of_another_length_than_its_block_is_refused() {
    let mut buffer = BlockBuffer::default();
    let times = [1, 2, 4].map(Timestamp::from_micros);
    buffer.push(GroupId(1), &times, [(SeriesId(5), [1.0, 2.0, 3.0].as_slice())]).expect("encodes");
    let samples = Samples { collected: times[0], queued: times[0], blocks: buffer.blocks() };
    let mut bytes = Frame { envelope: Envelope::default(), body: Body::Samples(samples) }.to_bytes().expect("encodes");
    // Body: two stamps, length of the block list, group, rows.
    let rows = Frame::HEAD_BYTES + 1 + 1 + 1 + 1;
    assert_eq!(bytes[rows], 3);
    bytes[rows] = 2;
    assert_eq!(refusal(&bytes), "time column of group 1 has 24 bytes, its 2 rows need 16");
}

#[test]
fn a_few_bytes_cannot_claim_many_values() {
    let times: Vec<Timestamp> = (0..i64::from(MAX_BLOCK_ROWS)).map(Timestamp::from_micros).collect();
    let values = vec![1.0; times.len()];
    let mut buffer = BlockBuffer::default();
    let columns = |count: u32| (0..count).map(|id| (SeriesId(id), values.as_slice()));
    buffer.push(GroupId(1), &times, columns(9)).expect("encodes");
    let samples = Samples { collected: times[0], queued: times[0], blocks: buffer.blocks() };
    let bytes = Frame { envelope: Envelope::default(), body: Body::Samples(samples) }.to_bytes().expect("encodes");
    assert_eq!(refusal(&bytes), "values of a frame is 147456, the limit is 131072");
}

#[test]
fn names_and_bounds_are_checked() {
    let long = "x".repeat(MAX_NAME_BYTES + 1);
    let descriptor = |name, bounds| GroupDescriptor {
        id: GroupId(1),
        name,
        title: "",
        unit: "1",
        interval: Interval::from_millis(100),
        bounds,
    };
    let said = |group| {
        let mut groups = EntriesBuffer::default();
        groups.push(&group).expect("encodes");
        let catalog = Catalog {
            scope: CatalogScope::Whole,
            groups: groups.entries(),
            series: protocol::Entries::default(),
            retired: protocol::Entries::default(),
        };
        refusal(&Frame { envelope: Envelope::default(), body: Body::Catalog(catalog) }.to_bytes().expect("encodes"))
    };
    assert_eq!(said(descriptor(&long, Bounds::Auto)), "length of a group's name is 257, the limit is 256");
    let upside_down = Bounds::Fixed { low: 1.0, high: 0.0 };
    assert_eq!(said(descriptor("a", upside_down)), "a group's axis must be finite and in order, found 1 to 0");
}
