//! wincode, which implements the format of bincode 1.

use wincode::SchemaRead;
use zerocopy::little_endian::F64;

use super::{Peer, room};
use crate::record::{Record, Ring};

#[derive(Debug, Default)]
pub struct Owned {
    buffer: Vec<u8>,
}

impl Peer for Owned {
    fn name(&self) -> &'static str {
        "wincode"
    }

    fn encode(&mut self, record: &Record, send: &mut dyn FnMut(&[u8])) {
        encode(&mut self.buffer, record, send);
    }

    fn decode_owned(&mut self, bytes: &[u8]) -> Option<Record> {
        Some(wincode::deserialize_exact(bytes).expect("decodes"))
    }
}

/// Values borrowed from the message as unaligned doubles.
#[derive(Debug, Default)]
pub struct Borrowed {
    buffer: Vec<u8>,
}

/// [`Record`] with borrowed values.
#[derive(SchemaRead)]
struct BorrowedRecord<'a> {
    _epoch: u64,
    _sequence: u64,
    _sent: i64,
    _start: i64,
    _step: u64,
    columns: Vec<BorrowedColumn<'a>>,
}

#[derive(SchemaRead)]
struct BorrowedColumn<'a> {
    series: u32,
    values: &'a [F64],
}

impl Peer for Borrowed {
    fn name(&self) -> &'static str {
        "wincode borrowed"
    }

    fn encode(&mut self, record: &Record, send: &mut dyn FnMut(&[u8])) {
        encode(&mut self.buffer, record, send);
    }

    fn decode_into(&mut self, bytes: &[u8], ring: &mut Ring) {
        let record: BorrowedRecord<'_> = wincode::deserialize_exact(bytes).expect("decodes");
        let mut rows = 0;
        for column in &record.columns {
            rows = column.values.len();
            for (place, value) in ring.place(column.series, rows).iter_mut().zip(column.values) {
                *place = value.get();
            }
        }
        ring.advance(rows);
    }
}

fn encode(buffer: &mut Vec<u8>, record: &Record, send: &mut dyn FnMut(&[u8])) {
    let room = room(buffer, record.max_bytes());
    let all = room.len();
    let mut rest = &mut room[..];
    wincode::serialize_into(&mut rest, record).expect("fits");
    let length = all - rest.len();
    send(&buffer[..length]);
}
