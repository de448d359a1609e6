//! The product's own messages: frames come in, a viewer's requests go out, both binary.

use std::borrow::Cow;

use protocol::{ClientMessage, DecodeError, EncodeError, Frame};
use thiserror::Error;

use super::codec::{Codec, Incoming, Outgoing};

/// The codec of the [`protocol`] crate. A frame borrows its columns from the staged message: nothing is copied.
#[derive(Clone, Copy, Debug, Default)]
pub struct FrameCodec;

/// A message that is no frame.
#[derive(Debug, Error)]
pub enum NotAFrame {
    /// The protocol is binary.
    #[error("a text message of {bytes} bytes: frames are binary")]
    Text {
        /// Its length.
        bytes: usize,
    },
    /// A binary message that breaks the protocol.
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
    fn requests_leave_in_binary() {
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
    fn anything_else_is_refused() {
        assert!(matches!(FrameCodec.decode(Incoming::Text("hi")), Err(NotAFrame::Text { bytes: 2 })));
        assert!(matches!(FrameCodec.decode(Incoming::Binary(b"hi")), Err(NotAFrame::Malformed(_))));
    }
}
