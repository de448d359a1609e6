//! bincode 2.

use bincode::config::{self, Configuration, Fixint, Limit, LittleEndian};

use super::{Peer, room};
use crate::record::Record;

/// Above the size of every record. With a limit, decoding is faster: bincode claims a length once per list, not per item.
const LIMIT: usize = 1 << 24;

const CONFIG: Configuration<LittleEndian, Fixint, Limit<LIMIT>> =
    config::standard().with_fixed_int_encoding().with_limit::<LIMIT>();

/// Owned records, by derive.
#[derive(Debug, Default)]
pub struct Bincode {
    buffer: Vec<u8>,
}

impl Peer for Bincode {
    fn name(&self) -> &'static str {
        "bincode"
    }

    fn encode(&mut self, record: &Record, send: &mut dyn FnMut(&[u8])) {
        let room = room(&mut self.buffer, record.max_bytes());
        let length = bincode::encode_into_slice(record, room, CONFIG).expect("fits");
        send(&room[..length]);
    }

    fn decode_owned(&mut self, bytes: &[u8]) -> Option<Record> {
        Some(decode(bytes))
    }
}

/// Not inlined: inlining makes it nearly 1.5 times slower.
#[inline(never)]
fn decode(bytes: &[u8]) -> Record {
    bincode::decode_from_slice(bytes, CONFIG).expect("decodes").0
}
