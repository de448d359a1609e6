//! Messages from a viewer to the server.

use bincode::{Decode, Encode};

use crate::codec;
use crate::error::{DecodeError, EncodeError, within};
use crate::id::{Epoch, Sequence};
use crate::limits::{MAX_MESSAGE_BYTES, MAX_TEXT_BYTES};
use crate::preamble::Preamble;
use crate::time::{Interval, Timestamp};

/// A message from a viewer. The number of a kind never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientMessage<'a> {
    /// Requests history from `start`, then live samples.
    Subscribe {
        /// First sample of the stream.
        start: Start,
    },
    /// Confirms that all frames up to `sequence` have arrived.
    Acknowledge {
        /// Sequence of the viewer's position.
        sequence: Sequence,
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
    /// Adds an annotation for all viewers.
    Annotate {
        /// Start of the annotated span.
        at: Timestamp,
        /// End of the span; equal to `at` for a single moment.
        until: Timestamp,
        /// Plain text, never markup.
        text: &'a str,
    },
    /// Forwards a payload to the other viewers.
    Relay {
        /// Not interpreted by the server.
        payload: &'a [u8],
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
        /// Length of the history after a gap.
        window: Interval,
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
        impl<'a> ClientMessage<'a> {
            /// The kind number in the preamble.
            pub const fn kind(&self) -> u8 {
                match self { $(Self::$kind { .. } => $number,)* }
            }

            fn decode_body(kind: u8, body: &'a [u8]) -> Result<Self, DecodeError> {
                match kind {
                    $($number => {
                        let ($($field,)*) = codec::decode_whole($what, body, codec::BODY)?;
                        Ok(Self::$kind { $($field),* })
                    })*
                    kind => Err(DecodeError::UnknownKind { kind }),
                }
            }

            fn append_to(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
                match self {
                    $(Self::$kind { $($field),* } => codec::append(&($($field,)*), out, codec::BODY),)*
                }
            }
        }
    };
}

kinds! {
    1 => Subscribe { start }, "subscribe";
    2 => Acknowledge { sequence }, "acknowledge";
    3 => Probe { origin }, "probe";
    4 => Pace { visibility, frames_per_second }, "pace";
    5 => Annotate { at, until, text }, "annotate";
    6 => Relay { payload }, "relay";
}

impl<'a> ClientMessage<'a> {
    /// Decodes a message without allocating.
    ///
    /// # Errors
    /// [`DecodeError`] if the message is malformed, exceeds a limit, or has an unknown kind.
    pub fn decode(message: &'a [u8]) -> Result<Self, DecodeError> {
        let (preamble, body) = Preamble::decode(message, Preamble::BYTES)?;
        let decoded = Self::decode_body(preamble.kind, body)?;
        match decoded {
            Self::Annotate { text, .. } => within("length of an annotation", text.len(), MAX_TEXT_BYTES)?,
            Self::Relay { payload } => within("length of a relayed message", payload.len(), MAX_TEXT_BYTES)?,
            _ => {}
        }
        Ok(decoded)
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
