//! JSON.

use super::Peer;
use crate::record::Record;

#[derive(Debug, Default)]
pub struct SerdeJson {
    message: Vec<u8>,
}

impl Peer for SerdeJson {
    fn name(&self) -> &'static str {
        "serde_json"
    }

    fn encode(&mut self, record: &Record, send: &mut dyn FnMut(&[u8])) {
        self.message.clear();
        serde_json::to_writer(&mut self.message, record).expect("every value is finite");
        send(&self.message);
    }

    fn decode_owned(&mut self, bytes: &[u8]) -> Option<Record> {
        Some(serde_json::from_slice(bytes).expect("decodes"))
    }
}
