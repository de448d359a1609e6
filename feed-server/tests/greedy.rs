//! Viewers that request history again and again, in virtual time: without a network, and the processor is never the limit.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use feed_server::clock;
use feed_server::deliver::backfill_limiter::{BackfillLimiter, BackfillLimits};
use feed_server::deliver::byte_budget::ByteRate;
use feed_server::deliver::fanout::Fanout;
use feed_server::deliver::hub::{Bounds, Hub};
use feed_server::deliver::session::{self, Service, SessionStart};
use feed_server::ingest::batch::{Batch, BatchColumn};
use feed_server::ingest::registry::{Group, Registry, Series};
use feed_server::net::connection::{Connection, Peer, Upgraded};
use feed_server::net::connection_limiter::ConnectionLimiter;
use feed_server::net::socket::Socket;
use feed_server::telemetry::Telemetry;
use protocol::{Body, ClientMessage, Frame, GroupId, HistoryPart, Interval, SeriesId, SeriesKind, Start, Timestamp};
use tokio::io::ReadBuf;
use tokio::time::{self, Instant, interval, sleep};
use tokio_util::sync::CancellationToken;

const EVERYTHING: Interval = Interval::from_secs(3_600);
const SERIES: usize = 8;
const ROWS_BEFORE: usize = 5_000;
const TICK: Duration = Duration::from_millis(16);
const GREEDY: usize = 6;
/// The limit is 20 messages a second.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(60);
const SUBSCRIBE: ClientMessage = ClientMessage::subscribe(Start::Window(EVERYTHING));
const PROBE: ClientMessage = ClientMessage::Probe { origin: Timestamp::from_micros(0) };

/// A page is filled in well below a second, and the greedy viewers together may take half of the overall rate.
const LIMITS: BackfillLimits = BackfillLimits {
    turns_at_once: 1,
    overall: ByteRate { bytes_per_second: 1_200_000, burst_bytes: 600_000 },
    viewer: ByteRate { bytes_per_second: 100_000, burst_bytes: 50_000 },
    queries: ByteRate { bytes_per_second: 1, burst_bytes: 1 },
};
/// The most that a turn can cost.
const TURN_COST: usize = 300 << 10;

/// What arrived at a viewer.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    at: Instant,
    bytes: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Live { sequence: u64 },
    History(HistoryPart),
    Other,
}

impl Arrival {
    /// The sequence of a live frame.
    fn live(&self) -> Option<u64> {
        if let Kind::Live { sequence } = self.kind { Some(sequence) } else { None }
    }
}

/// A socket that takes everything, and from which messages arrive at intervals, the last one again and again.
#[derive(Debug)]
struct Script {
    messages: Mutex<VecDeque<Vec<u8>>>,
    due: Mutex<time::Interval>,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
}

impl Socket for Script {
    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut arrivals = self.arrivals.lock().expect("not poisoned");
        for slice in slices {
            let head = if slice[1] == 126 { 4 } else { 2 };
            let kind = match Frame::decode(&slice[head..]).map(|frame| (frame.header.sequence.0, frame.body)) {
                Ok((sequence, Body::Samples(_))) => Kind::Live { sequence },
                Ok((_, Body::History(history))) => Kind::History(history.part),
                _ => Kind::Other,
            };
            arrivals.push(Arrival { at: Instant::now(), bytes: slice.len(), kind });
        }
        Ok(slices.iter().map(|slice| slice.len()).sum())
    }

    fn poll_write_ready(&self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_read(&self, context: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.due.lock().expect("not poisoned").poll_tick(context));
        let mut messages = self.messages.lock().expect("not poisoned");
        let message = if messages.len() > 1 { messages.pop_front() } else { messages.front().cloned() };
        let message = message.expect("a message");
        // Masked with zeros.
        room.put_slice(&[0x82, 0x80 | message.len() as u8, 0, 0, 0, 0]);
        room.put_slice(&message);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A viewer of `service` that sends these messages at intervals. Returns what arrives at it.
fn viewer(service: &Service, messages: &[ClientMessage], every: Duration) -> Arc<Mutex<Vec<Arrival>>> {
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let messages = messages.iter().map(|message| message.to_bytes().expect("encodes")).collect();
    let script =
        Script { messages: Mutex::new(messages), due: Mutex::new(interval(every)), arrivals: Arc::clone(&arrivals) };
    let address = SocketAddr::from(([127, 0, 0, 1], 50_000));
    let permit = ConnectionLimiter::default().admit(address.ip()).expect("below the limit");
    let upgraded = Upgraded { connection: Connection::new(script, Peer { address }, permit), early: Vec::new() };
    tokio::spawn(session::run(
        upgraded,
        service.clone(),
        SessionStart::Immediate(EVERYTHING),
        protocol::Role::View,
        CancellationToken::new(),
    ));
    arrivals
}

fn greedy(service: &Service) -> Arc<Mutex<Vec<Arrival>>> {
    viewer(service, &[SUBSCRIBE], BETWEEN_REQUESTS)
}

fn honest(service: &Service) -> Arc<Mutex<Vec<Arrival>>> {
    viewer(service, &[PROBE], Duration::from_secs(1))
}

/// A hub with some history, and a task that publishes a row a tick.
fn service() -> Service {
    let bounds = Bounds { history: EVERYTHING, history_bytes: 1 << 24, ring_bytes: 1 << 20, series: SERIES };
    let hub = Arc::new(Hub::new("test".to_owned(), bounds, Telemetry::default()));
    let (name, title) = ("g".to_owned(), String::new());
    let group = Group { name, title, unit: "1".into(), interval: Interval::from_millis(1), ..Group::default() };
    let group = hub.catalog.register_group(group).expect("fits");
    let series = (0..SERIES).map(|number| {
        let labels = vec![("number".to_owned(), number.to_string())];
        let series = Series { group, name: number.to_string(), kind: SeriesKind::Gauge, labels };
        hub.catalog.register_series(series).expect("fits")
    });
    let series: Vec<SeriesId> = series.collect();
    let began = clock::now();
    hub.publish([batch(group, &series, began, 0..ROWS_BEFORE)], began).expect("encodes");
    let ticker = Arc::clone(&hub);
    tokio::spawn(async move {
        let mut ticks = interval(TICK);
        for row in ROWS_BEFORE.. {
            ticks.tick().await;
            ticker.publish([batch(group, &series, began, row..row + 1)], began).expect("encodes");
        }
    });
    let backfills = Arc::new(BackfillLimiter::new(LIMITS));
    Service {
        backfills,
        ..Service::new(Arc::clone(&hub), Arc::new(Fanout::with_shards(&hub, 1)), CancellationToken::new())
    }
}

/// Rows of values that do not pack.
fn batch(group: GroupId, series: &[SeriesId], began: Timestamp, rows: std::ops::Range<usize>) -> Batch {
    let times = rows.clone().map(|row| began + Interval::from_micros(row as u64 * 10)).collect();
    let value = |series: SeriesId, row: usize| f64::from(series.0) + (row as f64 * 0.7).sin();
    let columns = series.iter().map(|&series| {
        let values = rows.clone().map(|row| value(series, row)).collect();
        BatchColumn { series, values }
    });
    Batch { group, times, columns: columns.collect() }
}

/// Bytes of catalog and history that arrived.
fn made_for_it(arrivals: &[Arrival]) -> usize {
    arrivals.iter().filter(|arrival| !matches!(arrival.kind, Kind::Live { .. })).map(|arrival| arrival.bytes).sum()
}

/// The time of the last frame of the first fill.
fn filled_at(arrivals: &[Arrival]) -> Option<Instant> {
    arrivals.iter().find(|arrival| arrival.kind == Kind::History(HistoryPart::Last)).map(|arrival| arrival.at)
}

#[tokio::test(start_paused = true)]
async fn a_greedy_viewer_gets_its_budget_and_an_honest_one_every_frame_in_time() {
    const SECONDS: usize = 10;
    let service = service();
    let honest = honest(&service);
    sleep(Duration::from_secs(1)).await;
    let fill = made_for_it(&honest.lock().expect("not poisoned"));
    assert!(fill > 300_000, "{fill} bytes");
    let greedy: Vec<_> = (0..GREEDY).map(|_| greedy(&service)).collect();
    sleep(Duration::from_secs(SECONDS as u64)).await;

    for arrivals in &greedy {
        let got = made_for_it(&arrivals.lock().expect("not poisoned"));
        let budget = LIMITS.viewer.burst_bytes + SECONDS * LIMITS.viewer.bytes_per_second + TURN_COST;
        assert!(got <= fill + budget, "{got} bytes after a fill of {fill} and a budget of {budget}");
        // A value costs a byte too, and these take eight bytes: nearly the budget arrives as bytes.
        assert!(got >= budget / 2, "{got} bytes of a budget of {budget}: it waits and is not closed");
    }
    let arrivals = honest.lock().expect("not poisoned");
    let live: Vec<(u64, Instant)> = arrivals.iter().filter_map(|arrival| Some((arrival.live()?, arrival.at))).collect();
    assert!(live.len() > SECONDS * 60, "{} frames", live.len());
    for pair in live.windows(2) {
        assert_eq!(pair[0].0 + 1, pair[1].0, "no frame is left out");
        assert!(pair[1].1 - pair[0].1 <= TICK + Duration::from_millis(1), "{:?} after {:?}", pair[1], pair[0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_connects_beside_greedy_ones_is_filled_at_its_share_of_the_rate() {
    let service = service();
    let greedy: Vec<_> = (0..GREEDY).map(|_| greedy(&service)).collect();
    sleep(Duration::from_secs(10)).await;
    let connected = Instant::now();
    let honest = honest(&service);
    sleep(Duration::from_secs(3)).await;
    let filled = filled_at(&honest.lock().expect("not poisoned")).expect("filled");
    // Half of the overall rate is left for it.
    assert!(filled - connected < Duration::from_secs(2), "filled after {:?}", filled - connected);
    drop(greedy);
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_has_overdrawn_its_budget_waits_and_is_live_again() {
    const REQUESTS: u32 = 40;
    let service = service();
    let mut messages = vec![SUBSCRIBE; REQUESTS as usize];
    messages.push(PROBE);
    let arrivals = viewer(&service, &messages, BETWEEN_REQUESTS);
    let last_request = Instant::now() + BETWEEN_REQUESTS * (REQUESTS - 1);
    sleep(Duration::from_secs(20)).await;
    let arrivals = arrivals.lock().expect("not poisoned");
    let is_last = |arrival: &&Arrival| arrival.kind == Kind::History(HistoryPart::Last);
    let filled = arrivals.iter().rfind(is_last).expect("the last request is answered").at;
    // A fill costs four times what the budget gives in a second.
    let wait = filled - last_request;
    assert!((Duration::from_secs(2)..Duration::from_secs(8)).contains(&wait), "answered after {wait:?}");
    let live: Vec<u64> = arrivals.iter().filter(|arrival| arrival.at > filled).filter_map(Arrival::live).collect();
    assert!(live.len() > 500, "{} live frames", live.len());
    assert!(live.is_sorted_by(|one, next| one + 1 == *next), "no frame is left out");
}
