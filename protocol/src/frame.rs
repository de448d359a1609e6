//! A whole message from the server: preamble, header, body.

use bincode::{Decode, Encode};

use crate::body::Body;
use crate::codec;
use crate::error::{DecodeError, EncodeError};
use crate::id::{Epoch, Sequence};
use crate::limits::MAX_MESSAGE_BYTES;
use crate::preamble::Preamble;
use crate::time::Timestamp;

/// Where and when in the stream a frame was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Header {
    /// The life of the server that sent it.
    pub epoch: Epoch,
    /// The number of a `Samples` frame; of any other, the position that the stream had reached when it was made.
    pub sequence: Sequence,
    /// When it was sent, by the server's clock.
    pub sent: Timestamp,
}

impl Header {
    /// Length on the wire.
    pub const BYTES: usize = 24;
}

/// One message from the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame<'a> {
    /// Where and when.
    pub header: Header,
    /// What.
    pub body: Body<'a>,
}

impl<'a> Frame<'a> {
    /// Bytes before the body.
    pub const HEAD_BYTES: usize = Preamble::BYTES + Header::BYTES;
    /// The most a body may have.
    pub const MAX_BODY_BYTES: usize = MAX_MESSAGE_BYTES - Self::HEAD_BYTES;

    /// Reads one message. Every length, count and list in it is checked here, so that reading on cannot fail; nothing
    /// is allocated, nothing copied.
    ///
    /// # Errors
    /// A [`DecodeError`] that names what was found and what was expected. A body of unknown kind is no error.
    pub fn decode(message: &'a [u8]) -> Result<Self, DecodeError> {
        let (preamble, body) = Preamble::decode(message, Self::HEAD_BYTES)?;
        let fields = message[Preamble::BYTES..Self::HEAD_BYTES].as_chunks().0;
        let header = Header {
            epoch: Epoch(u64::from_le_bytes(fields[0])),
            sequence: Sequence(u64::from_le_bytes(fields[1])),
            sent: Timestamp::from_micros(i64::from_le_bytes(fields[2])),
        };
        Ok(Self { header, body: Body::decode(preamble.kind, body)? })
    }

    /// Writes the message to `out`, which is cleared first and keeps its memory.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] when the message would be longer than [`MAX_MESSAGE_BYTES`].
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.clear();
        Preamble::open(self.body.kind(), out);
        codec::append(&self.header, out, codec::HEAD)?;
        self.body.append_to(out)?;
        if out.len() > MAX_MESSAGE_BYTES {
            return Err(EncodeError::TooLong { found: out.len(), limit: MAX_MESSAGE_BYTES });
        }
        Preamble::seal(out, Self::HEAD_BYTES);
        Ok(())
    }

    /// Writes another header over that of an encoded message. One that is too short for a header is left as it is.
    pub fn stamp(message: &mut [u8], header: &Header) {
        let fields =
            [header.epoch.0.to_le_bytes(), header.sequence.0.to_le_bytes(), header.sent.micros().to_le_bytes()];
        if let Some(place) = message.get_mut(Preamble::BYTES..Self::HEAD_BYTES) {
            place.copy_from_slice(fields.as_flattened());
        }
    }

    /// Writes the message to a new vector.
    ///
    /// # Errors
    /// As [`Frame::encode`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        self.encode(&mut out)?;
        Ok(out)
    }
}
