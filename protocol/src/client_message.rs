//! Messages from a viewer to the server.

use bincode::{Decode, Encode};

use crate::codec;
use crate::error::{DecodeError, EncodeError};
use crate::id::{Epoch, Revision, Sequence};
use crate::limits::MAX_MESSAGE_BYTES;
use crate::preamble::Preamble;
use crate::time::{Interval, Timestamp};

/// A message from a viewer. The number of a kind never changes. 128 and above are left to private use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientMessage {
    /// Requests history from `start`, then live samples.
    Subscribe {
        /// First sample of the stream.
        start: Start,
    },
    /// Requests an [`Echo`](crate::Echo) for the estimate of the clock offset.
    Probe {
        /// Time of the probe by the viewer's clock.
        origin: Timestamp,
    },
    /// Limits the rate of frames.
    Pace {
        /// A hidden page receives heartbeats only.
        visibility: Visibility,
        /// Maximum; 0 for heartbeats only.
        frames_per_second: u8,
    },
    /// A kind unknown to this version, to be [refused](crate::Refused).
    Unknown {
        /// Number from the preamble.
        kind: u8,
    },
}

/// Start of a viewer's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Start {
    /// This long before now.
    Window(Interval),
    /// After the viewer's position. If the server cannot resume there, it sends a [`Gap`](crate::Gap) and the history of
    /// length `window` before now.
    After {
        /// Epoch of the viewer's position.
        epoch: Epoch,
        /// Sequence of the viewer's position.
        sequence: Sequence,
        /// Length of the history if the viewer's epoch is over or its position is unknown.
        window: Interval,
        /// Revision of the viewer's catalog: if it is the current one, it is not sent again. 0 for none.
        revision: Revision,
    },
}

/// Visibility of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Visibility {
    /// The page is on screen.
    Visible,
    /// The page is in a hidden tab or window.
    Hidden,
}

/// Declares number and fields (in wire order) of each kind in one place.
macro_rules! kinds {
    ($($number:literal => $kind:ident { $($field:ident),* }, $what:literal;)*) => {
        impl ClientMessage {
            /// The kind number in the preamble.
            pub const fn kind(&self) -> u8 {
                match self {
                    $(Self::$kind { .. } => $number,)*
                    Self::Unknown { kind } => *kind,
                }
            }

            fn decode_body(kind: u8, body: &[u8]) -> Result<Self, DecodeError> {
                match kind {
                    $($number => {
                        let ($($field,)*) = codec::decode_known($what, body, codec::BODY)?;
                        Ok(Self::$kind { $($field),* })
                    })*
                    kind => Ok(Self::Unknown { kind }),
                }
            }

            fn append_to(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
                match self {
                    $(Self::$kind { $($field),* } => codec::append(&($($field,)*), out, codec::BODY),)*
                    Self::Unknown { .. } => Ok(()),
                }
            }
        }
    };
}

kinds! {
    1 => Subscribe { start }, "subscribe";
    2 => Probe { origin }, "probe";
    3 => Pace { visibility, frames_per_second }, "pace";
}

impl ClientMessage {
    /// Decodes a message without allocating. An unknown kind is no error.
    ///
    /// # Errors
    /// [`DecodeError`] if the message is malformed or exceeds a limit.
    pub fn decode(message: &[u8]) -> Result<Self, DecodeError> {
        let (preamble, body) = Preamble::decode(message, Preamble::BYTES)?;
        Self::decode_body(preamble.kind, body)
    }

    /// Encodes the message into a new vector.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] if the message would exceed [`MAX_MESSAGE_BYTES`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        Preamble::open(self.kind(), &mut out);
        self.append_to(&mut out)?;
        if out.len() > MAX_MESSAGE_BYTES {
            return Err(EncodeError::TooLong { found: out.len(), limit: MAX_MESSAGE_BYTES });
        }
        Preamble::seal(&mut out, Preamble::BYTES);
        Ok(out)
    }
}
