//! A defect that panics ends what it is in, and nothing else.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use feed_server::app::shutdown::shutdown;
use feed_server::clock;
use feed_server::deliver::fanout::Fanout;
use feed_server::deliver::session::{self, Opening, Service};
use feed_server::http::upgrade::Upgraded;
use feed_server::ingest::batch::Batch;
use feed_server::ingest::registry::{Group, Registry, Series};
use feed_server::net::socket::Socket;
use feed_server::stream::hub::{Bounds, Hub};
use feed_server::telemetry::Telemetry;
use futures_util::StreamExt;
use protocol::{Body, Frame, Interval, SeriesKind};
use tokio::io::ReadBuf;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

/// A socket that takes what it is sent until it is to panic.
#[derive(Debug)]
struct Mine {
    writes: Arc<AtomicUsize>,
    panics_at: usize,
}

impl Socket for Mine {
    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let writes = self.writes.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(writes < self.panics_at, "a defect, on purpose");
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

/// Measures a value, and lets everybody send it.
async fn publish(hub: &Hub, batch: Batch) {
    hub.publish([batch], clock::now()).expect("encodes");
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

async fn viewer(service: &Service) -> WebSocketStream<TcpStream> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
    let upgraded = Upgraded { socket: Box::new(theirs.expect("accepts").0), early: Vec::new(), place: None };
    tokio::spawn(session::run(upgraded, service.clone(), Opening::AtOnce(Interval::ZERO)));
    WebSocketStream::from_raw_socket(ours.expect("connects"), Role::Client, None).await
}

/// Measures until a live frame has come.
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
async fn a_panic_in_a_session_or_a_shard_ends_what_it_is_in_and_nothing_else() {
    let hub = hub();
    let group = Group {
        name: "g".into(),
        title: String::new(),
        unit: "1".into(),
        interval: Interval::from_millis(10),
        bounds: protocol::Bounds::Auto,
    };
    let group = hub.catalog().register_group(group).expect("fits");
    let series = Series { group, name: "s".into(), kind: SeriesKind::Gauge, labels: Vec::new() };
    let series = hub.catalog().register_series(series).expect("fits");
    let batch = || Batch::row(group, clock::now(), [(series, 1.0)]);
    let (_stop, stopped) = shutdown();
    // Two shards: of a shard that panics, the viewers are gone.
    let service = Service { fanout: Arc::new(Fanout::with_shards(&hub, 2)), hub: Arc::clone(&hub), shutdown: stopped };
    let mut neighbour = viewer(&service).await;
    assert!(gets_live_frames(&hub, &mut neighbour, batch).await);

    // The first write is a session's hello; later ones are a shard's.
    for panics_at in [1, 8] {
        let writes = Arc::new(AtomicUsize::new(0));
        let socket = Box::new(Mine { writes: Arc::clone(&writes), panics_at });
        let upgraded = Upgraded { socket, early: Vec::new(), place: None };
        let session = tokio::spawn(session::run(upgraded, service.clone(), Opening::AtOnce(Interval::ZERO)));
        while writes.load(Ordering::Relaxed) < panics_at {
            publish(&hub, batch()).await;
        }
        drop(session.await);
        assert!(gets_live_frames(&hub, &mut neighbour, batch).await, "the neighbour of one that panics at {panics_at}");
    }
    // Whoever comes later is served, by either shard.
    for _ in 0..4 {
        let mut later = viewer(&service).await;
        assert!(gets_live_frames(&hub, &mut later, batch).await);
    }
    assert!(gets_live_frames(&hub, &mut neighbour, batch).await);
}
