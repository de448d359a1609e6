//! Why a session ended, and what its viewer is told.

use thiserror::Error;
use tokio_tungstenite::tungstenite::Error as WebSocketError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::refusal::Refused;

/// Why a session ended.
#[derive(Debug, Error)]
pub(super) enum Ended {
    #[error("the viewer closed the connection")]
    ClosedByViewer,
    #[error("the server is stopping")]
    Stopping,
    #[error("what wrote to the viewer has failed")]
    Abandoned,
    #[error("{0}")]
    Refused(#[from] Refused),
    #[error("connection lost: {0}")]
    Lost(#[source] Box<WebSocketError>),
    #[error("connection lost: {0}")]
    Io(#[from] std::io::Error),
    #[error("frame could not be encoded: {0}")]
    Encode(#[from] protocol::EncodeError),
}

impl From<WebSocketError> for Ended {
    fn from(error: WebSocketError) -> Self {
        match Refused::by_websocket(&error) {
            Some(refused) => Self::Refused(refused),
            None if matches!(error, WebSocketError::ConnectionClosed | WebSocketError::AlreadyClosed) => {
                Self::ClosedByViewer
            }
            None => Self::Lost(Box::new(error)),
        }
    }
}

impl Ended {
    /// Close code and reason, for a viewer that may still be there.
    pub(super) fn close(&self) -> (CloseCode, String) {
        match self {
            Self::ClosedByViewer | Self::Lost(_) | Self::Io(_) => (CloseCode::Normal, String::new()),
            Self::Stopping => (CloseCode::Away, self.to_string()),
            Self::Refused(refused) => (refused.close_code(), refused.reason()),
            Self::Encode(_) | Self::Abandoned => (CloseCode::Error, "internal error".to_owned()),
        }
    }
}
