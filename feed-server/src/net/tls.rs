//! The server's certificate, and the TLS handshake.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::plain_response;
use crate::net::tls_socket::TlsSocket;

/// The first byte of every TLS record that opens a handshake (RFC 8446,
/// [section 5.1](https://www.rfc-editor.org/rfc/rfc8446#section-5.1), `ContentType`).
const HANDSHAKE: u8 = 22;

/// The reason why a certificate cannot be used. The text never contains a part of the key.
#[derive(Debug, Error)]
pub enum TlsError {
    #[error("{path}: {error}")]
    Unreadable { path: String, error: io::Error },
    #[error("{path}: expected {expected} in PEM: {found}")]
    Pem { path: String, expected: &'static str, found: pem::Error },
    /// Certificate and key do not belong together, or are of an unsupported kind.
    #[error("{certificate} and {key}: {error}")]
    Mismatch { certificate: String, key: String, error: rustls::Error },
}

/// A certificate and its key, as files that may be renewed while the server runs.
#[derive(Debug)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    config: Mutex<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads a certificate with its chain, and its key, both in PEM.
    ///
    /// # Errors
    /// [`TlsError`], in one line.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let config = Mutex::new(config(certificate, key)?);
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), config })
    }

    /// Reads the files again and uses them for new connections.
    ///
    /// # Errors
    /// [`TlsError`]; the certificate in use is kept.
    pub fn renew(&self) -> Result<(), TlsError> {
        let renewed = config(&self.certificate, &self.key)?;
        *self.config.lock() = renewed;
        Ok(())
    }

    /// Does the handshake. A peer that sends plain HTTP gets a response in plain HTTP.
    ///
    /// # Errors
    /// When the handshake fails or the connection is lost.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsSocket> {
        let mut first = [HANDSHAKE];
        stream.peek(&mut first).await?;
        if first != [HANDSHAKE] {
            plain_response::send(stream, "400 Bad Request", "", PLAIN_HTTP).await;
            return Err(io::Error::new(ErrorKind::InvalidData, "not TLS"));
        }
        let config = Arc::clone(&self.config.lock());
        let (stream, tls) = TlsAcceptor::from(config).accept(stream).await?.into_inner();
        Ok(TlsSocket::new(stream, tls))
    }
}

/// A browser shows this for an `http:` address.
const PLAIN_HTTP: &str = "this port accepts TLS only: use an address that begins with https://\n";

fn config(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let pem = |path: &Path, expected: &'static str, error: pem::Error| {
        let path = path.display().to_string();
        match error {
            pem::Error::Io(error) => TlsError::Unreadable { path, error },
            found => TlsError::Pem { path, expected, found },
        }
    };
    let refused = |error| pem(certificate, "certificates", error);
    let chain = CertificateDer::pem_file_iter(certificate).map_err(refused)?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(refused)?;
    if chain.is_empty() {
        return Err(refused(pem::Error::NoItemsFound));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| pem(key, "a private key", error))?;
    let mismatch = |error| TlsError::Mismatch {
        certificate: certificate.display().to_string(),
        key: key.display().to_string(),
        error,
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(mismatch)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(mismatch)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
