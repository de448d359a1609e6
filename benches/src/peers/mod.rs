//! The codecs that are compared, each in its best form.
//!
//! | peer | form |
//! | --- | --- |
//! | [`memcpy`] | the bare values, one copy a column: the limit |
//! | [`kymograph`] | this project's frames; as many messages as the record needs |
//! | [`bincode`] | 2.0, fixed-width integers, with a limit (the limit makes it faster), into a slice |
//! | [`serde_json`] | `float_roundtrip`: the default reads some doubles one bit off |
//! | [`postcard`] | into a slice |
//! | [`bitcode`] | its `Buffer`, reused |
//! | [`rkyv`] | validated access, values copied from the archive; an aligned buffer, reused |
//! | [`wincode`] | owned; and borrowed, with `zerocopy` doubles |
//! | [`prost`] | packed doubles; the schema is derived, so that no `protoc` is needed |

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

/// A codec. It keeps what memory it can reuse.
///
/// These are benches: bytes that a peer did not make itself make it panic.
pub trait Peer {
    /// Its name in tables and benches.
    fn name(&self) -> &'static str;

    /// Encodes a record and hands each message that it makes to `send`, as a server would to its socket.
    fn encode(&mut self, record: &Record, send: &mut dyn FnMut(&[u8]));

    /// Decodes to a record of its own memory. `None` for a codec that has no such form.
    fn decode_owned(&mut self, _bytes: &[u8]) -> Option<Record> {
        None
    }

    /// Brings the values of an encoded record to their places in `ring`; by way of an owned record, unless there is a
    /// better one.
    fn decode_into(&mut self, bytes: &[u8], ring: &mut Ring) {
        ring.store(&self.decode_owned(bytes).expect("one of the two forms"));
    }
}

/// The name of ours.
pub const OURS: &str = "kymograph";

/// Everybody, the limit first, ours next.
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

/// The messages of a record, one after another, in aligned memory: rkyv demands that, and a page can lay its staging
/// area so for everybody.
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
