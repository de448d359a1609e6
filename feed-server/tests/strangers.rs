//! Connections whose peer has not signed in: their bounds, and what they leave to those who have.

use std::net::SocketAddr;
use std::time::Duration;

use crate::served::Served;
use feed_server::app::config::Config;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;

const SYNTHETIC: &str = "synthetic:groups=1,series=2,hz=50,prefill=1s,seed=7";
const TOKEN: &str = "a-token-for-the-tests";

/// Larger than any buffer of the server and of a peer in these tests.
const LARGE: usize = 3 << 20;
/// The kernel takes it at once.
const SMALL: usize = 40 << 10;

/// A folder with a page that has two large files.
fn page() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("assets")).expect("creates");
    for (name, bytes) in [("index.html", 10), ("assets/large.wasm", LARGE), ("assets/small.wasm", SMALL)] {
        std::fs::write(folder.path().join(name), content(bytes)).expect("writes");
    }
    folder
}

/// Bytes that differ at every place where a part could be lost or repeated.
fn content(bytes: usize) -> Vec<u8> {
    (0..bytes as u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn config(connections: usize, page: &TempDir) -> Config {
    let sources = vec![SYNTHETIC.parse().expect("a valid source")];
    Config { sources, connections, www: Some(page.path().to_owned()), ..Config::default() }
}

/// A server that needs [`TOKEN`].
async fn closed(connections: usize, page: &TempDir) -> Served {
    let file = page.path().join("token");
    std::fs::write(&file, TOKEN).expect("writes");
    Served::with_token(Config { token_file: Some(file), ..config(connections, page) }, TOKEN).await
}

fn bearer() -> String {
    format!("authorization: Bearer {TOKEN}\r\n")
}

/// A connection that stays open between requests.
struct KeepAlive {
    stream: BufReader<TcpStream>,
    host: SocketAddr,
}

impl KeepAlive {
    async fn open(host: SocketAddr) -> Self {
        Self { stream: BufReader::new(TcpStream::connect(host).await.expect("connects")), host }
    }

    /// The head of the response to a GET; empty if the connection was closed.
    async fn get(&mut self, path: &str, headers: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n", self.host);
        let _closed = self.stream.write_all(request.as_bytes()).await;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if !matches!(self.stream.read_line(&mut head).await, Ok(1..)) {
                return String::new();
            }
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.expect("a length")];
        self.stream.read_exact(&mut body).await.expect("a body");
        head
    }
}

/// A peer that asks for a file and reads only the status of the response.
async fn ask_and_do_not_read(host: SocketAddr, path: &str, headers: &str) -> TcpStream {
    let (stream, status) = ask(host, path, headers, 4_096).await;
    assert_eq!(status, "HTTP/1.1 200");
    stream
}

async fn ask(host: SocketAddr, path: &str, headers: &str, receive_buffer: u32) -> (TcpStream, String) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(receive_buffer).expect("sets it");
    let mut stream = socket.connect(host).await.expect("connects");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.expect("writes");
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.expect("answers");
    (stream, String::from_utf8_lossy(&status).into_owned())
}

/// The unsent and unacknowledged bytes of each socket that the kernel keeps at a port, also after the server has closed it.
fn kernel_sockets(port: u16) -> Vec<usize> {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("there is one");
    let rows = table.lines().skip(1).filter_map(|row| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let (local, state, queues) = (columns.get(1)?, *columns.get(3)?, columns.get(4)?);
        let is_connection = !matches!(state, "0A" | "06");
        let is_here = local.ends_with(&format!(":{port:04X}"));
        (is_here && is_connection).then(|| usize::from_str_radix(queues.split(':').next()?, 16).ok())?
    });
    rows.collect()
}

#[tokio::test]
async fn strangers_on_keep_alive_do_not_shut_out_a_token_holder() {
    let page = page();
    let served = closed(20, &page).await;
    let mut strangers = Vec::new();
    for _ in 0..20 {
        let mut stranger = KeepAlive::open(served.address).await;
        assert!(stranger.get("/healthz", "").await.starts_with("HTTP/1.1 200"));
        strangers.push(stranger);
    }
    let mut viewer = served.viewer_with("/stream", &bearer()).await;
    viewer.read_live(3).await;
    let mut kept = 0;
    for stranger in &mut strangers {
        kept += usize::from(stranger.get("/healthz", "").await.starts_with("HTTP/1.1 200"));
    }
    assert_eq!(kept, 18, "two permits are reserved");
    viewer.read_live(3).await;
}

#[tokio::test]
async fn strangers_that_do_not_read_leave_the_reserve_to_token_holders() {
    let page = page();
    let served = closed(20, &page).await;
    let mut strangers = Vec::new();
    for _ in 0..18 {
        strangers.push(ask_and_do_not_read(served.address, "/assets/large.wasm", "").await);
    }
    // These are refused, do not read either, and stay.
    for number in 0..30 {
        let (stranger, status) = ask(served.address, "/assets/large.wasm", "", 4_096).await;
        assert_eq!(status, "HTTP/1.1 503", "{number}");
        strangers.push(stranger);
    }
    let refused = served.get("/healthz").await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("\r\nretry-after: 10\r\n"), "{refused}");
    assert!(
        refused.ends_with("too many connections that are not signed in (limit 18): sign in, or try again later\n"),
        "{refused}"
    );
    let mut first = served.viewer_with("/stream", &bearer()).await;
    let mut second = served.viewer_with("/stream", &bearer()).await;
    first.read_live(3).await;
    second.read_live(3).await;
}

#[tokio::test]
async fn a_newcomer_takes_the_permit_of_a_connection_that_waits_where_nobody_signs_in() {
    let page = page();
    let served = Served::configured(config(3, &page)).await;
    let mut strangers = Vec::new();
    for _ in 0..3 {
        let mut stranger = KeepAlive::open(served.address).await;
        assert!(stranger.get("/healthz", "").await.starts_with("HTTP/1.1 200"));
        strangers.push(stranger);
    }
    let mut viewer = served.viewer("/stream").await;
    viewer.read_live(3).await;
    assert_eq!(strangers[0].get("/healthz", "").await, "", "it had waited longest");
    assert!(strangers[2].get("/healthz", "").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_strangers_connection_is_closed_after_its_hundredth_request() {
    let page = page();
    let served = closed(20, &page).await;
    let mut stranger = KeepAlive::open(served.address).await;
    for number in 1..=100 {
        let head = stranger.get("/healthz", "").await;
        assert!(head.starts_with("HTTP/1.1 200"), "{number}: {head}");
        assert_eq!(head.contains("\r\nconnection: close\r\n"), number == 100, "{number}: {head}");
    }
    assert_eq!(stranger.stream.read(&mut [0]).await.expect("closed, not reset"), 0);
}

#[tokio::test]
async fn a_stranger_that_signs_in_keeps_its_connection() {
    let page = page();
    let served = closed(20, &page).await;
    let mut stranger = KeepAlive::open(served.address).await;
    for _ in 0..99 {
        assert!(stranger.get("/healthz", "").await.starts_with("HTTP/1.1 200"));
    }
    // With the token, also a public route signs in.
    assert!(stranger.get("/healthz", &bearer()).await.starts_with("HTTP/1.1 200"));
    for number in 0..100 {
        let head = stranger.get("/healthz", "").await;
        assert!(head.starts_with("HTTP/1.1 200") && !head.contains("connection: close"), "{number}: {head}");
    }
}

#[tokio::test]
async fn peers_that_send_requests_and_do_not_read_are_closed() {
    let page = page();
    let served = Served::configured(config(3, &page)).await;
    let mut peers = Vec::new();
    for _ in 0..3 {
        peers.push(ask_and_do_not_read(served.address, "/assets/large.wasm", "").await);
    }
    while !served.get("/healthz").await.starts_with("HTTP/1.1 503") {}
    // All three permits are given back although no peer has read or closed.
    while !served.get("/healthz").await.starts_with("HTTP/1.1 200") {}
    drop(peers);
}

#[tokio::test]
async fn the_kernel_keeps_no_bytes_for_peers_that_do_not_read() {
    const EACH: usize = 50;
    let page = page();
    let served = Served::configured(config(1_024, &page)).await;
    let port = served.address.port();
    let mut peers = Vec::new();
    for _ in 0..EACH {
        for (path, headers) in [
            ("/assets/large.wasm", ""),
            ("/assets/large.wasm", "connection: close\r\n"),
            ("/assets/small.wasm", ""),
            ("/assets/small.wasm", "connection: close\r\n"),
        ] {
            peers.push(ask_and_do_not_read(served.address, path, headers).await);
        }
    }
    let held = kernel_sockets(port);
    let most = held.iter().max().copied().unwrap_or_default();
    println!("{} KiB for {} peers, at most {} KiB", held.iter().sum::<usize>() >> 10, held.len(), most >> 10);
    assert!((1..=96 << 10).contains(&most), "{most} bytes for one peer");
    // A server that closes without a reset leaves them in the kernel for minutes.
    for _ in 0..600 {
        if kernel_sockets(port).is_empty() {
            drop(peers);
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("a minute later: {:?}", kernel_sockets(port));
}

#[tokio::test]
async fn a_large_file_arrives_byte_for_byte() {
    let page = page();
    let served = Served::configured(config(20, &page)).await;
    let mut stream = TcpStream::connect(served.address).await.expect("connects");
    let request = format!("GET /assets/large.wasm HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", served.address);
    stream.write_all(request.as_bytes()).await.expect("writes");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("closed, not reset");
    assert!(answer.ends_with(&content(LARGE)));
}

#[tokio::test]
async fn a_slow_reader_gets_its_whole_file_and_is_closed_without_a_reset() {
    let page = page();
    let served = Served::configured(config(20, &page)).await;
    for headers in ["", "connection: close\r\n"] {
        let (mut stream, status) = ask(served.address, "/assets/small.wasm", headers, 16_384).await;
        assert_eq!(status, "HTTP/1.1 200");
        let mut answer = Vec::new();
        // 6 s in all: longer than the next request is awaited.
        loop {
            let read = stream.read_buf(&mut answer).await.expect("not reset");
            if read == 0 {
                break;
            }
            sleep(Duration::from_secs(6).mul_f64(read as f64 / SMALL as f64)).await;
        }
        assert!(answer.ends_with(&content(SMALL)), "{} bytes", answer.len());
    }
}
