//! Peers without the token that hold connections, while a viewer with the token connects.
//!
//! Half of them repeat a cheap request on keep-alive; the others ask for a file of the page and never read it. Each opens a
//! new connection as soon as the server has closed the last one.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use feed_server::net::connection_limiter::ConnectionLimits;
use futures_util::StreamExt;
use serde::Serialize;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use super::child::OwnServer;
use super::kernel::Kernel;
use super::options::Options;

const TOKEN: &str = "the-token-of-the-load-generator";
/// The size of the page's compressed Wasm.
const WASM_BYTES: usize = 180_000;
const WASM: &str = "/assets/page.wasm";
/// Small, so that the bytes wait on the server's side.
const RECEIVE_BUFFER: u32 = 4_096;
/// Pause of a stranger between two requests, and of the viewer between two connections.
const PAUSE: Duration = Duration::from_millis(500);
const MAX_TEXTS: usize = 5;
/// The viewer gives up after this time.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// Longer than the server keeps a connection whose peer does not read.
const AFTER: Duration = Duration::from_secs(25);

#[derive(Debug, Serialize)]
pub struct StrangersReport {
    pub url: String,
    /// Of each of the two kinds.
    pub strangers: usize,
    pub seconds: f64,
    pub connected: usize,
    pub refused: usize,
    /// The reasons of the first refusals.
    pub refusals: Vec<String>,
    /// Time from the connect to the first frame.
    pub connect_p50_ms: f64,
    pub connect_max_ms: f64,
    /// The most connections that the server counted.
    pub connections: Option<f64>,
    pub before: Kernel,
    /// The most during the measured time.
    pub during: Kernel,
    /// Later, while the peers that do not read keep their sockets open.
    pub after: Kernel,
}

/// A folder with a token and a page, for the started server.
fn folder() -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("assets"))?;
    std::fs::write(folder.path().join("token"), TOKEN)?;
    std::fs::write(folder.path().join("index.html"), "page")?;
    std::fs::write(folder.path().join(WASM.trim_start_matches('/')), vec![1; WASM_BYTES])?;
    Ok(folder)
}

/// Runs `options.strangers` of each kind, and connects a viewer again and again.
///
/// # Errors
/// If the server does not start or cannot be reached.
pub async fn run(options: &Options, count: usize) -> Result<StrangersReport> {
    let folder = folder()?;
    // As many permits as strangers of one kind.
    let connections = count.clamp(2, ConnectionLimits::default().connections).to_string();
    let own = match &options.url {
        Some(_) => None,
        None => Some(OwnServer::launch(&[
            "--serve".as_ref(),
            options.own_source().as_ref(),
            "--serve-folder".as_ref(),
            folder.path().as_os_str(),
            "--serve-connections".as_ref(),
            connections.as_ref(),
        ])?),
    };
    let url = options.url.clone().or_else(|| own.as_ref().map(|own| own.url.clone())).unwrap_or_default();
    let token = options.token.clone().unwrap_or_else(|| TOKEN.to_owned());
    let authority = url.trim_start_matches("ws://").split('/').next().unwrap_or_default().to_owned();
    let port = authority.rsplit(':').next().and_then(|port| port.parse().ok()).context("the URL has no port")?;
    connect(&url, &token).await.with_context(|| format!("cannot reach {url}"))?;

    let before = Kernel::read(port);
    let mut strangers = JoinSet::new();
    for _ in 0..count {
        strangers.spawn(repeat_requests(authority.clone()));
        strangers.spawn(read_nothing(authority.clone()));
    }
    let (mut times, mut refusals) = (Vec::new(), Vec::new());
    let (mut most, mut during): (Option<f64>, Kernel) = (None, before);
    let started = Instant::now();
    while started.elapsed().as_secs_f64() < options.seconds {
        match connect(&url, &token).await {
            Ok(time) => times.push(time.as_secs_f64() * 1e3),
            Err(error) => refusals.push(format!("{error:#}")),
        }
        let now = Kernel::read(port);
        during.tcp_mib = during.tcp_mib.max(now.tcp_mib);
        during.unread_mib = during.unread_mib.max(now.unread_mib);
        during.sockets = during.sockets.max(now.sockets);
        let connections = metric(&authority, &token, "kymograph_connections").await;
        most = [most, connections].into_iter().flatten().reduce(f64::max);
        sleep(PAUSE).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    strangers.shutdown().await;
    // Again those that do not read, but without new connections.
    let mut held = Vec::new();
    for _ in 0..count {
        held.push(ask(&authority).await);
    }
    sleep(AFTER).await;
    let after = Kernel::read(port);
    drop(held);
    times.sort_by(f64::total_cmp);
    Ok(StrangersReport {
        url,
        strangers: count,
        seconds,
        connected: times.len(),
        refused: refusals.len(),
        refusals: refusals.into_iter().take(MAX_TEXTS).collect(),
        connect_p50_ms: times.get(times.len() / 2).copied().unwrap_or(f64::NAN),
        connect_max_ms: times.last().copied().unwrap_or(f64::NAN),
        connections: most,
        before,
        during,
        after,
    })
}

impl StrangersReport {
    /// Returns true if the viewer was never refused.
    pub const fn is_complete(&self) -> bool {
        self.refused == 0 && self.connected > 0
    }
}

impl fmt::Display for StrangersReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { strangers, url, seconds, connected, refused, .. } = self;
        writeln!(
            f,
            "{strangers} strangers on keep-alive and {strangers} that do not read, at {url} for {seconds:.1} s"
        )?;
        let (p50, max) = (self.connect_p50_ms, self.connect_max_ms);
        writeln!(
            f,
            "  viewer     {connected} times connected, {refused} times refused; first frame after p50 {p50:.1} ms, max {max:.1} ms"
        )?;
        if let Some(connections) = self.connections {
            writeln!(f, "  server     at most {connections:.0} connections")?;
        }
        for refusal in &self.refusals {
            writeln!(f, "  refused    {refusal}")?;
        }
        for (name, kernel) in [("before", self.before), ("during", self.during), ("after", self.after)] {
            let Kernel { tcp_mib, sockets, unread_mib } = kernel;
            writeln!(
                f,
                "  {name:<10} {sockets} sockets of the server, {unread_mib:.1} MiB unread; {tcp_mib:.1} MiB for TCP in all"
            )?;
        }
        Ok(())
    }
}

/// Connects a viewer with the token, and returns the time until its first frame.
async fn connect(url: &str, token: &str) -> Result<Duration> {
    let mut request = format!("{url}?window=0").into_client_request()?;
    request.headers_mut().insert("authorization", HeaderValue::try_from(format!("Bearer {token}"))?);
    let authority = request.uri().authority().context("the URL has no host")?.to_string();
    let started = Instant::now();
    let connected = async {
        let stream = TcpStream::connect(authority).await?;
        let mut socket = client_async(request, stream).await?.0;
        socket.next().await.context("the server closed the connection")??;
        socket.close(None).await?;
        anyhow::Ok(started.elapsed())
    };
    timeout(CONNECT_DEADLINE, connected).await?
}

async fn metric(authority: &str, token: &str, name: &str) -> Option<f64> {
    let request = format!(
        "GET /metrics HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(authority).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

/// Repeats a request on one connection, and connects again when it is closed.
async fn repeat_requests(authority: String) {
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {authority}\r\n\r\n");
    let mut room = vec![0; 4_096];
    loop {
        if let Ok(mut stream) = TcpStream::connect(&authority).await {
            while stream.write_all(request.as_bytes()).await.is_ok() && matches!(stream.read(&mut room).await, Ok(1..))
            {
                sleep(PAUSE).await;
            }
        }
        sleep(PAUSE).await;
    }
}

/// Asks for a file and reads nothing; connects again when the server has closed or reset the connection.
async fn read_nothing(authority: String) {
    loop {
        if let Ok(stream) = ask(&authority).await {
            // The end of the response could only be read after its beginning: a reset is noticed, a close is not.
            let _reset = stream.ready(tokio::io::Interest::ERROR).await;
        }
        sleep(PAUSE).await;
    }
}

async fn ask(authority: &str) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    let address = authority.parse().map_err(std::io::Error::other)?;
    let mut stream = socket.connect(address).await?;
    stream.write_all(format!("GET {WASM} HTTP/1.1\r\nhost: {authority}\r\n\r\n").as_bytes()).await?;
    Ok(stream)
}

/// The settings of the started server.
pub fn settings(folder: &Path, connections: usize) -> feed_server::app::config::Config {
    feed_server::app::config::Config {
        token_file: Some(folder.join("token")),
        www: Some(folder.to_owned()),
        connections,
        ..Default::default()
    }
}
