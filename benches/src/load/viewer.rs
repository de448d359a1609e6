//! One viewer's socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use protocol::{
    Body, ClientMessage, Entries, EntriesBuffer, Frame, GroupId, Interval, Resolution, Selection, Start, Subset,
    Timestamp, Visibility,
};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::Progress;
use super::tally::Tally;

/// Small, so that the kernel's buffer does not hide a slow viewer.
const SLOW_RECEIVE_BUFFER: u32 = 32 * 1_024;
/// The clock offset is that of the probe with the shortest round trip.
const PROBES: usize = 5;

/// Speed of a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    AtOnce,
    Slowly { bytes_per_second: u64 },
}

#[derive(Debug)]
pub struct Viewer {
    pub url: String,
    pub window_seconds: f64,
    /// The number of its subscription; `None` for everything.
    pub subscription: Option<u32>,
    pub frames_per_second: u8,
    pub reading: Reading,
    /// The server's clock minus this machine's, in microseconds.
    pub clock_offset: i64,
    /// Counts of all viewers.
    pub progress: Arc<Progress>,
    pub stopped: watch::Receiver<bool>,
}

impl Viewer {
    /// Reads frames until `stopped` changes.
    ///
    /// # Errors
    /// If the connection is refused or lost, or a message does not decode.
    pub async fn watch(mut self) -> Result<Tally> {
        let buffer = (self.reading != Reading::AtOnce).then_some(SLOW_RECEIVE_BUFFER);
        let mut socket = match self.subscription {
            None => connect(&format!("{}?window={}", self.url, self.window_seconds), buffer).await?,
            Some(number) => {
                let mut socket = connect(&format!("{}?start=request", self.url), buffer).await?;
                socket.send(Message::binary(subscribe(number, self.window_seconds)?)).await?;
                socket
            }
        };
        self.progress.connected.fetch_add(1, Ordering::Relaxed);
        let (visibility, frames_per_second) = (Visibility::Visible, self.frames_per_second);
        let pace = ClientMessage::Pace { visibility, frames_per_second }.to_bytes()?;
        socket.send(Message::binary(pace)).await?;
        let mut tally = Tally::default();
        loop {
            let message = tokio::select! {
                message = socket.next() => message.context("the server closed the connection without a close frame")??,
                _ = self.stopped.changed() => break,
            };
            let bytes = match message {
                Message::Binary(bytes) => bytes,
                Message::Close(reason) => bail!("the server closed the connection: {reason:?}"),
                _ => continue,
            };
            let received = Timestamp::from_micros(feed_server::clock::now().micros() + self.clock_offset);
            let measured = self.progress.measuring.load(Ordering::Relaxed);
            let frame = Frame::decode(&bytes)?;
            tally.frame(&frame, measured.then_some(received));
            if self.reading == Reading::AtOnce {
                self.progress.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                self.progress.frames.fetch_add(u64::from(matches!(frame.body, Body::Samples(_))), Ordering::Relaxed);
            }
            if let Reading::Slowly { bytes_per_second } = self.reading {
                let pause = Duration::from_secs_f64(bytes.len() as f64 / bytes_per_second as f64);
                tokio::select! {
                    () = sleep(pause) => {}
                    _ = self.stopped.changed() => break,
                }
            }
        }
        Ok(tally)
    }
}

/// A request for the first groups of a catalog, and one that no catalog has, so that its selection differs from those of other numbers.
fn subscribe(number: u32, window_seconds: f64) -> Result<Vec<u8>> {
    let mut groups = EntriesBuffer::default();
    (1..=1_000).chain([1_001 + number]).try_for_each(|group| groups.push(&GroupId(group)))?;
    let (selection, added) = (Selection::Groups(groups.entries()), Selection::Series(Entries::default()));
    let start = Start::Window(Interval::from_micros((window_seconds * 1e6) as u64));
    Ok(ClientMessage::Subscribe { start, subset: Subset::Of { id: 1, selection, added, resolution: Resolution::ROWS } }
        .to_bytes()?)
}

/// Measures the server's clock minus this machine's, in microseconds.
///
/// # Errors
/// If the server cannot be reached or does not answer.
pub async fn clock_offset_us(url: &str) -> Result<i64> {
    let mut socket = connect(&format!("{url}?window=0"), None).await?;
    let mut best: Option<(i64, i64)> = None;
    for _ in 0..PROBES {
        let origin = feed_server::clock::now();
        socket.send(Message::binary(ClientMessage::Probe { origin }.to_bytes()?)).await?;
        loop {
            let bytes = socket.next().await.context("the server closed the connection")??.into_data();
            let arrived = feed_server::clock::now();
            let frame = Frame::decode(&bytes)?;
            let Body::Echo(echo) = frame.body else { continue };
            let round_trip = arrived.micros_since(origin) - frame.header.sent.micros_since(echo.received);
            let offset = i64::midpoint(echo.received.micros_since(origin), frame.header.sent.micros_since(arrived));
            if best.is_none_or(|(shortest, _)| round_trip < shortest) {
                best = Some((round_trip, offset));
            }
            break;
        }
    }
    Ok(best.map_or(0, |(_, offset)| offset))
}

pub(super) async fn connect(url: &str, receive_buffer: Option<u32>) -> Result<WebSocketStream<TcpStream>> {
    let request = url.into_client_request()?;
    let uri = request.uri();
    anyhow::ensure!(uri.scheme_str() == Some("ws"), "expected a URL such as ws://127.0.0.1:9000/stream, found {url}");
    let host = uri.host().context("the URL has no host")?;
    let address = lookup_host((host, uri.port_u16().unwrap_or(80))).await?.next().context("the host has no address")?;
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(client_async(request, stream).await?.0)
}
