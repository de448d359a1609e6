//! Responses to peers whose request is not read.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::socket::Socket;

/// Time for the peer to read the response.
const DEADLINE: Duration = Duration::from_secs(1);

/// Sends `status`, such as `400 Bad Request`, `headers`, each with its line end, and a text. Then closes, and waits for a
/// short time until the peer has closed: a socket that is closed with unread bytes is reset, and the response is lost.
pub async fn send(mut stream: TcpStream, status: &str, headers: &str, text: &str) {
    let response = format!(
        "HTTP/1.1 {status}\r\n{headers}connection: close\r\ncontent-type: text/plain; charset=utf-8\r\n\
         content-length: {}\r\n\r\n{text}",
        text.len()
    );
    let sent = async {
        stream.write_all(response.as_bytes()).await?;
        stream.shutdown().await?;
        let mut ignored = [0; 1_024];
        while stream.read(&mut ignored).await? > 0 {}
        // The peer may have ended its direction before it read the response.
        stream.send_rest_after_drop();
        std::io::Result::Ok(())
    };
    let _gone_anyway = timeout(DEADLINE, sent).await;
}
