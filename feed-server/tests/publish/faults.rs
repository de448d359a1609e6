//! Publishers that are cut, restarted, doubled, or send as fast as they can: no row is missing, and none is there twice.

use std::time::{Duration, SystemTime};

use feed_server::clock;
use kymograph_publisher::{Group, Publisher, RowError};
use nix::sys::signal::Signal;
use protocol::{ClientMessage, Interval};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::spawn_blocking;

use super::{PATH, Program, config, metric, values_of_history};
use crate::place::free_address;
use crate::process::Process;
use crate::proxy::{Cut, Fault, Proxy};
use crate::served::Served;

/// More than a busy machine needs.
const LONG: Duration = Duration::from_mins(1);

fn start(address: &str) -> (Publisher, Group) {
    let publisher = Publisher::builder("worker").linger(LONG).connect(address).expect("starts");
    let group = publisher.group("jobs").interval(Duration::from_millis(1)).series(["waiting"]).expect("announced");
    (publisher, group)
}

/// The time of a row: a millisecond after the one before.
fn time(began: SystemTime, row: u64) -> SystemTime {
    began + Duration::from_millis(row)
}

/// Asserts that the server holds the rows 0 to `rows`, each with its number as its value, and dropped none as repeated.
async fn assert_complete(served: &Served, rows: u64) {
    let values = values_of_history(served, rows as usize).await;
    let numbers: Vec<u64> = values.values().map(|&bits| f64::from_bits(bits) as u64).collect();
    assert_eq!(numbers, (0..rows).collect::<Vec<_>>());
    let dropped = served.get("/metrics").await;
    assert!(dropped.contains("\nkymograph_rows_out_of_order_total 0\n"), "{dropped}");
    let accepted = metric(served, "kymograph_publisher_rows_total{publisher=\"worker\"}").await as u64;
    assert_eq!(accepted, rows, "each row once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_is_cut_many_times_loses_no_row_and_sends_none_twice() {
    let served = Served::configured(config()).await;
    let proxy = Proxy::start(served.address).await;
    let (publisher, group) = start(&proxy.address.to_string());
    let mut random = StdRng::seed_from_u64(7);
    let (began, mut rows) = (SystemTime::now() - Duration::from_mins(2), 0);
    for cut in 0..12 {
        for _ in 0..random.random_range(1..400) {
            group.row(time(began, rows), &[rows as f64]).expect("accepted");
            rows += 1;
        }
        // Within a message, before an answer, or while the next connection is opened.
        if cut % 4 == 3 {
            proxy.set(Fault::Late(Duration::from_millis(30)));
        } else {
            proxy.set(Fault::None);
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..120))).await;
        proxy.cut(if random.random() { Cut::Closed } else { Cut::Reset });
    }
    proxy.set(Fault::None);
    let publisher = spawn_blocking(move || publisher.flush(LONG).map(|()| publisher)).await.expect("no panic");
    assert_eq!(publisher.expect("held").lost_rows(), 0);
    assert_complete(&served, rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_starts_again_continues_its_series_in_a_new_run() {
    let served = Served::configured(config()).await;
    let began = SystemTime::now() - Duration::from_mins(1);
    for run in 0..3 {
        let (publisher, group) = start(&served.address.to_string());
        for row in 100 * run..100 * (run + 1) {
            group.row(time(began, row), &[row as f64]).expect("accepted");
        }
        // Dropping it waits until the server holds all rows.
        spawn_blocking(move || drop(publisher)).await.expect("no panic");
        let ended = group.row(SystemTime::now(), &[0.0]).expect_err("ended").to_string();
        assert_eq!(ended, "the publisher has ended: it was closed");
    }
    assert_complete(&served, 300).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_and_starts_again_gets_every_row_that_was_not_held() {
    let address = free_address();
    let (publisher, group) = start(&address.to_string());
    let mut server = Process::start_at(address, &["--source", "publish"]);
    let (began, mut rows) = (SystemTime::now() - Duration::from_mins(1), 0);
    let mut measure = |count: u64| {
        for _ in 0..count {
            group.row(time(began, rows), &[rows as f64]).expect("accepted");
            rows += 1;
        }
        rows
    };
    measure(500);
    let publisher = spawn_blocking(move || publisher.flush(LONG).map(|()| publisher)).await.expect("no panic");
    let publisher = publisher.expect("held");
    // Some of these are held, some on their way, some wait.
    measure(500);
    server.signal(Signal::SIGKILL);
    server.wait();
    let all = measure(500);
    let server = Process::start_at(address, &["--source", "publish"]);
    let publisher = spawn_blocking(move || publisher.flush(LONG).map(|()| publisher)).await.expect("no panic");
    assert_eq!(publisher.expect("held").lost_rows(), 0);
    let accepted = server.metric("kymograph_publisher_rows_total{publisher=\"worker\"}").await.expect("counted") as u64;
    assert!(
        (500..=1_000).contains(&accepted),
        "{accepted} of {all}: those that the first server held are not sent again"
    );
    assert_eq!(server.metric("kymograph_rows_out_of_order_total").await, Some(0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn gauges_are_sampled_also_one_that_is_added_later() {
    let served = Served::configured(config()).await;
    let builder = Publisher::builder("worker").gauge_interval(Duration::from_millis(5));
    let publisher = builder.connect(&served.address.to_string()).expect("starts");
    let until = async |name: &str, value: f64| {
        let key = |key: &(String, String, i64)| key.0 == "worker:board" && key.1 == name;
        loop {
            let values = values_of_history(&served, 1).await;
            if values.iter().any(|(held, &bits)| key(held) && bits == value.to_bits()) {
                return;
            }
        }
    };
    publisher.gauge("board", "temperature").expect("announced").set(21.5);
    until("temperature", 21.5).await;
    publisher.gauge("board", "load").expect("announced").set(0.25);
    publisher.gauge("board", "temperature").expect("the same").set(22.0);
    until("load", 0.25).await;
    until("temperature", 22.0).await;
    let error = publisher.group("board").series(["x"]).expect_err("it has gauges").to_string();
    assert_eq!(error, "group \"board\" was announced already");
    spawn_blocking(move || drop(publisher)).await.expect("no panic");
}

#[tokio::test]
async fn of_two_connections_of_a_publisher_the_newer_stays() {
    let served = Served::configured(config()).await;
    let now = clock::now();
    let (mut older, _) = Program::open(&served, "worker", 7).await;
    older.rows(1, &[(now - Interval::from_millis(5), 1.0)]).await;
    older.until_held(1).await;
    let (mut newer, held) = Program::open(&served, "worker", 7).await;
    assert_eq!(held, 1);
    assert_eq!(older.0.closed().await, (4409, "another connection has opened the same publisher".to_owned()));
    newer.rows(2, &[(now, 2.0)]).await;
    newer.until_held(2).await;
    let state = served.get("/readyz?source=publish:worker").await;
    assert!(state.contains("\"state\":\"running\""), "the end of the older one does not stop it: {state}");
    assert_eq!(values_of_history(&served, 2).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_whose_name_another_one_takes_ends_and_says_why() {
    let served = Served::configured(config()).await;
    let (first, group) = start(&served.address.to_string());
    while !first.is_connected() {
        tokio::task::yield_now().await;
    }
    let (second, _) = start(&served.address.to_string());
    while !second.is_connected() {
        tokio::task::yield_now().await;
    }
    let reason = loop {
        // Two rows of one microsecond are refused too.
        if let Err(error @ RowError::Ended(_)) = group.row(SystemTime::now(), &[0.0]) {
            break error.to_string();
        }
        tokio::task::yield_now().await;
    };
    assert!(
        reason.ends_with("closed by the server with 4409: another connection has opened the same publisher"),
        "{reason}"
    );
    assert!(second.is_connected());
}

/// Sends as fast as TCP takes it: a million values.
#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_floods_waits_and_others_are_served() {
    let served = Served::start(&["publish", "synthetic:groups=1,series=2,hz=50,prefill=1s,seed=7"]).await;
    let mut neighbour = served.viewer("/stream").await;
    let (mut flood, _) = Program::open(&served, "worker", 7).await;
    let began = clock::now() - Interval::from_secs(200);
    let flooding = tokio::spawn(async move {
        for number in 1..=250_u64 {
            let row = |row: u64| began + Interval::from_micros((number * 2_000 + row) * 100);
            let times: Vec<_> = (0..2_000).map(row).collect();
            // Random bits take their full length.
            let values: Vec<f64> = (1..=2_000).map(|row: u64| (row * number) as f64 * std::f64::consts::PI).collect();
            flood.columns(number, &times, &[(1, &values), (2, &values)]).await;
        }
        flood.until_held(250).await
    });
    neighbour.read_live(20).await;
    flooding.await.expect("held");
    assert_eq!(metric(&served, "kymograph_publisher_rows_total{publisher=\"worker\"}").await as u64, 500_000);
    assert_eq!(metric(&served, "kymograph_rows_out_of_order_total").await as u64, 0);
    neighbour.read_live(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_reads_no_answers_is_not_read_further() {
    // The bound on answers that wait, and one answer.
    const MOST_BYTES: f64 = 65_536.0 + 1_024.0;
    let served = Served::configured(config()).await;
    let mut program = Program(served.viewer_with_small_buffer(PATH).await);
    program.say(&ClientMessage::Open { publisher: "worker", run: 7 }).await;
    // Each is answered with a refusal. The kernel holds all requests, and some thousands of answers.
    for _ in 0..50_000 {
        program.say(&ClientMessage::Unknown { kind: 99 }).await;
    }
    let (mut last, mut same) = (0.0, 0);
    while last < 1.0 || same < 100 {
        let waiting = metric(&served, "kymograph_viewers_queued_bytes").await;
        assert!(waiting < MOST_BYTES, "{waiting} bytes of answers wait");
        same = if waiting.to_bits() == f64::to_bits(last) { same + 1 } else { 0 };
        last = waiting;
    }
    // The server answers others.
    let (mut other, _) = Program::open(&served, "other", 1).await;
    other.rows(1, &[(clock::now(), 1.0)]).await;
    other.until_held(1).await;
}
