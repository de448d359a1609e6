//! Preamble, header and number types.

use wincode::{SchemaRead, SchemaWrite};

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

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Header {
    epoch: Epoch,
    sequence: Sequence,
    sent: Timestamp,
}
