//! Viewers connect and leave for minutes: memory and descriptors do not grow.
//!
//! `KYMOGRAPH_SOAK_SECONDS` sets the time, 20 by default. For ten minutes:
//! `KYMOGRAPH_SOAK_SECONDS=600 cargo xtask test --long -p feed-server --test faults -- --nocapture soak`.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::follow::{Connection, follow};
use super::machine;
use super::model::Viewer;
use super::process::Process;
use super::proxy::{Cut, Proxy};

/// Memory that varies with viewers, buffers and the allocator.
const SLACK_BYTES: usize = 4 << 20;

#[tokio::test]
#[ignore = "long: cargo xtask test --long"]
async fn soak_of_short_connections_leaks_neither_memory_nor_descriptors() {
    let _machine = machine().await;
    let seconds = std::env::var("KYMOGRAPH_SOAK_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(20);
    // A short history and a small ring are full before the first measurement.
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("feed.toml");
    std::fs::write(&config, "history = \"5s\"\nrecent_bytes = 65536\n").expect("writes");
    let source = "synthetic:groups=4,series=4,hz=100,prefill=5s,seed=7";
    let server = Process::start(&["--config", config.to_str().expect("UTF-8"), "--source", source]);
    let proxy = Proxy::start(server.address).await;
    let mut random = StdRng::seed_from_u64(1);
    let mut loyal = JoinSet::new();
    let address = server.address;
    let ends = Instant::now() + Duration::from_secs(seconds);
    loyal.spawn(async move {
        let mut viewer = Viewer::new(None);
        let connections = follow(&mut viewer, address, |viewer| {
            assert_eq!(viewer.gaps, [], "every row is read in time");
            Instant::now() > ends
        });
        (connections.await, viewer.held.len())
    });
    let base = server.descriptors();
    let mut guests: JoinSet<()> = JoinSet::new();
    let mut looks: Vec<(f64, usize)> = Vec::new();
    let began = Instant::now();
    while Instant::now() < ends {
        let behind_proxy = proxy.address;
        match random.random_range(0..10) {
            0 => drop(guests.spawn(async move { drop(TcpStream::connect(address).await) })),
            1 => drop(guests.spawn(async move {
                if let Ok(mut stream) = TcpStream::connect(address).await {
                    let _closed = stream.write_all(b"GET /stream HTTP/1.1\r\nhost: local").await;
                }
            })),
            2 => proxy.cut(Cut::Reset),
            messages => drop(guests.spawn(async move {
                let mut viewer = Viewer::new(None);
                let Ok(mut connection) = Connection::open(&viewer, behind_proxy).await else { return };
                for _ in 0..messages * 20 {
                    if connection.next(&mut viewer).await.is_err() {
                        return;
                    }
                }
            })),
        }
        sleep(Duration::from_millis(50)).await;
        while guests.try_join_next().is_some() {}
        let at = began.elapsed().as_secs_f64();
        if looks.last().is_none_or(|last| at - last.0 >= 1.0) {
            looks.push((at, server.resident_bytes()));
        }
    }
    drop(guests.join_all().await);
    let (connections, rows) = loyal.join_next().await.expect("one").expect("no panic");
    while server.descriptors() > base {
        sleep(Duration::from_millis(50)).await;
    }
    let settled = looks[looks.len() / 4].1;
    let most = looks[looks.len() / 4..].iter().map(|look| look.1).max().expect("looked");
    println!(
        "{seconds} s: {} KiB after a quarter, {} KiB at most since, {} KiB in the end; {} descriptors; {rows} rows over \
         {connections} connection",
        settled >> 10,
        most >> 10,
        server.resident_bytes() >> 10,
        server.descriptors(),
    );
    assert!(most < settled + SLACK_BYTES, "from {settled} to {most} bytes");
    assert_eq!(connections, 1, "the viewer that stays is never disconnected");
}
