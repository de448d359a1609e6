//! Makes any bytes a message: the fuzzer need not find magic, version and length, and starts in the body.

use protocol::{PROTOCOL_VERSION, Preamble};

/// `bytes` with a valid preamble, their kind left as it is; `None` when they are shorter than a message must be. A
/// message that was valid stays as it was, so golden vectors are seeds.
pub fn repair(bytes: &[u8], head_bytes: usize) -> Option<Vec<u8>> {
    let body_bytes = bytes.len().checked_sub(head_bytes)? as u32;
    let mut message = bytes.to_vec();
    let (preamble, _) = message.split_first_chunk_mut::<{ Preamble::BYTES }>()?;
    let kind = preamble[3];
    let [a, b, c, d] = body_bytes.to_le_bytes();
    *preamble = [b'K', b'Y', PROTOCOL_VERSION, kind, a, b, c, d];
    Some(message)
}
