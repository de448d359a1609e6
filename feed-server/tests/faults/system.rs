//! Suspended and killed processes, full disks, too few descriptors.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use protocol::{ByeReason, GapCause};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::follow::{Connection, everything, follow};
use super::machine;
use super::model::Viewer;
use super::process::Process;

const SOURCE: [&str; 2] = ["--source", "synthetic:groups=2,series=2,hz=50,prefill=2s,seed=7"];

#[tokio::test]
#[ignore = "long: cargo xtask test --long"]
async fn a_suspended_server_loses_no_viewer_and_no_row() {
    let _machine = machine().await;
    let server = Process::start(&SOURCE);
    let (mut viewer, mut connection) = Connection::live(server.address).await;
    let rows = viewer.held.len() + 1_200;
    server.signal(Signal::SIGSTOP);
    // Longer than a running server keeps a silent viewer.
    sleep(Duration::from_secs(11)).await;
    server.signal(Signal::SIGCONT);
    while viewer.held.len() < rows {
        connection.next(&mut viewer).await.expect("the same connection continues");
    }
    assert_eq!(viewer.gaps, []);
    viewer.check_against(&everything(server.address).await);
}

#[tokio::test]
async fn after_a_kill_every_viewer_gets_one_gap_and_resumes() {
    let _machine = machine().await;
    let mut server = Process::start(&SOURCE);
    let address = server.address;
    let mut viewers = JoinSet::new();
    let watching = Arc::new(Barrier::new(501));
    for _ in 0..500 {
        let watching = Arc::clone(&watching);
        viewers.spawn(async move {
            let mut viewer = Viewer::new(None);
            follow(&mut viewer, address, |viewer| viewer.is_live() && viewer.held.len() > 250).await;
            let first_life = viewer.epoch;
            watching.wait().await;
            follow(&mut viewer, address, |viewer| {
                viewer.epoch != first_life && viewer.is_live() && viewer.held.len() > 250
            })
            .await;
            let causes: Vec<GapCause> = viewer.gaps.iter().map(|gap| gap.cause).collect();
            assert_eq!(causes, [GapCause::EpochChanged]);
            viewer
        });
    }
    watching.wait().await;
    server.until_metric("kymograph_viewers", |viewers| viewers >= 500.0).await;
    server.signal(Signal::SIGKILL);
    server.wait();
    let server = Process::start_at(address, &SOURCE);
    let began = Instant::now();
    let held: Vec<Viewer> = viewers.join_all().await;
    println!("500 viewers of a killed server were up to date after {:.1} s", began.elapsed().as_secs_f64());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let everything = everything(server.address).await;
    assert_eq!(held.len(), 500);
    for viewer in &held {
        viewer.check_against(&everything);
    }
}

#[tokio::test]
async fn sigterm_sends_bye_to_every_viewer_and_ends_the_server() {
    let _machine = machine().await;
    let mut server =
        Process::start(&["--history", "60s", "--source", "synthetic:groups=4,series=4,hz=200,prefill=60s,seed=7"]);
    // All of the prefill: the viewers that begin after it are sent little.
    server.until_metric("kymograph_rows_total", |rows| rows >= 48_000.0).await;
    let all = everything(server.address).await;
    let mut viewers = JoinSet::new();
    let live = Arc::new(Semaphore::new(0));
    for _ in 0..90 {
        let (live, address) = (Arc::clone(&live), server.address);
        let mut viewer = Viewer::new(all.epoch);
        viewer.position = all.position;
        viewers.spawn(async move {
            let mut connection = Connection::open(&viewer, address).await.expect("connects");
            while !viewer.is_live() {
                connection.next(&mut viewer).await.expect("a message");
            }
            live.add_permits(1);
            connection.goodbye().await
        });
    }
    let _all_live = live.acquire_many(90).await.expect("open");
    // And ten during their history, with full sockets.
    let mut stopped = Vec::new();
    for _ in 0..10 {
        stopped.push(Connection::open(&Viewer::new(None), server.address).await.expect("connects"));
    }
    server.until_metric("kymograph_viewers_queued_bytes", |bytes| bytes > 0.0).await;
    let began = Instant::now();
    server.signal(Signal::SIGTERM);
    for connection in stopped {
        viewers.spawn(async move {
            // By then a server that does not wait has ended.
            sleep(Duration::from_millis(300)).await;
            connection.goodbye().await
        });
    }
    let status = tokio::task::spawn_blocking(move || (server.wait(), server)).await.expect("waits").0;
    println!("a server with 100 viewers ended within {:.1} s", began.elapsed().as_secs_f64());
    assert!(status.success() && began.elapsed() < Duration::from_secs(5), "{status}, {:?}", began.elapsed());
    for goodbye in viewers.join_all().await {
        assert_eq!(goodbye, Some((ByeReason::ServerStopping, 1001)));
    }
}

#[tokio::test]
async fn with_few_descriptors_open_connections_continue_and_further_ones_get_503() {
    let _machine = machine().await;
    let server = Process::start_with_descriptors(256, &SOURCE);
    let mut viewer = Viewer::new(None);
    let mut connection = Connection::open(&viewer, server.address).await.expect("connects");
    let (mut crowd, mut refused) = (Vec::new(), 0);
    let handshake = format!(
        "GET /stream?start=request HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.address
    );
    for _ in 0..300 {
        let mut stream = TcpStream::connect(server.address).await.expect("the kernel accepts");
        let mut status = [0; 12];
        if stream.write_all(handshake.as_bytes()).await.is_ok() && stream.read_exact(&mut status).await.is_ok() {
            refused += usize::from(&status == b"HTTP/1.1 503");
        }
        crowd.push(stream);
    }
    let rows = viewer.held.len() + 300;
    while !(viewer.is_live() && viewer.held.len() >= rows) {
        connection.next(&mut viewer).await.expect("not disturbed");
    }
    assert!(server.descriptors() < 256, "some are left");
    drop(crowd);
    assert!(refused >= 50, "{refused} of 300 were refused");
    // It accepts again without a restart.
    while server.get("/healthz").await != "ok\n" {
        sleep(Duration::from_millis(50)).await;
    }
    viewer.check_against(&everything(server.address).await);
}

#[tokio::test]
async fn viewers_continue_on_a_full_disk() {
    let _machine = machine().await;
    let mut server = Process::start_on_full_disk(&SOURCE);
    let mut viewer = Viewer::new(None);
    follow(&mut viewer, server.address, |viewer| viewer.is_live() && viewer.held.len() > 300).await;
    assert!(server.runs());
    // Causes a log line, which cannot be written.
    let mut stranger = Viewer::new(None);
    follow(&mut stranger, server.address, Viewer::is_live).await;
    assert_eq!(server.get("/healthz").await, "ok\n");
    server.signal(Signal::SIGTERM);
    assert!(server.wait().success(), "exit code 0");
}
