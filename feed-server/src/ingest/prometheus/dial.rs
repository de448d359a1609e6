//! Connections to targets.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;

use super::asking::Asking;
use super::target_url::{Scheme, TargetUrl};

#[derive(Debug, Error)]
pub(super) enum DialError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the name {host:?} is not found: {error}")]
    Name { host: String, error: io::Error },
    #[error("it does not speak TLS: write http:// in place of https://")]
    NotTls,
    #[error("no connection with TLS: {0}. tls.ca names the authorities that are accepted")]
    Tls(io::Error),
    #[error("tls.ca, or the authorities of this system, could not be read")]
    NoTrust,
}

/// A connection, with TLS or without.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Connects, to the first address of the host that accepts.
///
/// # Errors
/// If no address accepts, or the certificate is not accepted.
pub(super) async fn dial(url: &TargetUrl, asking: &Asking) -> Result<Box<dyn Stream>, DialError> {
    let addresses = addresses(&url.host, url.port, &asking.lookups).await?;
    let stream = TcpStream::connect(addresses.as_slice()).await?;
    stream.set_nodelay(true)?;
    if url.scheme == Scheme::Http {
        return Ok(Box::new(stream));
    }
    let config = asking.tls.as_ref().ok_or(DialError::NoTrust)?;
    let name = ServerName::try_from(url.host.clone()).map_err(|error| DialError::Tls(io::Error::other(error)))?;
    let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await.map_err(tls_error)?;
    Ok(Box::new(stream))
}

fn tls_error(error: io::Error) -> DialError {
    let reason = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match reason {
        Some(rustls::Error::InvalidMessage(_)) => DialError::NotTls,
        _ => DialError::Tls(error),
    }
}

/// The addresses of a host. A lookup may take long, whatever the caller waits: the number of those that run is limited, so that the threads
/// for them are not used up.
#[expect(clippy::disallowed_methods, reason = "on a thread for one call, of which `lookups` bounds the number")]
async fn addresses(host: &str, port: u16, lookups: &Arc<Semaphore>) -> Result<Vec<SocketAddr>, DialError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let not_found = |error| DialError::Name { host: host.to_owned(), error };
    let permit = Arc::clone(lookups).acquire_owned().await.map_err(|error| not_found(io::Error::other(error)))?;
    let name = host.to_owned();
    let looked_up = tokio::task::spawn_blocking(move || {
        let addresses = (name.as_str(), port).to_socket_addrs().map(Iterator::collect);
        drop(permit);
        addresses
    });
    looked_up.await.map_err(|error| not_found(io::Error::other(error)))?.map_err(not_found)
}
