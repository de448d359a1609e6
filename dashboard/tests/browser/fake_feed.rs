//! A feed with faults of clock, source and connection.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use feed_server::deliver::session::channel::websocket_config;
use feed_server::http::page::Page;
use feed_server::http::routes::files;
use feed_server::http::server::serve;
use feed_server::http::upgrade::upgrade;
use feed_server::net::close_handshake::close_handshake;
use feed_server::net::connection_limiter::ConnectionLimiter;
use feed_server::net::listener::Listener;
use futures_util::{SinkExt, StreamExt};
use parking_lot::Mutex;
use protocol::{
    BlockBuffer, BlockMode, Body, Bounds, Catalog, CatalogScope, ClientMessage, Echo, Entries, EntriesBuffer, Epoch,
    Frame, GroupDescriptor, GroupId, Header, Heartbeat, Hello, History, HistoryPart, Interval, SamplesBuffer, Sequence,
    SeriesDescriptor, SeriesId, SeriesKind, Start, Timestamp,
};
use tokio::time::interval;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::served::built;

/// Interval of the rows of the one series, one row a message.
const STEP: Interval = Interval::from_millis(50);

/// The value of a row by its number.
pub(crate) type ValueOf = fn(usize) -> f64;

/// The one series of a feed.
#[derive(Clone, Debug)]
pub(crate) struct FakeSeries {
    pub(crate) title: String,
    pub(crate) unit: String,
    pub(crate) name: String,
    pub(crate) value: ValueOf,
}

impl Default for FakeSeries {
    fn default() -> Self {
        let value = |row| 5.0 + (row as f64 / 8.0).sin();
        Self { title: "fake".to_owned(), unit: "1".to_owned(), name: "wave".to_owned(), value }
    }
}

#[derive(Debug, Default)]
pub(crate) struct FeedFaults {
    series: FakeSeries,
    /// Offset of the feed's clock.
    ahead_us: i64,
    /// Delay of each row.
    pub(crate) late_us: AtomicI64,
    pub(crate) is_stopped: AtomicBool,
    /// Requests are refused for their version.
    pub(crate) has_another_version: AtomicBool,
    /// Number of the next sample messages to lose.
    pub(crate) to_lose: AtomicU64,
    /// Number of the next sample messages to send twice.
    pub(crate) to_repeat: AtomicU64,
    rows: Mutex<Vec<Timestamp>>,
    requests: Mutex<Vec<Start>>,
}

impl FeedFaults {
    /// Number of measured rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows.lock().len()
    }

    /// Subscriptions of all viewers.
    pub(crate) fn requests(&self) -> Vec<Start> {
        self.requests.lock().clone()
    }

    fn now(&self) -> Timestamp {
        let now = feed_server::clock::now().micros();
        Timestamp::from_micros(now + self.ahead_us)
    }

    /// The answers to a message.
    fn answer(&self, message: &ClientMessage) -> Vec<Message> {
        if let ClientMessage::Subscribe { start, .. } = *message {
            self.requests.lock().push(start);
        }
        if self.has_another_version.load(Ordering::Relaxed) {
            let reason = "protocol version 2, this side speaks 3".into();
            return vec![Message::Close(Some(CloseFrame { code: CloseCode::Library(4426), reason }))];
        }
        match *message {
            ClientMessage::Probe { origin } => vec![self.frame(Body::Echo(Echo { origin, received: self.now() }))],
            ClientMessage::Subscribe { start, .. } => {
                let held = if let Start::After { sequence, .. } = start { sequence.0 as usize } else { 0 };
                vec![self.catalog(), self.history(held)]
            }
            _ => Vec::new(),
        }
    }

    /// Measures a row and returns the messages to send.
    fn measure(&self) -> Vec<Message> {
        if self.is_stopped.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let time = Timestamp::from_micros(self.now().micros() - self.late_us.load(Ordering::Relaxed));
        let first = {
            let mut rows = self.rows.lock();
            rows.push(time);
            rows.len() - 1
        };
        if take_one(&self.to_lose) {
            return Vec::new();
        }
        let mut row = SamplesBuffer::default();
        row.start(time);
        let values = [(self.series.value)(first)];
        row.push(BlockMode::Merge, GroupId(1), &[time], [(SeriesId(1), values.as_slice())]).expect("encodes");
        let samples = self.frame(Body::Samples(row.samples()));
        if take_one(&self.to_repeat) { vec![samples.clone(), samples] } else { vec![samples] }
    }

    fn history(&self, held: usize) -> Message {
        let times = self.rows.lock()[held..].to_vec();
        let blocks = blocks(held, &times, self.series.value);
        self.frame(Body::History(History { part: HistoryPart::Last, blocks: blocks.blocks() }))
    }

    fn heartbeat(&self) -> Message {
        self.frame(Body::Heartbeat(Heartbeat { next_within: Interval::from_secs(1), ..Heartbeat::default() }))
    }

    fn catalog(&self) -> Message {
        let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
        let (id, name, bounds) = (GroupId(1), "fake", Bounds::Auto);
        let FakeSeries { title, unit, .. } = &self.series;
        groups
            .push(&GroupDescriptor { id, name, title, unit, interval: STEP, bounds, ..GroupDescriptor::default() })
            .expect("encodes");
        let (kind, labels) = (SeriesKind::Gauge, Entries::default());
        series
            .push(&SeriesDescriptor { id: SeriesId(1), group: id, name: &self.series.name, kind, labels })
            .expect("encodes");
        let (groups, series, retired) = (groups.entries(), series.entries(), Entries::default());
        self.frame(Body::Catalog(Catalog { scope: CatalogScope::Whole, groups, series, retired, ..Catalog::default() }))
    }

    fn frame(&self, body: Body<'_>) -> Message {
        let header = Header { epoch: Epoch(1), sequence: Sequence(self.rows() as u64), sent: self.now(), skipped: 0 };
        Message::binary(Frame { header, body }.to_bytes().expect("encodes"))
    }
}

fn blocks(first: usize, times: &[Timestamp], value: ValueOf) -> BlockBuffer {
    let mut blocks = BlockBuffer::default();
    let values: Vec<f64> = (first..first + times.len()).map(value).collect();
    if !times.is_empty() {
        blocks.push(GroupId(1), times, [(SeriesId(1), values.as_slice())]).expect("encodes");
    }
    blocks
}

fn take_one(count: &AtomicU64) -> bool {
    count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

/// Serves the page under test and its feed until dropped.
pub(crate) struct FakeFeed {
    pub(crate) url: String,
    pub(crate) faults: Arc<FeedFaults>,
    _stop: DropGuard,
}

impl FakeFeed {
    pub(crate) fn start(ahead_us: i64) -> Result<Self> {
        Self::with(FeedFaults { ahead_us, ..FeedFaults::default() })
    }

    /// A feed of this series.
    pub(crate) fn of(series: FakeSeries) -> Result<Self> {
        Self::with(FeedFaults { series, ..FeedFaults::default() })
    }

    fn with(faults: FeedFaults) -> Result<Self> {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let url = format!("http://{}/", listener.local_addr()?);
        let stop = CancellationToken::new();
        let faults = Arc::new(faults);
        let feed = Arc::clone(&faults);
        let stream = get(async move |request: Request| stream(feed, request));
        let router = files(Page::Folder(built("KYMOGRAPH_PAGE"))).route("/stream", stream);
        tokio::spawn(serve(listener, ConnectionLimiter::default(), router, stop.clone()));
        Ok(Self { url, faults, _stop: stop.drop_guard() })
    }
}

fn stream(faults: Arc<FeedFaults>, request: Request) -> Response {
    let upgraded = upgrade(request, move |upgraded| async move {
        let mut socket = upgraded.into_websocket(websocket_config()).await;
        let mut rows = interval(Duration::from_micros(STEP.micros()));
        let mut heartbeats = interval(Duration::from_secs(1));
        let hello = faults.frame(Body::Hello(Hello::default()));
        if socket.send(hello).await.is_err() {
            return;
        }
        loop {
            let messages = tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(Message::Binary(bytes))) => faults.answer(&ClientMessage::decode(&bytes).expect("decodes")),
                    Some(Ok(_)) => Vec::new(),
                    _ => return,
                },
                _ = rows.tick() => faults.measure(),
                _ = heartbeats.tick() => vec![faults.heartbeat()],
            };
            for message in messages {
                if let Message::Close(Some(frame)) = message {
                    // A socket that is dropped is reset, and the code is lost.
                    close_handshake(&mut socket, frame).await;
                    return;
                }
                if socket.send(message).await.is_err() {
                    return;
                }
            }
        }
    });
    upgraded.expect("a browser's handshake")
}
