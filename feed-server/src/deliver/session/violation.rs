//! The rules that a viewer can break, with close code and reason of each.

use protocol::close_codes::{ACCESS_DENIED, MAX_REASON_BYTES, TOKEN_REQUIRED, UNSUPPORTED_VERSION};
use protocol::limits::MAX_MESSAGE_BYTES;
use protocol::{DecodeError, SUBPROTOCOL};
use thiserror::Error;
use tokio_tungstenite::tungstenite::Error as WebSocketError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::liveness::{ANSWER_DEADLINE, READING_DEADLINE, SUBSCRIBE_DEADLINE};
use crate::deliver::fanout::viewer_stream::Flooded;
use crate::rate_limiter::{BYTES_AT_ONCE, BYTES_PER_SECOND, MESSAGES_AT_ONCE, MESSAGES_PER_SECOND};
use crate::telemetry::RefusalReason;

#[derive(Debug, Error)]
pub enum Violation {
    #[error("{0}")]
    Malformed(#[source] DecodeError),
    #[error("this server speaks {SUBPROTOCOL} only")]
    OtherVersion,
    #[error("found a text message, expected a binary message")]
    Text,
    #[error("message too big: the limit is {MAX_MESSAGE_BYTES} bytes")]
    TooBig,
    #[error("{0}")]
    WebSocket(String),
    #[error("text is not UTF-8")]
    Utf8,
    #[error("no `Subscribe` message within {} s", SUBSCRIBE_DEADLINE.as_secs())]
    NotSubscribed,
    #[error("the viewer has read nothing for {} s", READING_DEADLINE.as_secs())]
    NotReading,
    #[error("no answer to a ping within {} s", ANSWER_DEADLINE.as_secs())]
    NoAnswer,
    #[error("too many messages: the limit is {MESSAGES_PER_SECOND} a second, {MESSAGES_AT_ONCE} at once")]
    TooManyMessages,
    #[error("too many bytes: the limit is {} KiB a second, {} KiB at once", BYTES_PER_SECOND >> 10, BYTES_AT_ONCE >> 10)]
    TooManyBytes,
    #[error("open the link that the server printed at start")]
    NoToken,
    #[error("session ended: open the link that the server printed at start, or paste its token")]
    SessionEnded,
    #[error("the role of this token does not include viewing")]
    WrongRole,
}

impl Violation {
    /// The rule that was broken, if the error is the viewer's fault.
    pub fn of_websocket(error: &WebSocketError) -> Option<Self> {
        use tokio_tungstenite::tungstenite::error::ProtocolError;
        match error {
            WebSocketError::Capacity(_) => Some(Self::TooBig),
            WebSocketError::Utf8(_) => Some(Self::Utf8),
            WebSocketError::Io(error)
                if error.get_ref().is_some_and(|inner| inner.downcast_ref::<Flooded>().is_some()) =>
            {
                Some(Self::TooManyBytes)
            }
            // The connection was lost.
            WebSocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing) => {
                None
            }
            WebSocketError::Protocol(error) => Some(Self::WebSocket(error.to_string())),
            _ => None,
        }
    }

    pub fn close_code(&self) -> CloseCode {
        match self {
            Self::OtherVersion | Self::Malformed(DecodeError::UnsupportedVersion { .. }) => {
                CloseCode::Library(UNSUPPORTED_VERSION)
            }
            Self::NotSubscribed | Self::NotReading | Self::NoAnswer | Self::TooManyMessages | Self::TooManyBytes => {
                CloseCode::Policy
            }
            Self::Malformed(_) | Self::Utf8 => CloseCode::Invalid,
            Self::Text => CloseCode::Unsupported,
            Self::TooBig => CloseCode::Size,
            Self::WebSocket(_) => CloseCode::Protocol,
            Self::NoToken | Self::SessionEnded => CloseCode::Library(TOKEN_REQUIRED),
            Self::WrongRole => CloseCode::Library(ACCESS_DENIED),
        }
    }

    /// The close reason, cut to the limit.
    pub fn reason(&self) -> String {
        let mut reason = self.to_string();
        reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
        reason
    }

    /// The label under which the violation is counted.
    pub const fn label(&self) -> RefusalReason {
        match self {
            Self::Malformed(_) | Self::OtherVersion => RefusalReason::Malformed,
            Self::Text | Self::Utf8 => RefusalReason::Text,
            Self::TooBig => RefusalReason::TooBig,
            Self::WebSocket(_) => RefusalReason::WebSocket,
            Self::NotSubscribed | Self::NotReading | Self::NoAnswer => RefusalReason::Timeout,
            Self::TooManyMessages | Self::TooManyBytes => RefusalReason::Flood,
            Self::NoToken => RefusalReason::Token,
            Self::SessionEnded => RefusalReason::SessionEnded,
            Self::WrongRole => RefusalReason::Role,
        }
    }
}
