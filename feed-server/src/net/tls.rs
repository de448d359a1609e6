//! The TLS handshake, with a certificate that may be renewed.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::plain_response;
use crate::blocking_thread::BlockingThread;
use crate::clock;
use crate::net::certificate::Validity;
use crate::net::identity::{Identity, IdentityFiles, TlsError};
use crate::net::tls_socket::TlsSocket;

const DAY: Duration = Duration::from_hours(24);

/// The first byte of every TLS record that opens a handshake (RFC 8446,
/// [section 5.1](https://www.rfc-editor.org/rfc/rfc8446#section-5.1), `ContentType`).
const HANDSHAKE: u8 = 22;

/// A certificate and its key, as files that may be renewed while the server runs.
#[derive(Debug)]
pub struct Tls {
    files: IdentityFiles,
    current: Mutex<Identity>,
}

impl Tls {
    /// Reads a certificate with its chain, and its key, both in PEM. Blocks while the files are read.
    ///
    /// # Errors
    /// [`TlsError`], in one line.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = IdentityFiles { certificate: certificate.to_owned(), key: key.to_owned() };
        let current = Mutex::new(files.read()?);
        Ok(Self { files, current })
    }

    /// Reads the files again and uses them for new connections. Blocks while the files are read.
    ///
    /// # Errors
    /// [`TlsError`]; the certificate in use is kept.
    #[expect(clippy::disallowed_methods, reason = "blocks, as its documentation says")]
    pub fn renew(&self) -> Result<(), TlsError> {
        let renewed = self.files.read()?;
        *self.current.lock() = renewed;
        self.log_warnings();
        Ok(())
    }

    /// The dates of the certificate in use.
    pub fn validity(&self) -> Validity {
        self.current.lock().validity
    }

    /// Logs warnings about the certificate in use and the permissions of its key. Blocks until the file system answers.
    pub fn log_warnings(&self) {
        if let Some(warning) = self.validity().warning(clock::now()) {
            tracing::warn!(file = ?self.files.certificate, "the certificate {warning}");
        }
        if let Some(mode) = self.files.exposed_key() {
            tracing::warn!(file = ?self.files.key, "other users can read the key (mode {mode:04o}): set its mode to 0600");
        }
    }

    /// Logs the warnings once a day until `stop`, on a thread of its own, since the file system may not answer.
    #[expect(clippy::disallowed_methods, reason = "on the thread of the certificate")]
    pub async fn log_warnings_daily(self: Arc<Self>, stop: CancellationToken) {
        let thread = BlockingThread::new("certificate");
        let check = || {
            let this = Arc::clone(&self);
            if let Err(error) = thread.start(move || this.log_warnings()) {
                tracing::error!(%error, "certificate not checked");
            }
        };
        repeat(DAY, check, stop).await;
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
        let config = Arc::clone(&self.current.lock().config);
        let (stream, tls) = TlsAcceptor::from(config).accept(stream).await?.into_inner();
        Ok(TlsSocket::new(stream, tls))
    }
}

/// A browser shows this for an `http:` address.
const PLAIN_HTTP: &str = "this port accepts TLS only: use an address that begins with https://\n";

async fn repeat(interval: Duration, mut task: impl FnMut(), stop: CancellationToken) {
    let repeated = async {
        loop {
            sleep(interval).await;
            task();
        }
    };
    let _stopped: Option<()> = stop.run_until_cancelled(repeated).await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn the_daily_task_is_repeated_until_the_server_stops() {
        let (runs, stop) = (AtomicU32::new(0), CancellationToken::new());
        let task = || {
            if runs.fetch_add(1, Ordering::Relaxed) == 2 {
                stop.cancel();
            }
        };
        repeat(Duration::from_millis(1), task, stop.clone()).await;
        assert_eq!(runs.load(Ordering::Relaxed), 3);
    }
}
