//! The product's messages, with their length, which the page counts.

use protocol::{ClientMessage, EncodeError, Frame};

use crate::link::{Codec, FrameCodec, Incoming, NotAFrame, Outgoing};

/// [`FrameCodec`], whose frames come with the length of their message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PageCodec;

/// A frame, and how long its message was.
pub(super) struct Received<'m> {
    pub(super) frame: Frame<'m>,
    pub(super) bytes: usize,
}

impl Codec for PageCodec {
    type Out<'m> = ClientMessage<'m>;
    type In<'m> = Received<'m>;
    type EncodeError = EncodeError;
    type DecodeError = NotAFrame;

    fn encode<'m>(&self, message: Self::Out<'m>) -> Result<Outgoing<'m>, Self::EncodeError> {
        FrameCodec.encode(message)
    }

    fn decode<'m>(&self, message: Incoming<'m>) -> Result<Self::In<'m>, Self::DecodeError> {
        let bytes = match message {
            Incoming::Binary(bytes) => bytes.len(),
            Incoming::Text(text) => text.len(),
        };
        Ok(Received { frame: FrameCodec.decode(message)?, bytes })
    }
}
