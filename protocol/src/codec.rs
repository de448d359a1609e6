//! bincode with a limit on claimed bytes, and varints written out by hand for hot paths.

use bincode::config::{self, Configuration, Fixint, Limit, LittleEndian, Varint};
use bincode::{BorrowDecode, Encode};

use crate::error::{DecodeError, EncodeError};
use crate::limits::DECODE_CLAIM;

type Varints = Configuration<LittleEndian, Varint, Limit<DECODE_CLAIM>>;
type Fixed = Configuration<LittleEndian, Fixint, Limit<DECODE_CLAIM>>;

/// Configuration of message bodies.
pub(crate) const BODY: Varints = config::standard().with_limit::<DECODE_CLAIM>();
/// Configuration of preamble and header: integers of fixed width, so that each field has a fixed offset.
pub(crate) const HEAD: Fixed = config::standard().with_fixed_int_encoding().with_limit::<DECODE_CLAIM>();

/// Decodes a value. Bytes after it are ignored: a newer writer may have appended fields.
pub(crate) fn decode_known<'a, T, C>(what: &'static str, bytes: &'a [u8], config: C) -> Result<T, DecodeError>
where
    T: BorrowDecode<'a, ()>,
    C: config::Config,
{
    let decoded = bincode::borrow_decode_from_slice(bytes, config);
    decoded.map(|(value, _)| value).map_err(|source| DecodeError::Malformed { what, source })
}

/// Encodes `value` and appends it to `out`.
pub(crate) fn append<T, C>(value: &T, out: &mut Vec<u8>, config: C) -> Result<(), EncodeError>
where
    T: Encode,
    C: config::Config,
{
    bincode::encode_into_std_write(value, out, config)?;
    Ok(())
}

/// Rules of a body that bincode does not check: limits, and that every item of its lists decodes.
pub(crate) trait Check {
    /// By default accepts every value.
    fn check(&self) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// Appends a zigzag varint.
pub(crate) fn put_i64(value: i64, out: &mut Vec<u8>) {
    let _infallible_for_a_vector = bincode::encode_into_std_write(value, out, BODY);
}

/// Appends an unsigned varint.
pub(crate) fn put_u64(value: u64, out: &mut Vec<u8>) {
    let _infallible_for_a_vector = bincode::encode_into_std_write(value, out, BODY);
}

/// Removes a varint from the front of `bytes`. Returns `None` if it is invalid.
///
/// Hot: three times a packed column. Written by hand because bincode's decoder counts claims for each call.
pub(crate) fn take_u64(bytes: &mut &[u8]) -> Option<u64> {
    let (&tag, rest) = bytes.split_first()?;
    let (value, rest) = match tag {
        0..=250 => (u64::from(tag), rest),
        251 => rest.split_first_chunk().map(|(word, rest)| (u64::from(u16::from_le_bytes(*word)), rest))?,
        252 => rest.split_first_chunk().map(|(word, rest)| (u64::from(u32::from_le_bytes(*word)), rest))?,
        253 => rest.split_first_chunk().map(|(word, rest)| (u64::from_le_bytes(*word), rest))?,
        _ => return None,
    };
    *bytes = rest;
    Some(value)
}

/// Like [`take_u64`] for a 32-bit number. As in bincode, the 64-bit form is invalid even if the value is small.
pub(crate) fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    (*bytes.first()? < 253).then(|| take_u64(bytes))??.try_into().ok()
}

/// Like [`take_u64`] for a zigzag varint.
pub(crate) fn take_i64(bytes: &mut &[u8]) -> Option<i64> {
    take_u64(bytes).map(unzigzag)
}

/// Removes a byte list (varint length, then the bytes) from the front of `bytes`.
pub(crate) fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take_u64(bytes)?;
    let (list, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(list)
}

/// The most bytes of a short: 49 bits, so that a number of JavaScript holds it.
const SHORT_BYTES: usize = 7;

/// Appends a short: seven bits a byte, the lowest first, the high bit set in each but the last. `value` must be below 2^49.
pub(crate) fn put_short(mut value: u64, out: &mut Vec<u8>) {
    while value >= 1 << 7 {
        out.push(value as u8 | 1 << 7);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a short with zigzag.
pub(crate) fn put_signed_short(value: i64, out: &mut Vec<u8>) {
    put_short(zigzag(value), out);
}

/// Removes a short from the front of `bytes`. Returns `None` if it is longer than seven bytes, or cut off.
pub(crate) fn take_short(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for (place, &byte) in bytes.iter().take(SHORT_BYTES).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 1 << 7 {
            *bytes = &bytes[place + 1..];
            return Some(value);
        }
    }
    None
}

/// Like [`take_short`] with zigzag.
pub(crate) fn take_signed_short(bytes: &mut &[u8]) -> Option<i64> {
    take_short(bytes).map(unzigzag)
}

/// Number of bytes that [`put_signed_short`] appends.
pub(crate) const fn bytes_of_signed_short(value: i64) -> usize {
    let bits = u64::BITS - zigzag(value).leading_zeros();
    if bits == 0 { 1 } else { bits.div_ceil(7) as usize }
}

const fn zigzag(value: i64) -> u64 {
    (value.wrapping_shl(1) ^ (value >> 63)) as u64
}

const fn unzigzag(folded: u64) -> i64 {
    (folded >> 1) as i64 ^ -((folded & 1) as i64)
}

/// Number of bytes that [`put_i64`] appends.
pub(crate) const fn bytes_of_i64(value: i64) -> usize {
    match zigzag(value) {
        0..=250 => 1,
        251..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Arbitrary bytes follow every tag, so every form of every width is tested.
        #[test]
        fn take_functions_agree_with_bincode(tag in 245_u8.., tail in proptest::collection::vec(0_u8.., 0..10)) {
            let bytes: Vec<_> = [tag].into_iter().chain(tail).collect();
            let config = config::standard();
            let mut rest = bytes.as_slice();
            let taken = take_u64(&mut rest).map(|value| (value, bytes.len() - rest.len()));
            prop_assert_eq!(taken, bincode::decode_from_slice::<u64, _>(&bytes, config).ok());
            let mut rest = bytes.as_slice();
            let taken = take_u32(&mut rest).map(|value| (value, bytes.len() - rest.len()));
            prop_assert_eq!(taken, bincode::decode_from_slice::<u32, _>(&bytes, config).ok());
            let mut rest = bytes.as_slice();
            let taken = take_i64(&mut rest).map(|value| (value, bytes.len() - rest.len()));
            prop_assert_eq!(taken, bincode::decode_from_slice::<i64, _>(&bytes, config).ok());
        }
    }
}
