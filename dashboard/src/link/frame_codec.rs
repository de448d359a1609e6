//! The messages of the `protocol` crate: frames are received, requests are sent, both binary.

use std::borrow::Cow;

use protocol::{ClientMessage, DecodeError, EncodeError, Frame};
use thiserror::Error;

use super::codec::{Codec, Incoming, Outgoing};

/// A frame borrows its columns from the staged message; nothing is copied.
#[derive(Clone, Copy, Debug, Default)]
pub struct FrameCodec;

/// A received message is not a frame.
#[derive(Debug, Error)]
pub enum NotAFrame {
    #[error("found a text message of {bytes} bytes, expected a binary message")]
    Text { bytes: usize },
    #[error(transparent)]
    Malformed(#[from] DecodeError),
}

impl Codec for FrameCodec {
    type Out<'m> = ClientMessage<'m>;
    type In<'m> = Frame<'m>;
    type EncodeError = EncodeError;
    type DecodeError = NotAFrame;

    fn encode<'m>(&self, message: Self::Out<'m>) -> Result<Outgoing<'m>, EncodeError> {
        Ok(Outgoing::Binary(Cow::Owned(message.to_bytes()?)))
    }

    /// Hot: once per frame.
    fn decode<'m>(&self, message: Incoming<'m>) -> Result<Frame<'m>, NotAFrame> {
        match message {
            Incoming::Binary(bytes) => Ok(Frame::decode(bytes)?),
            Incoming::Text(text) => Err(NotAFrame::Text { bytes: text.len() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Body, Bye, ByeReason, Header, Interval, Timestamp};

    use super::*;

    #[test]
    fn requests_are_binary_messages() {
        let probe = ClientMessage::Probe { origin: Timestamp::from_micros(7) };
        let Ok(Outgoing::Binary(bytes)) = FrameCodec.encode(probe) else { panic!("not binary") };
        assert!(matches!(ClientMessage::decode(&bytes), Ok(read) if read == probe));
    }

    #[test]
    fn a_frame_borrows_from_the_message() {
        let bye = Bye { reason: ByeReason::Overloaded, retry_after: Interval::ZERO, text: "later" };
        let bytes = Frame { header: Header::default(), body: Body::Bye(bye) }.to_bytes().expect("it fits");
        let Ok(Frame { body: Body::Bye(read), .. }) = FrameCodec.decode(Incoming::Binary(&bytes)) else {
            panic!("no bye")
        };
        assert_eq!(read, bye);
        assert!(bytes.as_ptr_range().contains(&read.text.as_ptr()));
    }

    #[test]
    fn text_and_malformed_messages_are_errors() {
        assert!(matches!(FrameCodec.decode(Incoming::Text("hi")), Err(NotAFrame::Text { bytes: 2 })));
        assert!(matches!(FrameCodec.decode(Incoming::Binary(b"hi")), Err(NotAFrame::Malformed(_))));
    }
}
