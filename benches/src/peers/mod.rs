//! The compared codecs, each in its fastest form.
//!
//! | peer | form |
//! | --- | --- |
//! | [`memcpy`] | only values, one copy per column: the limit |
//! | [`kymograph`] | this project's frames; as many messages as the record needs |
//! | [`bincode`] | 2.0, fixed-width integers, with a limit (the limit makes it faster), into a slice |
//! | [`serde_json`] | `float_roundtrip`: by default, some doubles are decoded with an error of one bit |
//! | [`postcard`] | into a slice |
//! | [`bitcode`] | its `Buffer`, reused |
//! | [`rkyv`] | validated access, values copied from the archive; an aligned buffer, reused |
//! | [`wincode`] | owned; and borrowed, with `zerocopy` doubles |
//! | [`prost`] | packed doubles; derived schema, which needs no `protoc` |

pub mod bincode;
pub mod bitcode;
pub mod kymograph;
pub mod memcpy;
pub mod postcard;
pub mod prost;
pub mod rkyv;
pub mod serde_json;
pub mod wincode;

use ::rkyv::util::AlignedVec;

use crate::record::{Record, Ring};

/// A codec. It reuses its memory, and panics on bytes that it did not encode itself.
pub trait Peer {
    /// Name in tables and benches.
    fn name(&self) -> &'static str;

    /// Encodes a record and passes each message to `send`.
    fn encode(&mut self, record: &Record, send: &mut dyn FnMut(&[u8]));

    /// Decodes an owned record. Returns `None` if the codec does not support it.
    fn decode_owned(&mut self, _bytes: &[u8]) -> Option<Record> {
        None
    }

    /// Decodes values into `ring`, by default through an owned record.
    fn decode_into(&mut self, bytes: &[u8], ring: &mut Ring) {
        ring.store(&self.decode_owned(bytes).expect("one of the two forms"));
    }
}

pub const OURS: &str = "kymograph";

/// All codecs: the limit first, then ours.
pub fn all() -> Vec<Box<dyn Peer>> {
    vec![
        Box::new(memcpy::Memcpy::default()),
        Box::new(kymograph::Kymograph::default()),
        Box::new(bincode::Bincode::default()),
        Box::new(wincode::Owned::default()),
        Box::new(wincode::Borrowed::default()),
        Box::new(rkyv::Rkyv::default()),
        Box::new(bitcode::Bitcode::default()),
        Box::new(postcard::Postcard::default()),
        Box::new(prost::Prost::default()),
        Box::new(serde_json::SerdeJson::default()),
    ]
}

/// All messages of a record in aligned memory, which rkyv requires and a page can provide for every codec.
pub fn encoded(peer: &mut dyn Peer, record: &Record) -> AlignedVec {
    let mut bytes = AlignedVec::new();
    peer.encode(record, &mut |message| bytes.extend_from_slice(message));
    bytes
}

/// A buffer of at least `bytes` bytes, for codecs that write into a slice.
fn room(buffer: &mut Vec<u8>, bytes: usize) -> &mut [u8] {
    if buffer.len() < bytes {
        buffer.resize(bytes, 0);
    }
    buffer
}
