//! Connections that are slow, cut, silent or damaged.

use std::time::Duration;

use protocol::{GapCause, Interval};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::follow::{Connection, everything, follow};
use super::machine;
use super::model::Viewer;
use super::process::Process;
use super::proxy::{Cut, Fault, Proxy};

const SOURCE: [&str; 2] = ["--source", "synthetic:groups=2,series=2,hz=50,prefill=2s,seed=7"];

/// Waits until the viewer holds this many more rows.
fn more(viewer: &Viewer, rows: usize) -> impl FnMut(&Viewer) -> bool + use<> {
    let wanted = viewer.held.len() + rows;
    move |viewer| viewer.held.len() >= wanted
}

#[tokio::test]
async fn a_viewer_that_is_sent_one_byte_at_a_time_gets_every_row() {
    let _machine = machine().await;
    let server = Process::start(&["--source", "synthetic:groups=1,series=1,hz=20,prefill=2s,seed=7"]);
    let proxy = Proxy::start(server.address).await;
    let mut viewer = Viewer::new(None);
    // After the handshake: so slow a handshake is refused by this client and by the server.
    let mut connection = Connection::open(&viewer, proxy.address).await.expect("connects");
    proxy.set(Fault::OneByteAtATime);
    while viewer.held.len() < 100 {
        connection.next(&mut viewer).await.expect("a message");
    }
    viewer.check_against(&everything(server.address).await);
}

#[tokio::test]
async fn a_viewer_over_a_link_with_high_latency_gets_every_row() {
    let _machine = machine().await;
    let server = Process::start(&SOURCE);
    let proxy = Proxy::start(server.address).await;
    proxy.set(Fault::Late(Duration::from_millis(150)));
    let mut viewer = Viewer::new(None);
    assert_eq!(follow(&mut viewer, proxy.address, |viewer| viewer.held.len() >= 500).await, 1);
    viewer.check_against(&everything(server.address).await);
}

#[tokio::test]
async fn a_viewer_disconnected_many_times_gets_every_row_once() {
    let _machine = machine().await;
    let server = Process::start(&SOURCE);
    let proxy = Proxy::start(server.address).await;
    let mut random = StdRng::seed_from_u64(1);
    let mut viewer = Viewer::new(None);
    for number in 0..20 {
        let mut connection = Connection::open(&viewer, proxy.address).await.expect("connects");
        // Anywhere, also in the history and within a message.
        for _ in 0..random.random_range(0..30) {
            connection.next(&mut viewer).await.expect("a message");
        }
        proxy.cut(if number % 2 == 0 { Cut::Reset } else { Cut::Closed });
        while connection.next(&mut viewer).await.is_ok() {}
        viewer.cut_off();
    }
    let mut live = more(&viewer, 20);
    follow(&mut viewer, proxy.address, |viewer| viewer.is_live() && live(viewer)).await;
    assert_eq!(viewer.gaps, [], "every row was within the history");
    viewer.check_against(&everything(server.address).await);
}

#[tokio::test]
async fn a_viewer_away_for_longer_than_the_history_gets_one_gap_with_exact_bounds() {
    let _machine = machine().await;
    let server =
        Process::start(&["--history", "1s", "--source", "synthetic:groups=1,series=2,hz=50,prefill=1s,seed=7"]);
    let mut viewer = Viewer::new(None);
    let mut connection = Connection::open(&viewer, server.address).await.expect("connects");
    while !(viewer.is_live() && viewer.held.len() > 10) {
        connection.next(&mut viewer).await.expect("a message");
    }
    drop(connection);
    viewer.cut_off();
    let last = viewer.held.keys().next_back().expect("rows").1;
    // Until the history has evicted rows that the viewer misses.
    let missing = last + Interval::from_millis(100);
    while everything(server.address).await.held.keys().next().is_none_or(|first| first.1 <= missing) {}
    let position = viewer.position;
    let mut live = more(&viewer, 20);
    follow(&mut viewer, server.address, |viewer| viewer.is_live() && live(viewer)).await;
    let [gap] = viewer.gaps.as_slice() else { panic!("one gap, found {:?}", viewer.gaps) };
    assert_eq!((gap.cause, gap.after), (GapCause::HistoryExpired, position));
    assert!(gap.until > position.next() && gap.until <= viewer.position, "{gap:?}");
}

#[tokio::test]
async fn a_connection_dead_in_both_directions_is_closed_and_its_viewer_resumes() {
    let server = Process::start(&SOURCE);
    let proxy = Proxy::start(server.address).await;
    let (mut viewer, mut connection) = Connection::live(proxy.address).await;
    let began = std::time::Instant::now();
    proxy.set(Fault::Stalled);
    server.until_metric("kymograph_viewers", |viewers| viewers == 0.0).await;
    println!("a half-open connection was found after {:.1} s", began.elapsed().as_secs_f64());
    proxy.set(Fault::None);
    while connection.next(&mut viewer).await.is_ok() {}
    viewer.cut_off();
    let mut live = more(&viewer, 20);
    follow(&mut viewer, proxy.address, |viewer| viewer.is_live() && live(viewer)).await;
    assert_eq!(viewer.gaps, []);
    viewer.check_against(&everything(server.address).await);
}

#[tokio::test]
async fn a_slow_viewer_is_sent_history_in_place_of_live_frames_and_misses_no_row() {
    let _machine = machine().await;
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("feed.toml");
    let text =
        "recent_bytes = 65536\n[[source]]\nkind = \"synthetic\"\ngroups = 4\nseries = 8\nhz = 500\nprefill = \"0s\"\n";
    std::fs::write(&config, text).expect("writes");
    let server = Process::start(&["--config", config.to_str().expect("UTF-8")]);
    let proxy = Proxy::start(server.address).await;
    proxy.set(Fault::Throttled { bytes_per_second: 16_384 });
    let mut viewer = Viewer::new(None);
    let mut connection = Connection::open(&viewer, proxy.address).await.expect("connects");
    let fell_behind = async {
        loop {
            connection.next(&mut viewer).await.expect("slow, but not cut off");
        }
    };
    tokio::select! {
        () = fell_behind => {}
        () = server.until_metric("kymograph_viewers_fell_behind_total", |times| times >= 1.0) => {}
    }
    proxy.set(Fault::None);
    let rows = viewer.held.len() + 2_000;
    while !(viewer.is_live() && viewer.held.len() >= rows) {
        connection.next(&mut viewer).await.expect("a message");
    }
    assert_eq!(viewer.gaps, []);
    viewer.check_against(&everything(server.address).await);
}

#[tokio::test]
async fn damaged_bytes_close_only_their_connection() {
    let _machine = machine().await;
    let server = Process::start(&SOURCE);
    let proxy = Proxy::start(server.address).await;
    let mut neighbour = Viewer::new(None);
    let mut beside = Connection::open(&neighbour, server.address).await.expect("connects");
    let mut viewer = Viewer::new(None);
    let mut connection = Connection::open(&viewer, proxy.address).await.expect("connects");
    while !(viewer.is_live() && neighbour.is_live()) {
        connection.next(&mut viewer).await.expect("a message");
        beside.next(&mut neighbour).await.expect("a message");
    }
    proxy.set(Fault::Flipped);
    // At the latest, the pong that answers the server's ping is damaged.
    while connection.next(&mut viewer).await.is_ok() {}
    proxy.set(Fault::None);
    viewer.cut_off();
    let mut live = more(&viewer, 20);
    follow(&mut viewer, proxy.address, |viewer| viewer.is_live() && live(viewer)).await;
    viewer.check_against(&everything(server.address).await);
    // The messages for it wait in its socket meanwhile.
    let wanted = viewer.position;
    while neighbour.position < wanted {
        beside.next(&mut neighbour).await.expect("not disturbed");
    }
    neighbour.check_against(&everything(server.address).await);
}
