//! Conversion between typed messages and WebSocket messages.
#![warn(missing_docs)]

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;

/// Encodes and decodes the messages of a client. A client is generic over its codec, so the types of the messages that it
/// sends and receives are checked by the compiler.
pub trait Codec: 'static {
    /// The type of sent messages. It may borrow.
    type Out<'m>;
    /// The type of received messages. It may borrow from the received bytes, which are valid until the handler returns.
    type In<'m>;
    /// The error of [`encode`](Self::encode).
    type EncodeError: Error + 'static;
    /// The error of [`decode`](Self::decode).
    type DecodeError: Error + 'static;

    /// Encodes a message of the application as text or bytes.
    ///
    /// # Errors
    /// If the message cannot be encoded.
    fn encode<'m>(&self, message: Self::Out<'m>) -> Result<Outgoing<'m>, Self::EncodeError>;

    /// Decodes a received message, which may borrow from `message`.
    ///
    /// # Errors
    /// If the message is malformed.
    fn decode<'m>(&self, message: Incoming<'m>) -> Result<Self::In<'m>, Self::DecodeError>;
}

/// A WebSocket message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing<'m> {
    /// A message of type text.
    Text(Cow<'m, str>),
    /// A message of type binary.
    Binary(Cow<'m, [u8]>),
}

/// A received WebSocket message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'m> {
    /// A text message, copied from the browser.
    Text(&'m str),
    /// A binary message in the staging memory of the client.
    Binary(&'m [u8]),
}

impl Incoming<'_> {
    pub(super) const fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// Passes text and bytes through unchanged.
#[derive(Clone, Copy, Debug, Default)]
pub struct RawCodec;

impl Codec for RawCodec {
    type Out<'m> = Outgoing<'m>;
    type In<'m> = Incoming<'m>;
    type EncodeError = Infallible;
    type DecodeError = Infallible;

    fn encode<'m>(&self, message: Self::Out<'m>) -> Result<Outgoing<'m>, Infallible> {
        Ok(message)
    }

    fn decode<'m>(&self, message: Incoming<'m>) -> Result<Incoming<'m>, Infallible> {
        Ok(message)
    }
}
