//! The files of a certificate and its key, in PEM: read, checked, and converted for rustls.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;

use crate::bounded_file::{self, ReadError};
use crate::net::certificate::Validity;

/// The reason why a certificate cannot be used. The text never contains a part of the key.
#[derive(Debug, Error)]
pub enum TlsError {
    #[error("{path}: {error}")]
    Unreadable { path: String, error: ReadError },
    #[error("{path}: expected {expected} in PEM: {found}")]
    Pem { path: String, expected: &'static str, found: pem::Error },
    #[error("{path}: the key is encrypted: decrypt it with `openssl pkey -in KEY -out NEW_FILE`")]
    EncryptedKey { path: String },
    #[error("{path}: a key of {found} is not supported: use P-256, P-384, Ed25519, or RSA of 2048 to 4096 bits")]
    UnsupportedKey { path: String, found: &'static str },
    #[error("{path}: the dates of the certificate cannot be read, expected an X.509 certificate: use another one")]
    NoDates { path: String },
    /// Certificate and key do not belong together, or the certificate cannot be used.
    #[error("{certificate} and {key}: {error}")]
    Mismatch { certificate: String, key: String, error: rustls::Error },
}

#[derive(Clone, Debug)]
pub struct IdentityFiles {
    /// The certificate, then its chain.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// A certificate and its key, ready for use.
#[derive(Clone, Debug)]
pub struct Identity {
    pub config: Arc<ServerConfig>,
    /// Of the server's own certificate, not of its chain.
    pub validity: Validity,
}

impl IdentityFiles {
    /// Reads and checks both files. Blocks.
    ///
    /// # Errors
    /// [`TlsError`], in one line.
    pub fn read(&self) -> Result<Identity, TlsError> {
        let chain = chain(&self.certificate)?;
        let secret = secret(&self.key)?;
        let validity = chain.first().and_then(Validity::of);
        let validity = validity.ok_or_else(|| TlsError::NoDates { path: name(&self.certificate) })?;
        let mismatch = |error| TlsError::Mismatch { certificate: name(&self.certificate), key: name(&self.key), error };
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(mismatch)?
            .with_no_client_auth()
            .with_single_cert(chain, secret)
            .map_err(mismatch)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Identity { config: Arc::new(config), validity })
    }

    /// The mode of the key's file, if users other than its owner may access it.
    #[cfg(unix)]
    #[expect(clippy::disallowed_methods, reason = "at start, and on a `BlockingThread`")]
    pub fn exposed_key(&self) -> Option<u32> {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&self.key).ok()?.permissions().mode() & 0o7777;
        (mode & 0o077 != 0).then_some(mode)
    }

    #[cfg(not(unix))]
    pub fn exposed_key(&self) -> Option<u32> {
        None
    }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let refused = |found| TlsError::Pem { path: name(path), expected: "certificates", found };
    let bytes = bytes(path)?;
    let chain = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>().map_err(refused)?;
    if chain.is_empty() { Err(refused(pem::Error::NoItemsFound)) } else { Ok(chain) }
}

fn secret(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = bytes(path)?;
    let secret = PrivateKeyDer::from_pem_slice(&bytes).map_err(|found| {
        let path = name(path);
        if is_encrypted(&bytes) {
            TlsError::EncryptedKey { path }
        } else {
            TlsError::Pem { path, expected: "a private key", found }
        }
    })?;
    if ring::sign::any_supported_type(&secret).is_err() {
        let found = if contains(secret.secret_der(), P_521) { "P-521" } else { "this kind or length" };
        return Err(TlsError::UnsupportedKey { path: name(path), found });
    }
    Ok(secret)
}

/// The object identifier of the curve P-521, 1.3.132.0.35, in DER. A key names its curve.
const P_521: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23];

/// Encrypted keys are either PKCS 8 with a label of their own, or of OpenSSL's older form, with a header (RFC 1421).
fn is_encrypted(pem: &[u8]) -> bool {
    contains(pem, b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || contains(pem, b"Proc-Type: 4,ENCRYPTED")
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[expect(clippy::disallowed_methods, reason = "at start, and at SIGHUP on a `BlockingThread`")]
fn bytes(path: &Path) -> Result<Vec<u8>, TlsError> {
    bounded_file::read(path).map_err(|error| TlsError::Unreadable { path: name(path), error })
}

fn name(path: &Path) -> String {
    path.display().to_string()
}
