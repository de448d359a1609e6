//! A whole message from a viewer.

use bincode::{Decode, Encode};

use crate::codec;
use crate::error::{DecodeError, EncodeError, within};
use crate::id::{Epoch, Sequence};
use crate::limits::{MAX_MESSAGE_BYTES, MAX_TEXT_BYTES};
use crate::preamble::Preamble;
use crate::time::{Interval, Timestamp};

/// What a viewer can ask for or say. The number of each kind is fixed for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientMessage<'a> {
    /// Send history from `start`, then live samples.
    Subscribe {
        /// Where to begin.
        start: Start,
    },
    /// Everything up to `sequence` has arrived.
    Acknowledge {
        /// The last position held.
        sequence: Sequence,
    },
    /// Answer with an [`Echo`](crate::Echo).
    Probe {
        /// The viewer's own time.
        origin: Timestamp,
    },
    /// How much the viewer can use right now.
    Pace {
        /// Whether anybody can see the page.
        visibility: Visibility,
        /// Frames a second that the viewer wants at most; 0 for heartbeats only.
        frames_per_second: u8,
    },
    /// Put a mark on the time axis, for everybody.
    Annotate {
        /// Where it begins.
        at: Timestamp,
        /// Where it ends; equal to `at` for a point.
        until: Timestamp,
        /// What it says.
        text: &'a str,
    },
    /// Pass this on to the other viewers.
    Relay {
        /// Unread by the server.
        payload: &'a [u8],
    },
}

/// Where a viewer's stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Start {
    /// So far back from now.
    Window(Interval),
    /// Right after a position that the viewer holds. Where that cannot be had, a [`Gap`](crate::Gap) says so, and the
    /// history held within `window` follows.
    After {
        /// The epoch of the position.
        epoch: Epoch,
        /// The position.
        sequence: Sequence,
        /// How far back to go when the position is not to be had.
        window: Interval,
    },
}

/// Whether anybody can see the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Visibility {
    /// On screen.
    Visible,
    /// In a hidden tab or window.
    Hidden,
}

/// Declares the kinds once: their numbers, and the fields of each in wire order.
macro_rules! kinds {
    ($($number:literal => $kind:ident { $($field:ident),* }, $what:literal;)*) => {
        impl<'a> ClientMessage<'a> {
            /// The number of this kind on the wire.
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
    /// Reads one message, allocating nothing.
    ///
    /// # Errors
    /// A [`DecodeError`] that names what was found and what was expected. An unknown kind is an error: a server does
    /// nothing for a viewer that asks for what it cannot do.
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

    /// Writes the message to a new vector.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] when the message would be longer than [`MAX_MESSAGE_BYTES`].
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
