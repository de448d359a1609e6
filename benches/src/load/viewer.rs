//! One viewer's socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use protocol::{Body, ClientMessage, Frame, Timestamp, Visibility};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::Progress;
use super::tally::Tally;

/// The kernel holds little for a slow viewer, or its slowness would not show.
const SLOW_RECEIVE_BUFFER: u32 = 32 * 1_024;
/// Of so many probes the one with the shortest way tells the clocks' offset.
const PROBES: usize = 5;

/// How a viewer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As fast as it can.
    AtOnce,
    /// No faster than this, on purpose.
    Slowly {
        /// Bytes of messages a second.
        bytes_per_second: u64,
    },
}

/// One viewer.
#[derive(Debug)]
pub struct Viewer {
    /// The stream.
    pub url: String,
    /// Seconds of history to ask for.
    pub window_seconds: f64,
    /// Frames a second to ask for.
    pub frames_per_second: u8,
    /// How it reads.
    pub reading: Reading,
    /// What to add to this machine's clock to have the server's, in microseconds.
    pub clock_offset: i64,
    /// Where it counts while it runs.
    pub progress: Arc<Progress>,
    /// When to end.
    pub stopped: watch::Receiver<bool>,
}

impl Viewer {
    /// Watches until told to stop.
    ///
    /// # Errors
    /// When the connection is refused or lost, or a message does not decode.
    pub async fn watch(mut self) -> Result<Tally> {
        let buffer = (self.reading != Reading::AtOnce).then_some(SLOW_RECEIVE_BUFFER);
        let mut socket = connect(&format!("{}?window={}", self.url, self.window_seconds), buffer).await?;
        self.progress.connected.fetch_add(1, Ordering::Relaxed);
        let (visibility, frames_per_second) = (Visibility::Visible, self.frames_per_second);
        let pace = ClientMessage::Pace { visibility, frames_per_second }.to_bytes()?;
        socket.send(Message::binary(pace)).await?;
        let mut tally = Tally::default();
        loop {
            let message = tokio::select! {
                message = socket.next() => message.context("the server closed without a word")??,
                _ = self.stopped.changed() => break,
            };
            let bytes = match message {
                Message::Binary(bytes) => bytes,
                Message::Close(reason) => bail!("the server closed: {reason:?}"),
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

/// What to add to this machine's clock to have the server's, in microseconds.
///
/// # Errors
/// When the server cannot be reached or does not answer.
pub async fn clock_offset_us(url: &str) -> Result<i64> {
    let mut socket = connect(&format!("{url}?window=0"), None).await?;
    let mut best: Option<(i64, i64)> = None;
    for _ in 0..PROBES {
        let origin = feed_server::clock::now();
        socket.send(Message::binary(ClientMessage::Probe { origin }.to_bytes()?)).await?;
        loop {
            let bytes = socket.next().await.context("the server closed")??.into_data();
            let arrived = feed_server::clock::now();
            let frame = Frame::decode(&bytes)?;
            let Body::Echo(echo) = frame.body else { continue };
            let way = arrived.micros_since(origin) - frame.header.sent.micros_since(echo.received);
            let offset = i64::midpoint(echo.received.micros_since(origin), frame.header.sent.micros_since(arrived));
            if best.is_none_or(|(shortest, _)| way < shortest) {
                best = Some((way, offset));
            }
            break;
        }
    }
    Ok(best.map_or(0, |(_, offset)| offset))
}

async fn connect(url: &str, receive_buffer: Option<u32>) -> Result<WebSocketStream<TcpStream>> {
    let request = url.into_client_request()?;
    let uri = request.uri();
    anyhow::ensure!(uri.scheme_str() == Some("ws"), "expected a URL such as ws://127.0.0.1:9000/stream, found {url}");
    let host = uri.host().context("the URL names no host")?;
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
