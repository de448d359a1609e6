//! The peers' feed: our source's samples over a WebSocket, in the cheapest form for JavaScript.
//!
//! A message is a list of blocks: group and rows as `u32`, then the times of the rows in seconds and the values of each
//! series, all little-endian `f64` at offsets that are multiples of eight. Peers read each column through a typed array,
//! without parsing. At most one message per display frame. History precedes live samples, in the same form.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use feed_server::ingest;
use feed_server::ingest::batch::Batch;
use feed_server::ingest::batch_queue::{BatchReceiver, Received, batch_queue};
use feed_server::ingest::config::SourceConfig;
use feed_server::stream::catalog::Catalog;
use feed_server::telemetry::Telemetry;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use crate::load::Load;

/// Minimum time between messages, like that of our hub.
const TICK: Duration = Duration::from_micros(16_667);
/// Splits history, which would otherwise be one message of many megabytes.
const LONG_MESSAGE: usize = 4 << 20;

/// A feed. Dropping it stops it.
pub(crate) struct PeersFeed {
    pub(crate) address: SocketAddr,
    /// Dropping it stops the server task.
    _stop: oneshot::Sender<()>,
}

impl PeersFeed {
    /// Starts a feed for a single viewer. Its source starts when the viewer connects.
    pub(crate) async fn start(load: &Load) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let source = load.source();
        tokio::spawn(async move {
            tokio::select! {
                served = serve(&listener, source) => if let Err(error) = served {
                    eprintln!("the peers' feed: {error:#}");
                },
                _ = stopped => {}
            }
        });
        Ok(Self { address, _stop: stop })
    }
}

async fn serve(listener: &TcpListener, source: SourceConfig) -> Result<()> {
    let (socket, _) = listener.accept().await?;
    socket.set_nodelay(true)?;
    let socket = accept_async(socket).await?;
    let (sender, batches) = batch_queue();
    let source = ingest::start(&[source], Arc::new(Catalog::default()), sender, &Telemetry::default());
    send(socket, batches).await;
    source.stop().await;
    Ok(())
}

/// Sends the new batches each tick until the viewer disconnects.
async fn send(socket: tokio_tungstenite::WebSocketStream<TcpStream>, mut batches: BatchReceiver) {
    let (mut sink, mut stream) = socket.split();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            // The viewer sends nothing, so any item is the end of the connection.
            _ = stream.next() => return,
        }
        let mut message = Vec::new();
        while message.len() < LONG_MESSAGE
            && let Received::Batch(batch) = batches.take()
        {
            append(&batch, &mut message);
        }
        if !message.is_empty() && sink.send(Message::binary(message)).await.is_err() {
            return;
        }
    }
}

fn append(batch: &Batch, message: &mut Vec<u8>) {
    message.extend_from_slice(&batch.group.0.to_le_bytes());
    message.extend_from_slice(&(batch.rows() as u32).to_le_bytes());
    let times = batch.times.iter().map(|time| time.micros() as f64 / 1e6);
    let values = batch.columns.iter().flat_map(|column| column.values.iter().copied());
    times.chain(values).for_each(|number| message.extend_from_slice(&number.to_le_bytes()));
}
