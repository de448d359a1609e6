//! The last words to a viewer.

use std::time::Duration;

use futures_util::SinkExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// How long a peer gets to answer a close.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);

/// Closes, and waits a moment until the peer has too.
pub async fn farewell<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>, frame: CloseFrame) {
    let close = async {
        // A pong that waits would go out after the close, where nothing may.
        let _gone = socket.flush().await;
        // After a fatal read error tungstenite refuses to go on reading, but still writes.
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            linger(socket.get_mut()).await;
        }
    };
    let _gone_anyway = timeout(CLOSE_DEADLINE, close).await;
}

/// Reads on until the peer has closed. A socket that is dropped with bytes unread is reset, and a reset takes the close
/// frame with it.
async fn linger(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let mut ignored = [0; 4_096];
    if stream.shutdown().await.is_ok() {
        while let Ok(1..) = stream.read(&mut ignored).await {}
    }
}
