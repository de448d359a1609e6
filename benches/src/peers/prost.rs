//! Protocol Buffers, by prost.

use prost::Message as _;

use super::Peer;
use crate::record::Record;

/// A derived schema: proto3, packed doubles.
#[derive(Debug, Default)]
pub struct Prost {
    message: Vec<u8>,
}

impl Peer for Prost {
    fn name(&self) -> &'static str {
        "prost"
    }

    fn encode(&mut self, record: &Record, send: &mut dyn FnMut(&[u8])) {
        self.message.clear();
        record.encode(&mut self.message).expect("infallible for a vector");
        send(&self.message);
    }

    fn decode_owned(&mut self, bytes: &[u8]) -> Option<Record> {
        Some(Record::decode(bytes).expect("decodes"))
    }
}
