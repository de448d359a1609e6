//! Preamble, header and number types.

use wincode::{SchemaRead, SchemaWrite};

use super::super::{read, read_fixed};

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Epoch(u64);

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Sequence(u64);

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct GroupId(u32);

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Revision(u64);

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct SeriesId(u32);

#[derive(Clone, Copy, Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Timestamp(pub(super) i64);

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Interval(u64);

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Preamble {
    magic: [u8; 2],
    version: u8,
    kind: u8,
    body_bytes: u32,
}

#[derive(Debug)]
pub(crate) struct Header {
    epoch: Epoch,
    sequence: Sequence,
    sent: Timestamp,
    skipped: u64,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
struct FixedFields {
    epoch: Epoch,
    sequence: Sequence,
    sent: Timestamp,
}

impl Header {
    /// Reads the header of a message, and returns it with its body. Before the body of a numbered kind is the count of skipped numbers.
    pub(crate) fn read<'a>(kind: u8, fixed: &[u8], body: &'a [u8]) -> (Self, &'a [u8]) {
        let FixedFields { epoch, sequence, sent } = read_fixed(fixed);
        let count_bytes = match body.first() {
            _ if kind != 3 && !(64..128).contains(&kind) => 0,
            Some(251) => 3,
            Some(252) => 5,
            Some(253) => 9,
            _ => 1,
        };
        let (count, body) = body.split_at(count_bytes);
        let skipped = if count.is_empty() { 0 } else { read(count) };
        (Self { epoch, sequence, sent, skipped }, body)
    }
}
