//! Replaces the preamble by a valid one, so that the fuzzer need not find magic, version and length.

use protocol::{PROTOCOL_VERSION, Preamble};

/// Returns `bytes` with a valid preamble of the same kind, or `None` if they are too short for a message. Does not change a
/// valid message, so golden vectors serve as seeds.
pub fn repair(bytes: &[u8], head_bytes: usize) -> Option<Vec<u8>> {
    let body_bytes = bytes.len().checked_sub(head_bytes)? as u32;
    let mut message = bytes.to_vec();
    let (preamble, _) = message.split_first_chunk_mut::<{ Preamble::BYTES }>()?;
    let kind = preamble[3];
    let [a, b, c, d] = body_bytes.to_le_bytes();
    *preamble = [b'K', b'Y', PROTOCOL_VERSION, kind, a, b, c, d];
    Some(message)
}
