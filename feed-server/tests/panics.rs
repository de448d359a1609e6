//! A panic ends its own session or shard, and no other, and is logged.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, reason = "a test")]

use std::io::{self, IoSlice, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use feed_server::app::log::log_panics;
use feed_server::clock;
use feed_server::deliver::fanout::Fanout;
use feed_server::deliver::hub::{Bounds, Hub};
use feed_server::deliver::session::{self, Service, SessionStart};
use feed_server::ingest::batch::Batch;
use feed_server::ingest::registry::{Group, Registry, Series};
use feed_server::net::connection::{Connection, Peer, Upgraded};
use feed_server::net::connection_limiter::ConnectionLimiter;
use feed_server::net::socket::Socket;
use feed_server::telemetry::Telemetry;
use futures_util::StreamExt;
use protocol::{Body, Frame, Interval, SeriesKind};
use tokio::io::ReadBuf;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;

/// A socket that panics at a given write.
#[derive(Debug)]
struct PanickingSocket {
    writes: Arc<AtomicUsize>,
    panics_at: usize,
}

impl Socket for PanickingSocket {
    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let writes = self.writes.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(writes < self.panics_at, "a panic on purpose");
        Ok(slices.iter().map(|slice| slice.len()).sum())
    }

    fn poll_write_ready(&self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_read(&self, _context: &mut Context<'_>, _room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(&self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn hub() -> Arc<Hub> {
    let bounds = Bounds { history: Interval::from_secs(60), history_bytes: 1 << 20, ring_bytes: 1 << 20, series: 1 };
    Arc::new(Hub::new("test".to_owned(), bounds, Telemetry::default()))
}

/// Publishes a value, and yields so that every task can send it.
async fn publish(hub: &Hub, batch: Batch) {
    hub.publish([batch], clock::now()).expect("encodes");
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

fn upgraded(socket: impl Socket) -> Upgraded {
    let address = SocketAddr::from(([127, 0, 0, 1], 50_000));
    let permit = ConnectionLimiter::default().admit(address.ip()).expect("below the limit");
    Upgraded { connection: Connection::new(socket, Peer { address }, permit), early: Vec::new() }
}

async fn viewer(service: &Service) -> WebSocketStream<TcpStream> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
    let upgraded = upgraded(theirs.expect("accepts").0);
    tokio::spawn(session::run(
        upgraded,
        service.clone(),
        SessionStart::Immediate(Interval::ZERO),
        protocol::Role::View,
        CancellationToken::new(),
    ));
    WebSocketStream::from_raw_socket(ours.expect("connects"), Role::Client, None).await
}

/// Publishes until a live frame arrives. Returns false if the connection ends first.
async fn gets_live_frames(hub: &Hub, socket: &mut WebSocketStream<TcpStream>, batch: impl Fn() -> Batch) -> bool {
    loop {
        publish(hub, batch()).await;
        match socket.next().await {
            Some(Ok(Message::Binary(bytes))) => {
                if matches!(Frame::decode(&bytes).expect("decodes").body, Body::Samples(_)) {
                    return true;
                }
            }
            Some(Ok(_)) => {}
            _ => return false,
        }
    }
}

#[tokio::test]
async fn a_panic_ends_its_own_session_or_shard_and_no_other() {
    let hub = hub();
    let group = Group {
        name: "g".into(),
        title: String::new(),
        unit: "1".into(),
        interval: Interval::from_millis(10),
        ..Group::default()
    };
    let group = hub.catalog.register_group(group).expect("fits");
    let series = Series { group, name: "s".into(), kind: SeriesKind::Gauge, labels: Vec::new() };
    let series = hub.catalog.register_series(series).expect("fits");
    let batch = || Batch::row(group, clock::now(), [(series, 1.0)]);
    let stop = CancellationToken::new();
    // Two shards, since the viewers of the shard that panics are dropped.
    let service = Service::new(Arc::clone(&hub), Arc::new(Fanout::with_shards(&hub, 2)), stop);
    let mut neighbour = viewer(&service).await;
    assert!(gets_live_frames(&hub, &mut neighbour, batch).await);

    // The first write is a session's hello; later ones are a shard's.
    for panics_at in [1, 8] {
        let writes = Arc::new(AtomicUsize::new(0));
        let upgraded = upgraded(PanickingSocket { writes: Arc::clone(&writes), panics_at });
        let session = session::run(
            upgraded,
            service.clone(),
            SessionStart::Immediate(Interval::ZERO),
            protocol::Role::View,
            CancellationToken::new(),
        );
        let session = tokio::spawn(session);
        while writes.load(Ordering::Relaxed) < panics_at {
            publish(&hub, batch()).await;
        }
        drop(session.await);
        assert!(gets_live_frames(&hub, &mut neighbour, batch).await, "the neighbour of one that panics at {panics_at}");
    }
    // Later viewers are served by either shard.
    for _ in 0..4 {
        let mut later = viewer(&service).await;
        assert!(gets_live_frames(&hub, &mut later, batch).await);
    }
    assert!(gets_live_frames(&hub, &mut neighbour, batch).await);
}

/// What is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_panic_is_logged_with_its_place_and_thread() {
    let hook_of_the_other_test = std::panic::take_hook();
    log_panics();
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    // With one dispatcher alone, a panic of the other test, which has no log, could disable the call site for all.
    let _second_dispatcher = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let panics = move || tracing::subscriber::with_default(log, || panic!("a panic {}", "on purpose"));
    let thread = std::thread::Builder::new().name("panics".to_owned()).spawn(panics).expect("starts");
    assert!(thread.join().is_err());
    std::panic::set_hook(hook_of_the_other_test);
    let said = String::from_utf8(lines.0.lock().expect("not poisoned").clone()).expect("UTF-8");
    let said =
        said.lines().find(|line| line.contains("panic text=\"a panic on purpose\"")).expect("is logged").to_owned();
    assert!(said.contains("place=\"feed-server/tests/panics.rs:") && said.contains("thread=\"panics\""), "{said}");
}
