//! bincode 2.

use bincode::config::{self, Configuration, Fixint, Limit, LittleEndian};

use super::{Peer, room};
use crate::record::Record;

/// Above any record here. A limit makes reading faster: lengths are claimed once a list, not once an item.
const LIMIT: usize = 1 << 24;

const CONFIG: Configuration<LittleEndian, Fixint, Limit<LIMIT>> =
    config::standard().with_fixed_int_encoding().with_limit::<LIMIT>();

/// Owned, as its derive gives it.
#[derive(Debug, Default)]
pub struct Bincode {
    buffer: Vec<u8>,
}

impl Peer for Bincode {
    fn name(&self) -> &'static str {
        "bincode"
    }

    fn encode(&mut self, record: &Record, send: &mut dyn FnMut(&[u8])) {
        let room = room(&mut self.buffer, record.most_bytes());
        let length = bincode::encode_into_slice(record, room, CONFIG).expect("fits");
        send(&room[..length]);
    }

    fn decode_owned(&mut self, bytes: &[u8]) -> Option<Record> {
        Some(decode(bytes))
    }
}

/// Not inlined: within its caller, it takes nearly half as long again.
#[inline(never)]
fn decode(bytes: &[u8]) -> Record {
    bincode::decode_from_slice(bytes, CONFIG).expect("decodes").0
}
