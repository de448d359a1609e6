//! wincode, an implementation independent of bincode, decodes every golden message to the same values and encodes the
//! same bytes.
//!
//! This proves that bincode can be replaced without changing the wire format (docs/decisions/0001-bincode.md). wincode is
//! configured as follows:
//!
//! | part | wincode |
//! | --- | --- |
//! | body | `VarInt`; lengths in bytes as varint u64 (`BincodeLen`); variants as varint u32 from 0 |
//! | preamble, header | `FixInt` |
//! | list | bytes, decoded by `mirror::List` |
//! | packed columns | bytes |

mod integers;
mod mirror;

use std::collections::BTreeSet;
use std::fmt::Debug;

use protocol::{ClientMessage, Frame};
use wincode::config::{Configuration, DEFAULT_PREALLOCATION_SIZE_LIMIT};
use wincode::int_encoding::{FixInt, LittleEndian, VarInt};
use wincode::len::BincodeLen;
use wincode::{SchemaRead, SchemaWrite};

type With<Integers> = Configuration<true, DEFAULT_PREALLOCATION_SIZE_LIMIT, BincodeLen, LittleEndian, Integers, u32>;

pub(crate) type Varints = With<VarInt>;
pub(crate) type Fixed = With<FixInt>;

/// Decodes all of `bytes` and asserts that encoding the value restores them.
pub(crate) fn read<'a, T>(bytes: &'a [u8]) -> T
where
    T: SchemaRead<'a, Varints, Dst = T> + SchemaWrite<Varints, Src = T>,
{
    let value = wincode::config::deserialize_exact(bytes, Varints::new()).expect("wincode decodes it");
    assert_eq!(wincode::config::serialize(&value, Varints::new()).expect("wincode encodes it"), bytes);
    value
}

/// Like [`read`] with integers of fixed width.
pub(crate) fn read_fixed<'a, T>(bytes: &'a [u8]) -> T
where
    T: SchemaRead<'a, Fixed, Dst = T> + SchemaWrite<Fixed, Src = T>,
{
    let value = wincode::config::deserialize_exact(bytes, Fixed::new()).expect("wincode decodes it");
    assert_eq!(wincode::config::serialize(&value, Fixed::new()).expect("wincode encodes it"), bytes);
    value
}

/// Compares names and values of all fields, which the Debug output contains.
fn assert_same(mirror: &impl Debug, original: &impl Debug, vector: &str) {
    assert_eq!(format!("{mirror:#?}"), format!("{original:#?}"), "{vector}");
}

#[test]
fn wincode_reads_the_golden_frames_to_the_same_values_and_writes_the_same_bytes() {
    let mut kinds = BTreeSet::new();
    for crate::vectors::Vector { name, bytes } in crate::vectors::read("frames") {
        let frame = Frame::decode(&bytes).expect("decodes");
        let (head, body) = bytes.split_at(Frame::HEAD_BYTES);
        let (preamble, header) = head.split_at(protocol::Preamble::BYTES);

        let preamble: mirror::Preamble = read_fixed(preamble);
        let body_bytes = body.len() as u32;
        let expected = protocol::Preamble {
            magic: *b"KY",
            version: protocol::PROTOCOL_VERSION,
            kind: frame.body.kind(),
            body_bytes,
        };
        assert_same(&preamble, &expected, &name);
        let (header, body) = mirror::Header::read(frame.body.kind(), header, body);
        assert_same(&header, &frame.header, &name);
        // wincode decodes whole structures and known variants only.
        let of_other_versions = ["appended_field", "earlier_descriptor", "unknown_descriptor", "unknown_reason"];
        if of_other_versions.iter().any(|begin| name.starts_with(begin)) {
            continue;
        }
        if let Some(mirror) = mirror::Body::read(frame.body.kind(), body, frame.header.sent.micros()) {
            assert_same(&mirror, &frame.body, &name);
            kinds.insert(frame.body.kind());
        }
    }
    assert_eq!(kinds, (1..=14).chain([64, 65, 66]).collect(), "every kind of body");
}

#[test]
fn wincode_reads_the_golden_client_messages_to_the_same_values_and_writes_the_same_bytes() {
    let mut kinds = BTreeSet::new();
    for crate::vectors::Vector { name, bytes } in crate::vectors::read("client_messages") {
        let message = ClientMessage::decode(&bytes).expect("decodes");
        let (preamble, body) = bytes.split_at(protocol::Preamble::BYTES);

        let preamble: mirror::Preamble = read_fixed(preamble);
        let body_bytes = body.len() as u32;
        let expected =
            protocol::Preamble { magic: *b"KY", version: protocol::PROTOCOL_VERSION, kind: message.kind(), body_bytes };
        assert_same(&preamble, &expected, &name);
        if name == "appended_field" {
            continue;
        }
        if let Some(mirror) = mirror::ClientMessage::read(message.kind(), body) {
            assert_same(&mirror, &message, &name);
            kinds.insert(message.kind());
        }
    }
    assert_eq!(kinds, (1..=9).collect(), "every kind of message");
}
