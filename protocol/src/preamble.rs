//! The first eight bytes of every message, in both directions.

use bincode::{Decode, Encode};

use crate::error::DecodeError;
use crate::limits::MAX_MESSAGE_BYTES;

/// Version of the protocol. Incremented by every change that an older reader would misinterpret.
pub const PROTOCOL_VERSION: u8 = 2;

/// The WebSocket subprotocol of this version (RFC 6455, section 1.9). Those of other versions begin with
/// [`SUBPROTOCOL_PREFIX`] too.
pub const SUBPROTOCOL: &str = "kymograph.2";
/// Begins the name of every version's subprotocol.
pub const SUBPROTOCOL_PREFIX: &str = "kymograph.";

/// First two bytes of every message.
pub const MAGIC: [u8; 2] = *b"KY";

/// The fixed part that both directions share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Preamble {
    /// [`MAGIC`] in every valid message.
    pub magic: [u8; 2],
    /// [`PROTOCOL_VERSION`] in every valid message.
    pub version: u8,
    /// Number of [`Body::kind`](crate::Body::kind) or [`ClientMessage::kind`](crate::ClientMessage::kind).
    pub kind: u8,
    /// Length of the body, without the header.
    pub body_bytes: u32,
}

impl Preamble {
    /// Encoded length of a preamble.
    pub const BYTES: usize = 8;

    /// Decodes the preamble and returns it with the body, which starts at `head_bytes`.
    pub(crate) fn decode(message: &[u8], head_bytes: usize) -> Result<(Self, &[u8]), DecodeError> {
        if message.len() > MAX_MESSAGE_BYTES {
            return Err(DecodeError::TooLong { found: message.len(), limit: MAX_MESSAGE_BYTES });
        }
        let too_short = || DecodeError::TooShort { found: message.len(), expected: head_bytes };
        let &[first, second, version, kind, ref body_bytes @ ..] =
            message.first_chunk::<{ Self::BYTES }>().ok_or_else(too_short)?;
        let preamble = Self { magic: [first, second], version, kind, body_bytes: u32::from_le_bytes(*body_bytes) };
        if preamble.magic != MAGIC {
            return Err(DecodeError::BadMagic { found: preamble.magic });
        }
        if preamble.version != PROTOCOL_VERSION {
            return Err(DecodeError::UnsupportedVersion { found: preamble.version, supported: PROTOCOL_VERSION });
        }
        let body = message.get(head_bytes..).ok_or_else(too_short)?;
        let declared = preamble.body_bytes as usize;
        if body.len() != declared {
            return Err(DecodeError::BodyLength { declared, found: body.len() });
        }
        Ok((preamble, body))
    }

    /// Appends the preamble. The body's length is zero until [`Preamble::seal`].
    pub(crate) fn open(kind: u8, out: &mut Vec<u8>) {
        out.extend_from_slice(&[MAGIC[0], MAGIC[1], PROTOCOL_VERSION, kind, 0, 0, 0, 0]);
    }

    /// Writes the body's length. The body starts at `head_bytes`.
    pub(crate) fn seal(message: &mut [u8], head_bytes: usize) {
        let body_bytes = (message.len() - head_bytes) as u32;
        message[4..8].copy_from_slice(&body_bytes.to_le_bytes());
    }
}
