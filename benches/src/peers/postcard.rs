//! postcard.

use super::{Peer, room};
use crate::record::Record;

#[derive(Debug, Default)]
pub struct Postcard {
    buffer: Vec<u8>,
}

impl Peer for Postcard {
    fn name(&self) -> &'static str {
        "postcard"
    }

    fn encode(&mut self, record: &Record, send: &mut dyn FnMut(&[u8])) {
        let room = room(&mut self.buffer, record.max_bytes());
        send(postcard::to_slice(record, room).expect("fits"));
    }

    fn decode_owned(&mut self, bytes: &[u8]) -> Option<Record> {
        Some(postcard::from_bytes(bytes).expect("decodes"))
    }
}
