//! bincode, with limits on and trailing bytes refused.

use bincode::config::{self, Configuration, Fixint, Limit, LittleEndian, Varint};
use bincode::{BorrowDecode, Encode};

use crate::error::{DecodeError, EncodeError};
use crate::limits::DECODE_CLAIM;

type Varints = Configuration<LittleEndian, Varint, Limit<DECODE_CLAIM>>;
type Fixed = Configuration<LittleEndian, Fixint, Limit<DECODE_CLAIM>>;

/// Bodies: varints.
pub(crate) const BODY: Varints = config::standard().with_limit::<DECODE_CLAIM>();
/// Preamble and envelope: fixed widths, so that each field has a fixed place.
pub(crate) const HEAD: Fixed = config::standard().with_fixed_int_encoding().with_limit::<DECODE_CLAIM>();

/// Decodes a value that must fill `bytes` to the last one.
pub(crate) fn decode_whole<'a, T, C>(what: &'static str, bytes: &'a [u8], config: C) -> Result<T, DecodeError>
where
    T: BorrowDecode<'a, ()>,
    C: config::Config,
{
    let (value, used) =
        bincode::borrow_decode_from_slice(bytes, config).map_err(|source| DecodeError::Malformed { what, source })?;
    if used != bytes.len() {
        return Err(DecodeError::TrailingBytes { what, count: bytes.len() - used });
    }
    Ok(value)
}

/// Appends a value's encoding to `out`.
pub(crate) fn append<T, C>(value: &T, out: &mut Vec<u8>, config: C) -> Result<(), EncodeError>
where
    T: Encode,
    C: config::Config,
{
    bincode::encode_into_std_write(value, out, config)?;
    Ok(())
}

/// What a body must keep beyond what bincode itself checks: limits, and lists that can be walked to their end.
pub(crate) trait Check {
    /// Refuses what breaks a limit; by default there is nothing to break.
    fn check(&self) -> Result<(), DecodeError> {
        Ok(())
    }
}
