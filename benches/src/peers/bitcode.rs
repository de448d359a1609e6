//! bitcode.

use super::Peer;
use crate::record::Record;

/// By derive, with a buffer for each direction.
#[derive(Default)]
pub struct Bitcode {
    encoder: bitcode::Buffer,
    decoder: bitcode::Buffer,
}

impl Peer for Bitcode {
    fn name(&self) -> &'static str {
        "bitcode"
    }

    fn encode(&mut self, record: &Record, send: &mut dyn FnMut(&[u8])) {
        send(self.encoder.encode(record));
    }

    fn decode_owned(&mut self, bytes: &[u8]) -> Option<Record> {
        Some(self.decoder.decode(bytes).expect("decodes"))
    }
}
