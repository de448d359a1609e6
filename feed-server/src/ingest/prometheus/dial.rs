//! Connections to targets.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::target_url::{Scheme, TargetUrl};

/// A connection, with TLS or without.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Connects, to the first address of the host that accepts. `tls` is needed for https.
///
/// # Errors
/// If no address accepts, or the certificate is not accepted.
pub(super) async fn dial(url: &TargetUrl, tls: Option<&Arc<ClientConfig>>) -> io::Result<Box<dyn Stream>> {
    let stream = TcpStream::connect((url.host.as_str(), url.port)).await?;
    stream.set_nodelay(true)?;
    match (url.scheme, tls) {
        (Scheme::Http, _) => Ok(Box::new(stream)),
        (Scheme::Https, Some(config)) => {
            let name = ServerName::try_from(url.host.clone()).map_err(io::Error::other)?;
            let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await?;
            Ok(Box::new(stream))
        }
        (Scheme::Https, None) => Err(io::Error::other("no certificate authorities are loaded")),
    }
}
