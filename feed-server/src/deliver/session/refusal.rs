//! Which close code and reason a broken rule earns.

use protocol::DecodeError;
use thiserror::Error;
use tokio_tungstenite::tungstenite::Error as WebSocketError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::deliver::fanout::viewer_stream::Flooded;
use crate::telemetry::Refusal;

/// A close reason may have so many bytes (RFC 6455, section 5.5).
const MAX_REASON_BYTES: usize = 123;

/// A rule that a viewer broke.
#[derive(Debug, Error)]
pub enum Refused {
    /// A binary message that does not decode.
    #[error("{0}")]
    Malformed(#[source] DecodeError),
    /// A text message.
    #[error("text message: this protocol is binary")]
    Text,
    /// A message above the limit.
    #[error("message too big: the limit is {} bytes", protocol::limits::MAX_MESSAGE_BYTES)]
    TooBig,
    /// Bytes that break the WebSocket protocol itself.
    #[error("{0}")]
    WebSocket(String),
    /// Text that is not UTF-8.
    #[error("text is not UTF-8")]
    Utf8,
    /// No request came in time.
    #[error("no subscribe request came within 5 s")]
    Silent,
    /// The viewer took nothing for too long.
    #[error("nothing was read for 30 s")]
    NotReading,
    /// The viewer did not answer a ping.
    #[error("no answer to a ping within 5 s")]
    NoAnswer,
    /// More messages than the viewer may send.
    #[error("too many messages: the limit is 20 a second, 40 at once")]
    Flood,
    /// More bytes than the viewer may send.
    #[error("too many bytes: the limit is 64 KiB a second, 512 KiB at once")]
    Bytes,
    /// A page without the token.
    #[error("open the link that the server printed at its start")]
    NoToken,
}

impl Refused {
    /// The rule that a socket error says was broken, if it was the viewer's doing.
    pub fn by_websocket(error: &WebSocketError) -> Option<Self> {
        use tokio_tungstenite::tungstenite::error::ProtocolError;
        match error {
            WebSocketError::Capacity(_) => Some(Self::TooBig),
            WebSocketError::Utf8(_) => Some(Self::Utf8),
            WebSocketError::Io(error)
                if error.get_ref().is_some_and(|inner| inner.downcast_ref::<Flooded>().is_some()) =>
            {
                Some(Self::Bytes)
            }
            // Peers that vanish without a close are lost, not guilty.
            WebSocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing) => {
                None
            }
            WebSocketError::Protocol(error) => Some(Self::WebSocket(error.to_string())),
            _ => None,
        }
    }

    /// The WebSocket close code.
    pub fn close_code(&self) -> CloseCode {
        match self {
            Self::Malformed(DecodeError::UnsupportedVersion { .. }) => CloseCode::Library(4426),
            Self::Malformed(DecodeError::UnknownKind { .. })
            | Self::Silent
            | Self::NotReading
            | Self::NoAnswer
            | Self::Flood
            | Self::Bytes => CloseCode::Policy,
            Self::Malformed(_) | Self::Utf8 => CloseCode::Invalid,
            Self::Text => CloseCode::Unsupported,
            Self::TooBig => CloseCode::Size,
            Self::WebSocket(_) => CloseCode::Protocol,
            Self::NoToken => CloseCode::Library(4401),
        }
    }

    /// The close reason, cut to what a close frame can hold.
    pub fn reason(&self) -> String {
        let mut reason = self.to_string();
        reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
        reason
    }

    /// How it is counted.
    pub const fn label(&self) -> Refusal {
        match self {
            Self::Malformed(_) => Refusal::Malformed,
            Self::Text | Self::Utf8 => Refusal::Text,
            Self::TooBig => Refusal::TooBig,
            Self::WebSocket(_) => Refusal::WebSocket,
            Self::Silent | Self::NotReading | Self::NoAnswer => Refusal::Timeout,
            Self::Flood | Self::Bytes => Refusal::Flood,
            Self::NoToken => Refusal::Token,
        }
    }
}
