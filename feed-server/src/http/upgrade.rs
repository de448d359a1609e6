//! From a request to a WebSocket.

use hyper::header::{CONTENT_LENGTH, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::net::connection::Connection;
use crate::net::connection_limiter::Place;
use crate::net::socket::Socket;

/// Why a request is not upgraded.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    /// It is no WebSocket handshake.
    #[error("not a WebSocket handshake: {0}")]
    NotAHandshake(Box<tokio_tungstenite::tungstenite::Error>),
    /// It is one of another version of the protocol.
    #[error("WebSocket version {found:?}: expected 13")]
    Version {
        /// The version it named.
        found: String,
    },
    /// It announces a body, whose bytes would be taken for frames: request smuggling.
    #[error("a handshake has no body: expected neither Content-Length nor Transfer-Encoding")]
    Body,
}

impl UpgradeError {
    /// The status it is answered with.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotAHandshake(_) | Self::Body => StatusCode::BAD_REQUEST,
            Self::Version { .. } => StatusCode::UPGRADE_REQUIRED,
        }
    }
}

/// Checks a handshake and makes the answer that accepts it.
///
/// # Errors
/// [`UpgradeError`], to be answered with its status.
pub fn accept<B>(request: &Request<B>) -> Result<Response<()>, UpgradeError> {
    if request.headers().contains_key(CONTENT_LENGTH) || request.headers().contains_key(TRANSFER_ENCODING) {
        return Err(UpgradeError::Body);
    }
    if let Some(version) = request.headers().get(SEC_WEBSOCKET_VERSION)
        && version != "13"
    {
        let found = String::from_utf8_lossy(version.as_bytes()).into_owned();
        return Err(UpgradeError::Version { found });
    }
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.version_mut() = request.version();
    *head.headers_mut() = request.headers().clone();
    create_response(&head).map_err(|error| UpgradeError::NotAHandshake(Box::new(error)))
}

/// A connection that speaks WebSocket from here on.
#[derive(Debug)]
pub struct Upgraded {
    /// Its socket.
    pub socket: Box<dyn Socket>,
    /// What the peer has sent already.
    pub early: Vec<u8>,
    /// Its place among the server's connections, kept until the session ends.
    pub place: Option<Place>,
}

/// The WebSocket that a request has become, once its answer is out.
///
/// # Errors
/// When the connection ended before that.
pub async fn finish<B>(request: Request<B>, config: WebSocketConfig) -> hyper::Result<WebSocketStream<Connection>>
where
    B: Send + 'static,
{
    let (connection, early) = taken_back(request).await?;
    Ok(WebSocketStream::from_partially_read(connection, early, Role::Server, Some(config)).await)
}

/// The connection of a request that was upgraded, once its answer is out.
///
/// # Errors
/// When it ended before that.
pub async fn take<B: Send + 'static>(request: Request<B>) -> hyper::Result<Upgraded> {
    let (connection, early) = taken_back(request).await?;
    let (socket, place) = connection.into_socket();
    Ok(Upgraded { socket, early, place: Some(place) })
}

async fn taken_back<B: Send + 'static>(request: Request<B>) -> hyper::Result<(Connection, Vec<u8>)> {
    let upgraded = hyper::upgrade::on(request).await?;
    // The accept loop hands hyper nothing else.
    let parts = match upgraded.downcast::<TokioIo<Connection>>() {
        Ok(parts) => parts,
        Err(_other) => unreachable!("every connection is one of the accept loop's"),
    };
    Ok((parts.io.into_inner(), parts.read_buf.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(headers: &[(&str, &str)]) -> Result<Response<()>, UpgradeError> {
        let mut request = Request::builder()
            .uri("/stream")
            .header("host", "127.0.0.1:9000")
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        accept(&request.body(()).expect("a request"))
    }

    #[test]
    fn the_answer_proves_that_the_key_was_read() {
        // The key and its answer are the example of RFC 6455, section 1.3.
        let response = handshake(&[]).expect("accepted");
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn what_is_no_handshake_is_a_bad_request() {
        let request = Request::builder().uri("/stream").body(()).expect("a request");
        assert!(matches!(accept(&request), Err(UpgradeError::NotAHandshake(_))));
        for (name, value) in [("content-length", "3"), ("transfer-encoding", "chunked")] {
            assert!(matches!(handshake(&[(name, value)]), Err(UpgradeError::Body)), "{name}");
        }
    }
}
