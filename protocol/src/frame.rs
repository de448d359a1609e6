//! Messages from the server: preamble, header, body.

use bincode::Encode;

use crate::body::{Body, is_numbered};
use crate::codec;
use crate::error::{DecodeError, EncodeError};
use crate::id::{Epoch, Sequence};
use crate::limits::MAX_MESSAGE_BYTES;
use crate::preamble::Preamble;
use crate::time::Timestamp;

/// The header of a frame, and `skipped`, with which the body of a numbered frame begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Epoch of the stream.
    pub epoch: Epoch,
    /// The number of a [numbered](Body::is_numbered) frame. In a heartbeat, the number of the last one of the viewer's subscription. In all
    /// other frames, the position of the stream when the frame was encoded.
    pub sequence: Sequence,
    /// Time of sending, by the server's clock.
    pub sent: Timestamp,
    /// How many numbers lie between this numbered frame and the previous one of the viewer's subscription. 0 in other frames, which do not
    /// have the field.
    pub skipped: u64,
}

/// The fields at fixed offsets.
#[derive(Encode)]
struct FixedFields {
    epoch: Epoch,
    sequence: Sequence,
    sent: Timestamp,
}

impl Header {
    /// Encoded length of the fields at fixed offsets.
    pub const BYTES: usize = 24;

    /// Of a numbered frame: the number of the frame before it in the viewer's subscription. A viewer that holds less has lost a frame.
    pub const fn previous(&self) -> Sequence {
        Sequence(self.sequence.0.saturating_sub(1).saturating_sub(self.skipped))
    }
}

/// A message from the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame<'a> {
    /// Epoch, sequence and time of sending.
    pub header: Header,
    /// Content; its variant is the frame's kind.
    pub body: Body<'a>,
}

impl<'a> Frame<'a> {
    /// Length of preamble and header.
    pub const HEAD_BYTES: usize = Preamble::BYTES + Header::BYTES;
    /// Limit of a body's length.
    pub const MAX_BODY_BYTES: usize = MAX_MESSAGE_BYTES - Self::HEAD_BYTES;

    /// Decodes a message without allocating or copying. Checks every length, count and list, so that iterating
    /// over the result cannot fail.
    ///
    /// # Errors
    /// [`DecodeError`] if the message is malformed or exceeds a limit. An unknown kind is no error.
    pub fn decode(message: &'a [u8]) -> Result<Self, DecodeError> {
        let (preamble, mut body) = Preamble::decode(message, Self::HEAD_BYTES)?;
        let fields = message[Preamble::BYTES..Self::HEAD_BYTES].as_chunks().0;
        let skipped = if is_numbered(preamble.kind) { codec::take_u64(&mut body) } else { Some(0) };
        let header = Header {
            epoch: Epoch(u64::from_le_bytes(fields[0])),
            sequence: Sequence(u64::from_le_bytes(fields[1])),
            sent: Timestamp::from_micros(i64::from_le_bytes(fields[2])),
            skipped: skipped.ok_or(DecodeError::MalformedSkipped)?,
        };
        Ok(Self { header, body: Body::decode(preamble.kind, body, header.sent)? })
    }

    /// Encodes the message into `out`, which is cleared first.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] if the message would exceed [`MAX_MESSAGE_BYTES`].
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.clear();
        Preamble::open(self.body.kind(), out);
        let Header { epoch, sequence, sent, skipped } = self.header;
        codec::append(&FixedFields { epoch, sequence, sent }, out, codec::HEAD)?;
        if self.body.is_numbered() {
            codec::put_u64(skipped, out);
        }
        self.body.append_to(self.header.sent, out)?;
        if out.len() > MAX_MESSAGE_BYTES {
            return Err(EncodeError::TooLong { found: out.len(), limit: MAX_MESSAGE_BYTES });
        }
        Preamble::seal(out, Self::HEAD_BYTES);
        Ok(())
    }

    /// Replaces the fields at fixed offsets of an encoded message. Does nothing if the message is too short for a header.
    pub fn stamp(message: &mut [u8], header: &Header) {
        let fields =
            [header.epoch.0.to_le_bytes(), header.sequence.0.to_le_bytes(), header.sent.micros().to_le_bytes()];
        if let Some(place) = message.get_mut(Preamble::BYTES..Self::HEAD_BYTES) {
            place.copy_from_slice(fields.as_flattened());
        }
    }

    /// Encodes the message into a new vector.
    ///
    /// # Errors
    /// In the same cases as [`Frame::encode`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        self.encode(&mut out)?;
        Ok(out)
    }
}
