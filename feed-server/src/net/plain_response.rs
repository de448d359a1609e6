//! Answers to peers whose request is not even read.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long the peer gets to read it.
const DEADLINE: Duration = Duration::from_secs(1);

/// Answers with `status`, such as `400 Bad Request`, these headers, each with its line end, and a text; closes; and waits a
/// moment until the peer has read that: a socket that is closed with bytes unread is reset, and the reset takes the answer with
/// it.
pub async fn answer(mut stream: TcpStream, status: &str, headers: &str, text: &str) {
    let answer = format!(
        "HTTP/1.1 {status}\r\n{headers}connection: close\r\ncontent-type: text/plain; charset=utf-8\r\n\
         content-length: {}\r\n\r\n{text}",
        text.len()
    );
    let told = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        let mut ignored = [0; 1_024];
        while stream.read(&mut ignored).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _gone_anyway = timeout(DEADLINE, told).await;
}
