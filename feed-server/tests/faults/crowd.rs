//! Many viewers at once, and strangers that want to be many.

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

/// What a stranger does with its connection.
#[derive(Clone, Copy)]
enum Stranger {
    Silent,
    HalfAHead,
    ByteByByte,
}

/// Connects, is slow, and returns how long it was borne.
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
async fn six_hundred_slow_strangers_disturb_nobody_and_are_gone_within_five_seconds() {
    let _machine = machine().await;
    let server = Process::start(&SOURCE);
    let mut viewer = Viewer::new(None);
    let mut connection = Connection::open(&viewer, server.address).await.expect("connects");
    while !viewer.is_live() {
        connection.next(&mut viewer).await.expect("a message");
    }
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
async fn a_thousand_viewers_that_are_dropped_at_once_are_whole_again_within_ten_seconds() {
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
            let mut viewer = Viewer::new(None);
            let mut connection = Connection::open(&viewer, address).await.expect("connects");
            while !viewer.is_live() {
                connection.next(&mut viewer).await.expect("a message");
            }
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
    println!("{VIEWERS} viewers were whole again after {:.1} s", took.as_secs_f64());
    assert!(took < Duration::from_secs(10), "{took:?}");
    let everything = everything(server.address).await;
    for viewer in &viewers {
        assert_eq!(viewer.gaps, []);
        viewer.check_against(&everything);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_stops_reading_delays_nobody_and_takes_bounded_memory() {
    const VIEWERS: usize = 100;
    let _machine = machine().await;
    let server = Process::start(&["--source", "synthetic:groups=2,series=4,hz=50,prefill=0s,seed=7"]);
    let mut viewers = JoinSet::new();
    let mut stopped = Viewer::new(None);
    // Open, asked for everything, and never read.
    let stopped_connection = Connection::open(&stopped, server.address).await.expect("connects");
    let before = server.resident_bytes();
    let address = server.address;
    for _ in 0..VIEWERS {
        viewers.spawn(async move {
            let mut viewer = Viewer::new(None);
            let mut connection = Connection::open(&viewer, address).await.expect("connects");
            // Until after the one that does not read was let go.
            while viewer.held.len() < 1_500 {
                connection.next(&mut viewer).await.expect("not disturbed");
            }
            viewer
        });
    }
    let viewers = viewers.join_all().await;
    let grown = server.resident_bytes().saturating_sub(before);
    println!("{VIEWERS} viewers and one that does not read: {} KiB more", grown >> 10);
    let everything = everything(address).await;
    for viewer in &viewers {
        assert_eq!(viewer.gaps, []);
        viewer.check_against(&everything);
    }
    server.until_metric("kymograph_viewers", |viewers| viewers == 0.0).await;
    assert_eq!(server.metric("kymograph_viewers_queued_bytes").await, Some(0.0));
    drop(stopped_connection);
    super::follow::follow(&mut stopped, address, |viewer| viewer.is_live() && viewer.held.len() > 1_500).await;
    stopped.check_against(&super::follow::everything(address).await);
}
