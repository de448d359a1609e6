//! Upgrades a request to a WebSocket.

use axum::body::Body;
use axum::response::Response;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::server::create_response;

use super::header_list;
use super::session_halves::Selected;
use crate::net::connection::{Connection, Upgraded};

/// The reason why a request is not upgraded.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    #[error("not a WebSocket handshake: {0}")]
    NotAHandshake(Box<tokio_tungstenite::tungstenite::Error>),
    #[error("WebSocket version {found:?}: expected 13")]
    Version { found: String },
    /// RFC 6455, section 11.3: neither may be repeated.
    #[error("expected one header {header}, found {found}")]
    Repeated { header: HeaderName, found: usize },
    /// The bytes of a body would be read as frames (request smuggling).
    #[error("a handshake has no body: expected neither Content-Length nor Transfer-Encoding")]
    Body,
}

impl UpgradeError {
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotAHandshake(_) | Self::Repeated { .. } | Self::Body => StatusCode::BAD_REQUEST,
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
    let mut versions = request.headers().get_all(SEC_WEBSOCKET_VERSION).iter();
    if versions.any(|version| version != "13") {
        let found: Vec<_> =
            request.headers().get_all(SEC_WEBSOCKET_VERSION).iter().map(HeaderValue::as_bytes).collect();
        return Err(UpgradeError::Version { found: String::from_utf8_lossy(&found.join(&b", "[..])).into_owned() });
    }
    for header in [SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION] {
        let found = request.headers().get_all(&header).iter().count();
        if found > 1 {
            return Err(UpgradeError::Repeated { header, found });
        }
    }
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.version_mut() = request.version();
    *head.headers_mut() = request.headers().clone();
    // tungstenite reads one line of a list only.
    for (list, token) in [(CONNECTION, "upgrade"), (UPGRADE, "websocket")] {
        if header_list::has(request.headers(), &list, token) {
            head.headers_mut().insert(list, HeaderValue::from_static(token));
        } else {
            head.headers_mut().remove(list);
        }
    }
    let mut response = create_response(&head).map_err(|error| UpgradeError::NotAHandshake(Box::new(error)))?;
    if let Some(subprotocol) = Selected::of(request.headers()).header() {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    Ok(response)
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

    /// A handshake with these lines in place of `Connection: Upgrade` and `Upgrade: websocket`.
    fn with_lists(connection: &[&str], upgrade: &[&str]) -> Result<Response<()>, UpgradeError> {
        let mut request = Request::builder()
            .uri("/stream")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        for (name, lines) in [(CONNECTION, connection), (UPGRADE, upgrade)] {
            for line in lines {
                request = request.header(&name, *line);
            }
        }
        accept(&request.body(()).expect("a request"))
    }

    #[test]
    fn lists_of_a_handshake_may_have_several_lines_and_items() {
        for (connection, upgrade) in [
            (&["keep-alive", "Upgrade"][..], &["websocket"][..]),
            (&["keep-alive, UPGRADE"], &["WebSocket"]),
            (&["upgrade"], &["h2c", "websocket"]),
            (&["upgrade ,foo"], &["h2c , websocket"]),
        ] {
            assert!(with_lists(connection, upgrade).is_ok(), "{connection:?} {upgrade:?}");
        }
        for (connection, upgrade) in [
            (&["keep-alive", "close"][..], &["websocket"][..]),
            (&["upgrades"], &["websocket"]),
            (&["upgrade"], &["h2c", "websockets"]),
            (&[], &["websocket"]),
            (&["upgrade"], &[]),
        ] {
            assert!(with_lists(connection, upgrade).is_err(), "{connection:?} {upgrade:?}");
        }
    }

    #[test]
    fn a_repeated_key_or_version_is_refused() {
        let key = handshake(&[("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==")]).expect_err("refused");
        assert_eq!(key.to_string(), "expected one header sec-websocket-key, found 2");
        assert!(matches!(handshake(&[("sec-websocket-version", "13")]), Err(UpgradeError::Repeated { .. })));
        let version = handshake(&[("sec-websocket-version", "8")]).expect_err("refused");
        assert_eq!(version.to_string(), "WebSocket version \"13, 8\": expected 13");
    }

    #[test]
    fn the_subprotocol_is_selected_if_it_is_offered() {
        let offered =
            handshake(&[("sec-websocket-protocol", "kymograph.3, kymograph.2, key.secret")]).expect("accepted");
        assert_eq!(offered.headers()["sec-websocket-protocol"], "kymograph.2");
        let other =
            handshake(&[("sec-websocket-protocol", "kymograph.9, kymograph.3")]).expect("accepted, and then closed");
        assert_eq!(other.headers()["sec-websocket-protocol"], "kymograph.9");
        assert!(!handshake(&[]).expect("accepted").headers().contains_key("sec-websocket-protocol"));
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
