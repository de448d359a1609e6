//! A session: one viewer's WebSocket, from the upgrade to the last frame.
//!
//! | file | subject |
//! | --- | --- |
//! | [`cursor`] | where the viewer's stream stands, and which frames are next |
//! | [`pace`] | how often it may be sent something |
//! | [`refusal`] | which close code and reason a broken rule earns |
//! | this file | the loop that ties them to a socket |

pub mod cursor;
pub mod pace;
pub mod refusal;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use protocol::{Body, Bye, ByeReason, ClientMessage, Echo, Interval, Log, Severity, Start, Visibility};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};

use crate::clock;
use crate::hub::Hub;
use crate::shutdown::ShutdownListener;
use cursor::Cursor;
use pace::Pace;
use refusal::Refused;

/// How far back a viewer's window reaches that does not say.
pub const DEFAULT_WINDOW: Interval = Interval::from_secs(60);

/// A viewer that has not taken a write for so long is gone.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);

/// A viewer that asked to begin by request must make it within this time.
const REQUEST_DEADLINE: Duration = Duration::from_secs(5);

/// How long a peer gets to answer a close.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);

/// Most bytes put into the socket before the loop looks at what the viewer said.
const TURN_BYTES: usize = 256 * 1_024;

/// Limits of a viewer's socket. tungstenite's own defaults cost 131 KiB a viewer and bound nothing it writes.
pub fn websocket_config() -> WebSocketConfig {
    let limit = protocol::limits::MAX_MESSAGE_BYTES;
    WebSocketConfig::default()
        .read_buffer_size(4_096)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * TURN_BYTES)
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit))
}

/// When a viewer's stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// At once, with this much history.
    AtOnce(Interval),
    /// When the viewer has sent `Subscribe`.
    OnRequest,
}

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the viewer closed the connection")]
    ClosedByViewer,
    #[error("the server is stopping")]
    Stopping,
    #[error("{0}")]
    Refused(#[from] Refused),
    #[error("connection lost: {0}")]
    Lost(#[source] Box<WebSocketError>),
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

/// Serves one viewer until it leaves, breaks a rule, or the server stops.
pub async fn run<S>(socket: WebSocketStream<S>, hub: Arc<Hub>, opening: Opening, shutdown: ShutdownListener)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut session = Session { socket, hub, pace: Pace::default() };
    let ended = session.serve(opening, shutdown).await;
    tracing::debug!(%ended, "session ended");
    session.end(ended).await;
}

/// Ready at `due`, or at once.
async fn until(due: Option<tokio::time::Instant>) {
    if let Some(due) = due {
        sleep_until(due).await;
    }
}

struct Session<S> {
    socket: WebSocketStream<S>,
    hub: Arc<Hub>,
    pace: Pace,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    async fn serve(&mut self, opening: Opening, mut shutdown: ShutdownListener) -> Ended {
        tokio::select! {
            biased;
            () = shutdown.stopped() => Ended::Stopping,
            result = self.stream(opening) => match result {
                Ok(never) => match never {},
                Err(ended) => ended,
            },
        }
    }

    async fn stream(&mut self, opening: Opening) -> Result<std::convert::Infallible, Ended> {
        let (_seat, mut ring_end) = self.hub.join();
        let hello = self.hub.hello()?;
        self.send([hello]).await?;
        let start = match opening {
            Opening::AtOnce(window) => Start::Window(window),
            Opening::OnRequest => {
                timeout(REQUEST_DEADLINE, self.first_request()).await.map_err(|_| Refused::Silent)??
            }
        };
        let mut cursor = Cursor::at(&self.hub, start)?;
        loop {
            let now = tokio::time::Instant::now();
            if self.pace.due(now) {
                let turn = cursor.next_turn(&self.hub, TURN_BYTES)?;
                if !turn.is_empty() {
                    self.pace.sent(now);
                    self.send(turn).await?;
                }
            }
            let more = !cursor.is_caught_up(&self.hub);
            let next_due = self.pace.next_due();
            tokio::select! {
                // What the viewer says comes first: a flood of frames must not keep it from being heard.
                biased;
                message = self.socket.next() => {
                    let message = message.ok_or(Ended::ClosedByViewer)??;
                    if let Some(start) = self.read(message).await? {
                        cursor = Cursor::at(&self.hub, start)?;
                    }
                }
                () = until(next_due), if more => {}
                changed = ring_end.changed(), if !more => {
                    changed.map_err(|_| Ended::Stopping)?;
                }
            }
        }
    }

    async fn first_request(&mut self) -> Result<Start, Ended> {
        loop {
            let message = self.socket.next().await.ok_or(Ended::ClosedByViewer)??;
            if let Some(start) = self.read(message).await? {
                return Ok(start);
            }
        }
    }

    /// Does what a message asks for. A `Subscribe` is handed back.
    async fn read(&mut self, message: Message) -> Result<Option<Start>, Ended> {
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Text(_) => return Err(Refused::Text.into()),
            Message::Close(_) => return Err(Ended::ClosedByViewer),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(None),
        };
        self.hub.telemetry().messages_received.inc();
        match ClientMessage::decode(&bytes).map_err(Refused::Malformed)? {
            ClientMessage::Subscribe { start } => return Ok(Some(start)),
            ClientMessage::Probe { origin } => {
                let echo = Body::Echo(Echo { origin, received: clock::now() });
                self.send([self.hub.frame_now(echo)?]).await?;
            }
            ClientMessage::Pace { visibility, frames_per_second } => {
                let rate = if visibility == Visibility::Hidden { 0 } else { frames_per_second };
                self.pace.limit(rate);
            }
            ClientMessage::Acknowledge { sequence } => tracing::trace!(%sequence, "acknowledged"),
            ClientMessage::Annotate { .. } | ClientMessage::Relay { .. } => {
                let text = "this feed is read-only: the request was not carried out";
                let log = Body::Log(Log { at: clock::now(), severity: Severity::Warning, source: "feed-server", text });
                self.send([self.hub.frame_now(log)?]).await?;
            }
        }
        Ok(None)
    }

    async fn send(&mut self, frames: impl IntoIterator<Item = Bytes>) -> Result<(), Ended> {
        let telemetry = self.hub.telemetry().clone();
        let write = async {
            for frame in frames {
                telemetry.frames_sent.inc();
                telemetry.bytes_sent.inc_by(frame.len() as u64);
                self.socket.feed(Message::Binary(frame)).await?;
            }
            self.socket.flush().await
        };
        timeout(WRITE_DEADLINE, write).await.map_err(|_| Refused::NotReading)??;
        Ok(())
    }

    /// Says why the session ends, where there is still somebody to hear it.
    async fn end(&mut self, ended: Ended) {
        let (code, reason) = match &ended {
            Ended::ClosedByViewer | Ended::Lost(_) => (CloseCode::Normal, String::new()),
            Ended::Stopping => {
                let text = "the server is stopping";
                let retry_after = Interval::from_millis(250);
                let bye = Body::Bye(Bye { reason: ByeReason::ServerStopping, retry_after, text });
                if let Ok(bye) = self.hub.frame_now(bye) {
                    let _gone_anyway = timeout(CLOSE_DEADLINE, self.send([bye])).await;
                }
                (CloseCode::Away, text.to_owned())
            }
            Ended::Refused(refused) => {
                self.hub.telemetry().refuse(refused.label());
                (refused.close_code(), refused.reason())
            }
            Ended::Encode(error) => {
                tracing::error!(%error, "session closed");
                (CloseCode::Error, "internal error".to_owned())
            }
        };
        let close = async {
            let frame = CloseFrame { code, reason: reason.into() };
            // After a fatal read error tungstenite refuses to go on reading, but still writes.
            if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
                linger(self.socket.get_mut()).await;
            }
        };
        let _gone_anyway = timeout(CLOSE_DEADLINE, close).await;
    }
}

/// Reads on until the peer has closed. A socket that is dropped with bytes unread is reset, and a reset takes the close
/// frame with it.
async fn linger(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let mut ignored = [0; 4_096];
    if stream.shutdown().await.is_ok() {
        while let Ok(1..) = stream.read(&mut ignored).await {}
    }
}
