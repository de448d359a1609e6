//! rkyv.

use rkyv::api::high::to_bytes_in;
use rkyv::rancor::Panic;
use rkyv::util::AlignedVec;

use super::Peer;
use crate::record::{ArchivedRecord, Record, Ring};

/// Validated access. Values are copied from the archive to the ring without an owned record.
#[derive(Debug, Default)]
pub struct Rkyv {
    message: AlignedVec,
}

impl Peer for Rkyv {
    fn name(&self) -> &'static str {
        "rkyv"
    }

    fn encode(&mut self, record: &Record, send: &mut dyn FnMut(&[u8])) {
        let mut message = std::mem::take(&mut self.message);
        message.clear();
        let Ok(message) = to_bytes_in::<_, Panic>(record, message);
        self.message = message;
        send(&self.message);
    }

    fn decode_into(&mut self, bytes: &[u8], ring: &mut Ring) {
        let record = access(bytes);
        let mut rows = 0;
        for column in record.columns.iter() {
            rows = column.values.len();
            let places = ring.place(column.series.to_native(), rows);
            for (place, value) in places.iter_mut().zip(column.values.iter()) {
                *place = value.to_native();
            }
        }
        ring.advance(rows);
    }

    fn decode_owned(&mut self, bytes: &[u8]) -> Option<Record> {
        let Ok(record) = rkyv::deserialize::<Record, Panic>(access(bytes));
        Some(record)
    }
}

fn access(bytes: &[u8]) -> &ArchivedRecord {
    rkyv::access::<_, rkyv::rancor::Error>(bytes).expect("valid")
}
