//! The close handshake of a WebSocket.

use std::time::Duration;

use futures_util::SinkExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::socket::{ACKNOWLEDGED_CHECK, Socket};

/// Time for the peer to answer a close.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);

/// Sends `frame` and waits for a short time until the peer has closed. Returns false if it has not.
pub async fn close_handshake<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut WebSocketStream<S>,
    frame: CloseFrame,
) -> bool {
    let close = async {
        // A pong that waits would be sent after the close, which the protocol forbids.
        let _gone = socket.flush().await;
        // After a fatal read error tungstenite does not read any more, but still writes. It refuses a second close if the peer
        // closed first: its answer was flushed above.
        let _answered = socket.send(Message::Close(Some(frame))).await;
        linger(socket.get_mut()).await;
    };
    timeout(CLOSE_DEADLINE, close).await.is_ok()
}

/// Waits for a short time until a peer that has closed has acknowledged every byte: it may have ended only its direction,
/// and a socket that is dropped is reset.
pub async fn acknowledged(socket: &impl Socket) {
    let acknowledged = async {
        while !socket.is_closed() {
            sleep(ACKNOWLEDGED_CHECK).await;
        }
    };
    let _reset = timeout(CLOSE_DEADLINE, acknowledged).await;
}

/// Reads until the peer has closed. A socket that is dropped with bytes unread is reset, and the close frame is lost.
async fn linger(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let mut ignored = [0; 4_096];
    if stream.shutdown().await.is_ok() {
        while let Ok(1..) = stream.read(&mut ignored).await {}
    }
}
