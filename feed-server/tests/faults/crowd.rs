//! Many viewers at once, and many hostile peers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::follow::{Connection, everything};
use super::machine;
use super::model::Viewer;
use super::process::Process;
use super::proxy::{Cut, Proxy};

const SOURCE: [&str; 2] = ["--source", "synthetic:groups=1,series=2,hz=20,prefill=2s,seed=7"];

/// How a hostile peer uses its connection.
#[derive(Clone, Copy)]
enum Stranger {
    Silent,
    HalfAHead,
    ByteByByte,
}

/// Connects, is slow, and returns how long the server kept the connection.
async fn be_slow(address: SocketAddr, stranger: Stranger) -> Duration {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let began = Instant::now();
    let head = b"GET /stream HTTP/1.1\r\nhost: localhost\r\nx: 1\r\nx: 2\r\nx: 3\r\nx: 4\r\nx: 5\r\nx: 6\r\nx: 7\r\n";
    let mut sent = match stranger {
        Stranger::Silent => head.len(),
        Stranger::HalfAHead => {
            stream.write_all(head).await.expect("writes");
            head.len()
        }
        Stranger::ByteByByte => 0,
    };
    let mut room = [0; 1_024];
    loop {
        tokio::select! {
            read = stream.read(&mut room) => {
                if !matches!(read, Ok(1..)) {
                    return began.elapsed();
                }
            }
            () = sleep(Duration::from_millis(200)), if sent < head.len() => {
                let _closed_meanwhile = stream.write_all(&head[sent..=sent]).await;
                sent += 1;
            }
        }
    }
}

#[tokio::test]
async fn six_hundred_slow_peers_do_not_disturb_viewers_and_are_closed_within_five_seconds() {
    let _machine = machine().await;
    let server = Process::start(&SOURCE);
    let (mut viewer, mut connection) = Connection::live(server.address).await;
    let before = server.descriptors();
    let mut strangers = JoinSet::new();
    for number in 0..600 {
        let stranger = [Stranger::Silent, Stranger::HalfAHead, Stranger::ByteByByte][number % 3];
        strangers.spawn(be_slow(server.address, stranger));
    }
    let mut slowest = Duration::ZERO;
    loop {
        tokio::select! {
            borne = strangers.join_next() => match borne {
                Some(borne) => slowest = slowest.max(borne.expect("no panic")),
                None => break,
            },
            taken = connection.next(&mut viewer) => taken.expect("not disturbed"),
        }
        if strangers.len() == 300 {
            assert_eq!(server.get("/healthz").await, "ok\n");
        }
    }
    println!("the last of 600 slow strangers was gone after {:.1} s", slowest.as_secs_f64());
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    while server.descriptors() > before {
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(viewer.gaps, []);
    viewer.check_against(&everything(server.address).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_viewers_dropped_at_once_resume_within_ten_seconds() {
    const VIEWERS: usize = 1_000;
    let _machine = machine().await;
    let most = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE).expect("has one").1;
    nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE, most, most).expect("may have so many");
    let server = Process::start(&SOURCE);
    let proxy = Proxy::start(server.address).await;
    let address = proxy.address;
    let [all_live, dropped] = [0, 1].map(|_| Arc::new(Barrier::new(VIEWERS + 1)));
    let mut viewers = JoinSet::new();
    for _ in 0..VIEWERS {
        let (all_live, dropped) = (Arc::clone(&all_live), Arc::clone(&dropped));
        viewers.spawn(async move {
            let (mut viewer, mut connection) = Connection::live(address).await;
            all_live.wait().await;
            while connection.next(&mut viewer).await.is_ok() {}
            viewer.cut_off();
            let held = viewer.held.len();
            dropped.wait().await;
            super::follow::follow(&mut viewer, address, |viewer| viewer.is_live() && viewer.held.len() > held).await;
            viewer
        });
    }
    all_live.wait().await;
    proxy.cut(Cut::Reset);
    dropped.wait().await;
    let began = Instant::now();
    let viewers = viewers.join_all().await;
    let took = began.elapsed();
    println!("{VIEWERS} viewers were up to date after {:.1} s", took.as_secs_f64());
    assert!(took < Duration::from_secs(10), "{took:?}");
    let everything = everything(server.address).await;
    for viewer in &viewers {
        assert_eq!(viewer.gaps, []);
        viewer.check_against(&everything);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_viewers_that_stop_reading_do_not_disturb_others_and_take_bounded_memory() {
    const VIEWERS: usize = 150;
    const STOPPED: usize = 50;
    // One turn of a session, and the frame that exceeds it.
    const QUEUE_BYTES: usize = (256 << 10) + (64 << 10);
    let _machine = machine().await;
    let server = Process::start(&["--source", "synthetic:groups=8,series=8,hz=200,prefill=60s,seed=7"]);
    server.until_metric("kymograph_rows_total", |rows| rows >= 96_000.0).await;
    let all = everything(server.address).await;
    let before = server.resident_bytes();
    // They request everything and never read.
    let mut stopped = Viewer::new(None);
    let mut stopped_connections = Vec::new();
    for _ in 0..STOPPED {
        stopped_connections.push(Connection::open(&stopped, server.address).await.expect("connects"));
    }
    server.until_metric("kymograph_viewers_queued_bytes", |bytes| bytes > (STOPPED << 10) as f64).await;
    let mut viewers = JoinSet::new();
    for _ in 0..VIEWERS {
        let mut viewer = Viewer::new(all.epoch);
        viewer.position = all.position;
        let address = server.address;
        viewers.spawn(async move {
            let mut connection = Connection::open(&viewer, address).await.expect("connects");
            connection.live_frames(120).await.expect("not disturbed, and none left out")
        });
    }
    let mut most_queued: f64 = 0.0;
    while !viewers.is_empty() {
        while let Some(frames) = viewers.try_join_next() {
            assert_eq!(frames.expect("no panic"), 120);
        }
        let queued = server.metric("kymograph_viewers_queued_bytes").await.expect("a figure");
        most_queued = most_queued.max(queued);
    }
    let grown = server.resident_bytes().saturating_sub(before);
    println!(
        "{VIEWERS} viewers and {STOPPED} that do not read: {:.0} KiB queued at most, {} KiB more in all",
        most_queued / 1_024.0,
        grown >> 10
    );
    assert!(most_queued <= (STOPPED * QUEUE_BYTES) as f64, "{most_queued} bytes");
    // The allocator keeps about twice the used memory.
    assert!(grown < 2 * STOPPED * QUEUE_BYTES + VIEWERS * (64 << 10), "{grown} bytes");
    // They are closed, and may connect again.
    server.until_metric("kymograph_viewers", |viewers| viewers == 0.0).await;
    assert_eq!(server.metric("kymograph_viewers_queued_bytes").await, Some(0.0));
    drop(stopped_connections);
    super::follow::follow(&mut stopped, server.address, Viewer::is_live).await;
    stopped.check_against(&everything(server.address).await);
}
