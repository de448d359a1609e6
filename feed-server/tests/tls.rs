//! The stream over TLS: real sockets, a real process, generated certificates.

use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use crate::model::Viewer;
use crate::process::Process;
use feed_server::net::tls::Tls;
use futures_util::{SinkExt, StreamExt};
use nix::sys::signal::Signal;
use protocol::{ClientMessage, Interval, Start};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

const SOURCE: [&str; 2] = ["--source", "synthetic:groups=4,series=4,hz=100,prefill=5s,seed=7"];

/// Files of a certificate and its key.
struct Identity {
    folder: TempDir,
    certificate: CertificateDer<'static>,
}

impl Identity {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let certificate = write(&folder, 2_090);
        Self { folder, certificate }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn arguments(&self) -> [String; 4] {
        let path = |name| self.path(name).display().to_string();
        ["--tls-cert".into(), path("cert.pem"), "--tls-key".into(), path("key.pem")]
    }

    /// Starts a server with it.
    fn serve(&self, more: &[&str]) -> Process {
        let own = self.arguments();
        let arguments: Vec<&str> = own.iter().map(String::as_str).chain(SOURCE).chain(more.iter().copied()).collect();
        Process::start(&arguments)
    }
}

/// Generates a certificate that ends on the first day of a year, and writes it and its key.
fn write(folder: &TempDir, end: i32) -> CertificateDer<'static> {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = CertificateParams::new(names).expect("two names");
    params.not_after = date_time_ymd(end, 1, 1);
    let key = KeyPair::generate().expect("makes one");
    let certificate = params.self_signed(&key).expect("makes one");
    fs::write(folder.path().join("cert.pem"), certificate.pem()).expect("writes");
    fs::write(folder.path().join("key.pem"), key.serialize_pem()).expect("writes");
    certificate.der().clone()
}

/// Connects as a client that trusts only this certificate.
async fn connect(address: SocketAddr, trusted: &CertificateDer<'static>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a certificate");
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, TcpStream::connect(address).await?).await
}

/// The response to a GET with these headers, each with its line end.
async fn get(address: SocketAddr, trusted: &CertificateDer<'static>, path: &str, headers: &str) -> String {
    let mut stream = connect(address, trusted).await.expect("shakes hands");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("reads, to an end that was announced");
    answer
}

struct Watching(WebSocketStream<TlsStream<TcpStream>>);

impl Watching {
    async fn open(address: SocketAddr, trusted: &CertificateDer<'static>) -> Self {
        let stream = connect(address, trusted).await.expect("shakes hands");
        let (mut socket, _) =
            client_async(format!("wss://{address}/stream?start=request"), stream).await.expect("upgrades");
        let subscribe = ClientMessage::subscribe(Start::Window(Interval::from_secs(3_600)));
        socket.send(Message::binary(subscribe.to_bytes().expect("encodes"))).await.expect("sends");
        Self(socket)
    }

    async fn until(&mut self, viewer: &mut Viewer, done: impl Fn(&Viewer) -> bool) {
        while !done(viewer) {
            if let Message::Binary(bytes) = self.0.next().await.expect("goes on").expect("a message") {
                viewer.take(&bytes);
            }
        }
    }
}

/// A viewer with all rows that a server holds now.
async fn everything(address: SocketAddr, trusted: &CertificateDer<'static>) -> Viewer {
    let mut viewer = Viewer::new(None);
    Watching::open(address, trusted).await.until(&mut viewer, Viewer::is_live).await;
    viewer
}

#[tokio::test]
async fn a_viewer_over_tls_gets_every_row() {
    let identity = Identity::new();
    let server = identity.serve(&[]);
    let mut viewer = Viewer::new(None);
    let mut watching = Watching::open(server.address, &identity.certificate).await;
    watching.until(&mut viewer, |viewer| viewer.is_live() && viewer.held.len() > 2_400).await;
    viewer.check_against(&everything(server.address, &identity.certificate).await);
}

#[tokio::test]
async fn a_viewer_over_tls_that_stops_reading_misses_no_row() {
    let identity = Identity::new();
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("feed.toml");
    // The ring holds fewer bytes than the sockets.
    let text =
        "recent_bytes = 65536\n[[source]]\nkind = \"synthetic\"\ngroups = 8\nseries = 8\nhz = 2000\nprefill = \"0s\"\n";
    fs::write(&config, text).expect("writes");
    let own = identity.arguments();
    let arguments: Vec<&str> =
        own.iter().map(String::as_str).chain(["--config", config.to_str().expect("UTF-8")]).collect();
    let server = Process::start(&arguments);
    let mut viewer = Viewer::new(None);
    let mut watching = Watching::open(server.address, &identity.certificate).await;
    watching.until(&mut viewer, Viewer::is_live).await;
    // Nothing is read until the socket is full and the ring has evicted the next frame.
    loop {
        let metrics = get(server.address, &identity.certificate, "/metrics", "").await;
        let figure = |name: &str| metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        if figure("kymograph_viewers_queued_bytes ").is_some_and(|bytes| bytes > 0.0) {
            break;
        }
    }
    let rows = viewer.held.len() + 40_000;
    watching.until(&mut viewer, |viewer| viewer.is_live() && viewer.held.len() > rows).await;
    assert_eq!(viewer.gaps, []);
    viewer.check_against(&everything(server.address, &identity.certificate).await);
}

#[tokio::test]
async fn over_tls_the_link_is_https_and_the_cookie_secure() {
    let identity = Identity::new();
    let token = identity.path("token");
    fs::write(&token, "a-token-for-the-tests").expect("writes");
    let server = identity.serve(&["--token-file", token.to_str().expect("UTF-8")]);
    assert_eq!(server.link, format!("https://{}/", server.address));
    let ask = async |path: &str, headers: &str| get(server.address, &identity.certificate, path, headers).await;
    let mut stream = connect(server.address, &identity.certificate).await.expect("shakes hands");
    let request = format!(
        "POST /sign-in HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nauthorization: Bearer a-token-for-the-tests\r\n\r\n",
        server.address
    );
    stream.write_all(request.as_bytes()).await.expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("reads, to an end that was announced");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("set-cookie: __Host-kymograph-") && answer.contains("; Secure\r\n"), "{answer}");
    // The origin of a page without TLS, which an attacker in the network can forge.
    let plain = ask("/stream", &format!("origin: http://{}\r\n", server.address)).await;
    assert!(plain.starts_with("HTTP/1.1 403"), "{plain}");
}

#[tokio::test]
async fn a_tls_connection_over_the_limit_is_closed_and_others_are_not_affected() {
    let identity = Identity::new();
    let server = identity.serve(&["--connections", "1"]);
    let mut viewer = Viewer::new(None);
    let mut watching = Watching::open(server.address, &identity.certificate).await;
    watching.until(&mut viewer, Viewer::is_live).await;
    let mut other = TcpStream::connect(server.address).await.expect("connects");
    let mut said = Vec::new();
    let _reset = other.read_to_end(&mut said).await;
    assert_eq!(said, b"");
    let rows = viewer.held.len() + 100;
    watching.until(&mut viewer, |viewer| viewer.held.len() > rows).await;
}

#[tokio::test]
async fn plain_http_to_a_tls_port_gets_400() {
    let identity = Identity::new();
    let server = identity.serve(&[]);
    assert_eq!(server.get("/").await, "this port accepts TLS only: use an address that begins with https://\n");
    assert!(get(server.address, &identity.certificate, "/healthz", "").await.ends_with("ok\n"));
}

#[tokio::test]
async fn a_peer_that_stops_within_its_tls_handshake_is_closed() {
    let identity = Identity::new();
    let server = identity.serve(&[]);
    // No bytes, the beginning of a record, and an invalid record.
    for opening in [&b""[..], &[22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc], &[22, 0xff, 0xff, 0xff, 0xff, 0xff]] {
        let mut stream = TcpStream::connect(server.address).await.expect("connects");
        stream.write_all(opening).await.expect("writes");
        let mut answer = Vec::new();
        // Ends when the server closes. If it does not, the test fails by timing out.
        if let Err(error) = stream.read_to_end(&mut answer).await {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
    }
    assert!(get(server.address, &identity.certificate, "/healthz", "").await.ends_with("ok\n"));
}

#[tokio::test]
async fn a_certificate_renewed_by_sighup_is_used_for_new_connections_and_open_ones_continue() {
    let identity = Identity::new();
    let server = identity.serve(&[]);
    let mut viewer = Viewer::new(None);
    let mut watching = Watching::open(server.address, &identity.certificate).await;
    watching.until(&mut viewer, Viewer::is_live).await;
    let expiry = async |certificate| {
        let metrics = get(server.address, certificate, "/metrics", "").await;
        let found = metrics.lines().find_map(|line| line.strip_prefix("kymograph_tls_certificate_expiry_seconds "));
        found.and_then(|seconds| seconds.strip_suffix(".0")).expect("the end of the certificate").to_owned()
    };
    assert_eq!(expiry(&identity.certificate).await, "3786912000", "2090-01-01");
    let renewed = write(&identity.folder, 2_091);
    server.signal(Signal::SIGHUP);
    while connect(server.address, &renewed).await.is_err() {}
    connect(server.address, &identity.certificate).await.expect_err("the previous certificate is not used");
    assert_eq!(expiry(&renewed).await, "3818448000", "2091-01-01");
    let rows = viewer.held.len() + 400;
    watching.until(&mut viewer, |viewer| viewer.held.len() > rows).await;
    viewer.check_against(&everything(server.address, &renewed).await);
}

#[tokio::test]
async fn a_failed_renewal_keeps_the_certificate() {
    let identity = Identity::new();
    let tls = Tls::read(&identity.path("cert.pem"), &identity.path("key.pem")).expect("an identity");
    fs::write(identity.path("cert.pem"), "none").expect("writes");
    let error = tls.renew().expect_err("nothing to show").to_string();
    assert!(error.contains("cert.pem: expected certificates in PEM"), "{error}");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let accept = async { tls.accept(listener.accept().await.expect("accepts").0).await.expect("shakes hands") };
    let (_ours, theirs) = tokio::join!(accept, connect(address, &identity.certificate));
    theirs.expect("the previous certificate");
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_accepted() {
    let identity = Identity::new();
    let server = identity.serve(&[]);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut roots = RootCertStore::empty();
        roots.add(identity.certificate.clone()).expect("a certificate");
        let config = ClientConfig::builder_with_protocol_versions(&[version]);
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(server.address).await.expect("connects");
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("shakes hands");
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
    }
}

#[test]
fn files_without_a_certificate_or_key_are_refused_at_start() {
    let identity = Identity::new();
    let other = KeyPair::generate().expect("makes one").serialize_pem();
    let files = [("other.pem", other.as_str()), ("empty.pem", ""), ("text.pem", "hello")];
    for (name, text) in files {
        fs::write(identity.path(name), text).expect("writes");
    }
    for (certificate, key, expected) in [
        ("none.pem", "key.pem", "none.pem: No such file or directory"),
        ("empty.pem", "key.pem", "empty.pem: expected certificates in PEM: "),
        ("text.pem", "key.pem", "text.pem: expected certificates in PEM: "),
        ("key.pem", "key.pem", "key.pem: expected certificates in PEM: "),
        ("cert.pem", "cert.pem", "cert.pem: expected a private key in PEM: "),
        ("cert.pem", "other.pem", "other.pem: keys may not be consistent: KeyMismatch"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_feed-server"))
            .args(["serve", "--listen", "127.0.0.1:0", "--tls-cert"])
            .arg(identity.path(certificate))
            .arg("--tls-key")
            .arg(identity.path(key))
            .output()
            .expect("starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("cannot use TLS: ") && said.contains(expected), "{said}");
        assert!(!said.contains("PRIVATE KEY"), "{said}");
    }
}

#[tokio::test]
async fn a_large_file_over_tls_arrives_byte_for_byte() {
    let identity = Identity::new();
    let page = tempfile::tempdir().expect("a folder");
    // Larger than all buffers between the server and this peer.
    let content = "0123456789abcdef\n".repeat(200_000);
    fs::write(page.path().join("index.html"), &content).expect("writes");
    let server = identity.serve(&["--www", page.path().to_str().expect("UTF-8")]);
    let answer = get(server.address, &identity.certificate, "/", "").await;
    assert!(answer.ends_with(&content), "{} bytes", answer.len());
}
