//! The reason for the end of a publisher's session, and the close that it is sent.

use thiserror::Error;
use tokio_tungstenite::tungstenite::Error as WebSocketError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::violation::Violation;
use crate::deliver::session::violation::Violation as SessionViolation;

#[derive(Debug, Error)]
pub(super) enum SessionEnd {
    #[error("the publisher closed the connection")]
    ClosedByPublisher,
    #[error("the server is stopping")]
    Stopping,
    #[error("{0}")]
    Violation(#[from] Violation),
    #[error("connection lost: {0}")]
    Lost(#[source] Box<WebSocketError>),
    #[error("connection lost: {0}")]
    Io(#[from] std::io::Error),
    #[error("cannot encode a frame: {0}")]
    Encode(#[from] protocol::EncodeError),
}

impl From<WebSocketError> for SessionEnd {
    fn from(error: WebSocketError) -> Self {
        match SessionViolation::of_websocket(&error) {
            Some(violation) => Self::Violation(violation.into()),
            None if matches!(error, WebSocketError::ConnectionClosed | WebSocketError::AlreadyClosed) => {
                Self::ClosedByPublisher
            }
            None => Self::Lost(Box::new(error)),
        }
    }
}

impl SessionEnd {
    /// Close code and reason.
    pub(super) fn close(&self) -> (CloseCode, String) {
        match self {
            Self::ClosedByPublisher | Self::Lost(_) | Self::Io(_) => (CloseCode::Normal, String::new()),
            Self::Stopping => (CloseCode::Away, self.to_string()),
            Self::Violation(violation) => (violation.close_code(), violation.reason()),
            Self::Encode(_) => (CloseCode::Error, "internal error".to_owned()),
        }
    }
}
