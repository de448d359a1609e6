//! Time from a change of a subscription to its first column, over loopback. Prints a table.
//!
//! A server with 40 groups of 8 series at 1,000 Hz and a minute of history. A viewer follows one group, and then adds others on the same
//! connection, as a page does that scrolls. *First column* is the first message with rows or buckets of an added group, *complete* the last
//! one of the answer. A page draws what has arrived in its next display frame.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use benches::effort::Effort;
use feed_server::app::config::Config;
use feed_server::app::server::Server;
use futures_util::{SinkExt, StreamExt};
use protocol::{
    Body, ClientMessage, EntriesBuffer, Epoch, Frame, GroupId, HistoryPart, Interval, Resolution, Revision, Selection,
    Sequence, Start, Subset,
};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::sync::CancellationToken;

const WINDOW: Interval = Interval::from_secs(60);
/// A minute on 400 columns.
const STEP: Interval = Interval::from_millis(150);

#[tokio::main]
async fn main() -> Result<()> {
    let effort = Effort::of_bench("subscribe");
    let (rounds, prefill) = if effort == Effort::Full { (10, "60s") } else { (2, "1s") };
    let source = format!("synthetic:groups=40,series=8,hz=1000,prefill={prefill}");
    let stop = CancellationToken::new();
    let server = Server::bind(Config {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        sources: vec![source.parse()?],
        history_bytes: 1 << 30,
        ..Config::default()
    })?;
    let address = server.address();
    let running = tokio::spawn(server.run(stop.clone()));
    // Until the source has filled the history.
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let filled = Viewer::open(address, Interval::ZERO).await?.filled;
        if before > 0 && filled < before + before / 20 {
            break;
        }
        before = filled;
    }
    println!("| groups added | as | first column, ms: p50, longest | complete, ms: p50, longest | KB |");
    println!("| --: | --- | --: | --: | --: |");
    for added in [1, 8] {
        for (name, step) in [("rows", Interval::ZERO), ("summaries", STEP)] {
            let (mut first, mut complete, mut bytes) = (Vec::new(), Vec::new(), 0);
            for _ in 0..rounds {
                let mut viewer = Viewer::open(address, step).await?;
                let change = viewer.add(added).await?;
                first.push(change.first);
                complete.push(change.complete);
                bytes = change.bytes;
            }
            let (first, complete) = (cell(&mut first)?, cell(&mut complete)?);
            println!("| {added} | {name} | {first} | {complete} | {:.0} |", bytes as f64 / 1e3);
        }
    }
    stop.cancel();
    let _ended = running.await?;
    Ok(())
}

fn cell(times: &mut [Duration]) -> Result<String> {
    times.sort_unstable();
    let (median, longest) = times.get(times.len() / 2).zip(times.last()).context("no rounds")?;
    Ok(format!("{:.1}, {:.1}", median.as_secs_f64() * 1e3, longest.as_secs_f64() * 1e3))
}

/// The answer to a change.
struct Change {
    first: Duration,
    complete: Duration,
    bytes: usize,
}

struct Viewer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    step: Interval,
    epoch: Epoch,
    position: Sequence,
    revision: Revision,
    /// Bytes of the first answer.
    filled: usize,
}

impl Viewer {
    /// Follows the first group, until it is live.
    async fn open(address: SocketAddr, step: Interval) -> Result<Self> {
        let (socket, _) = connect_async(format!("ws://{address}/stream?start=request")).await?;
        let (epoch, position, revision) = (Epoch(0), Sequence(0), Revision(0));
        let mut viewer = Self { socket, step, epoch, position, revision, filled: 0 };
        viewer.subscribe(Start::Window(WINDOW), 0).await?;
        viewer.filled = viewer.answer().await?.bytes;
        Ok(viewer)
    }

    async fn add(&mut self, added: u32) -> Result<Change> {
        let Self { epoch, position: sequence, revision, .. } = *self;
        self.subscribe(Start::After { epoch, sequence, window: WINDOW, revision }, added).await?;
        self.answer().await
    }

    /// Subscribes to the first group and to `added` others.
    async fn subscribe(&mut self, start: Start, added: u32) -> Result<()> {
        let (mut all, mut new) = (EntriesBuffer::default(), EntriesBuffer::default());
        (1..=1 + added).try_for_each(|id| all.push(&GroupId(id)))?;
        (2..=1 + added).try_for_each(|id| new.push(&GroupId(id)))?;
        let (selection, added) = (Selection::Groups(all.entries()), Selection::Groups(new.entries()));
        let resolution = Resolution { step: self.step, ..Resolution::ROWS };
        let subset = Subset::Of { id: 1, selection, added, resolution };
        let message = ClientMessage::Subscribe { start, subset }.to_bytes()?;
        Ok(self.socket.send(Message::binary(message)).await?)
    }

    /// Reads the answer to the last request.
    async fn answer(&mut self) -> Result<Change> {
        let (began, mut first, mut bytes, mut is_answer) = (Instant::now(), None, 0, false);
        while let Some(message) = self.socket.next().await {
            let Message::Binary(message) = message? else { continue };
            let frame = Frame::decode(&message)?;
            // Before it come frames of the earlier subscription.
            is_answer |= matches!(frame.body, Body::Subscribed(_));
            if !is_answer {
                continue;
            }
            bytes += message.len();
            let has_values = match frame.body {
                Body::Catalog(catalog) => {
                    (self.epoch, self.revision) = (frame.header.epoch, catalog.revision);
                    false
                }
                Body::Summaries(summaries) => summaries.blocks.iter().any(|block| block.group > GroupId(1)),
                Body::History(history) => history.blocks.iter().any(|block| block.group > GroupId(1)),
                _ => false,
            };
            if has_values {
                first.get_or_insert_with(|| began.elapsed());
            }
            if let Body::History(history) = frame.body
                && history.part == HistoryPart::Last
            {
                self.position = frame.header.sequence;
                let complete = began.elapsed();
                return Ok(Change { first: first.unwrap_or(complete), complete, bytes });
            }
        }
        bail!("the server closed the connection")
    }
}
