//! Upgrades a request to a WebSocket.

use axum::body::Body;
use axum::response::Response;
use hyper::header::{CONTENT_LENGTH, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::server::create_response;

use crate::net::connection::{Connection, Upgraded};

/// The reason why a request is not upgraded.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    #[error("not a WebSocket handshake: {0}")]
    NotAHandshake(Box<tokio_tungstenite::tungstenite::Error>),
    #[error("WebSocket version {found:?}: expected 13")]
    Version { found: String },
    /// The bytes of a body would be read as frames (request smuggling).
    #[error("a handshake has no body: expected neither Content-Length nor Transfer-Encoding")]
    Body,
}

impl UpgradeError {
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotAHandshake(_) | Self::Body => StatusCode::BAD_REQUEST,
            Self::Version { .. } => StatusCode::UPGRADE_REQUIRED,
        }
    }
}

/// Checks a handshake and returns the response that accepts it.
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

/// Accepts a handshake, and passes the connection to `serve` in a new task after the response.
///
/// # Errors
/// [`UpgradeError`], to be answered with its status.
pub fn upgrade<B, F>(
    request: Request<B>,
    serve: impl FnOnce(Upgraded) -> F + Send + 'static,
) -> Result<Response, UpgradeError>
where
    B: Send + 'static,
    F: Future<Output = ()> + Send,
{
    let response = accept(&request)?;
    tokio::spawn(async move {
        match hyper::upgrade::on(request).await {
            Ok(upgraded) => serve(into_connection(upgraded)).await,
            Err(error) => tracing::debug!(%error, "connection ended before its upgrade"),
        }
    });
    Ok(response.map(|()| Body::empty()))
}

fn into_connection(upgraded: hyper::upgrade::Upgraded) -> Upgraded {
    // The accept loop passes only this type to hyper.
    let Ok(parts) = upgraded.downcast::<TokioIo<Connection>>() else {
        unreachable!("every connection comes from the accept loop")
    };
    Upgraded { connection: parts.io.into_inner(), early: parts.read_buf.to_vec() }
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
    fn the_example_key_of_the_rfc_gives_the_response_of_the_rfc() {
        // The key and its answer are the example of RFC 6455, section 1.3.
        let response = handshake(&[]).expect("accepted");
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn requests_without_a_handshake_are_refused() {
        let request = Request::builder().uri("/stream").body(()).expect("a request");
        assert!(matches!(accept(&request), Err(UpgradeError::NotAHandshake(_))));
        for (name, value) in [("content-length", "3"), ("transfer-encoding", "chunked")] {
            assert!(matches!(handshake(&[(name, value)]), Err(UpgradeError::Body)), "{name}");
        }
    }
}
