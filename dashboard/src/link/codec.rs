//! What the messages of a client mean.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;

/// Turns typed messages into WebSocket messages and back. A client is generic over it, so that it can only send and
/// receive what its codec knows.
pub trait Codec: 'static {
    /// What can be sent. It may borrow.
    type Out<'m>;
    /// What is received. It may borrow from the message, which lives as long as the handler runs.
    type In<'m>;
    /// Why something cannot be sent.
    type EncodeError: Error + 'static;
    /// Why something received makes no sense.
    type DecodeError: Error + 'static;

    /// Writes a message.
    ///
    /// # Errors
    /// When there are no words for it.
    fn encode<'m>(&self, message: Self::Out<'m>) -> Result<Outgoing<'m>, Self::EncodeError>;

    /// Reads a message.
    ///
    /// # Errors
    /// When it makes no sense.
    fn decode<'m>(&self, message: Incoming<'m>) -> Result<Self::In<'m>, Self::DecodeError>;
}

/// A WebSocket message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing<'m> {
    /// A text message.
    Text(Cow<'m, str>),
    /// A binary message.
    Binary(Cow<'m, [u8]>),
}

/// A WebSocket message that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'m> {
    /// A text message.
    Text(&'m str),
    /// A binary message, where the client staged it.
    Binary(&'m [u8]),
}

/// No meaning at all: text and bytes as they are.
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
