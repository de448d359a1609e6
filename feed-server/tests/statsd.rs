//! The source `statsd`: with clients of StatsD and DogStatsD, and with datagrams that a test makes.

#![cfg(target_os = "linux")]

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use feed_server::ingest::health::SourceState;
use protocol::SeriesKind;

use crate::served::Served;
use crate::watch::{Received, Watch, has, program};

/// A free port, and the SPEC of a source that listens to it.
fn spec(more: &str) -> (u16, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let port = socket.local_addr().expect("an address").port();
    (port, format!("statsd:listen=127.0.0.1:{port}{more}"))
}

async fn listening(spec: &str) -> Watch {
    let mut watch = Watch::start(spec);
    watch.until_status(|status| status.state == SourceState::Listening).await;
    watch
}

fn sender(port: u16) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.connect(("127.0.0.1", port)).expect("connects");
    socket
}

fn newest(received: &Received, group: &str, series: &str) -> Option<f64> {
    received.get(&(group.to_owned(), series.to_owned()))?.last().map(|(_, value)| *value)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_is_a_total_a_gauge_a_level_and_a_set_a_number_of_members() {
    let (port, spec) = spec("");
    let mut watch = listening(&spec).await;
    let socket = sender(port);
    for datagram in
        ["hits:1|c\nhits:2|c|@0.5|#path:/a\nlevel:10|g\nlevel:-3|g", "hits:4|c\nusers:a|s\nusers:b|s\nusers:a|s"]
    {
        socket.send(datagram.as_bytes()).expect("sends");
    }
    watch
        .until(|received| {
            newest(received, "statsd.hits", "") == Some(5.0)
                && newest(received, "statsd.hits", "/a") == Some(4.0)
                && newest(received, "statsd.level", "") == Some(7.0)
        })
        .await;
    // In the second after.
    watch
        .until(|received| {
            received
                .get(&("statsd.users".to_owned(), String::new()))
                .is_some_and(|values| values.iter().any(|(_, value)| (*value - 2.0).abs() < 0.1))
        })
        .await;
    let whole = watch.catalog.whole();
    let kinds: Vec<SeriesKind> = whole.series.iter().map(|(_, series)| series.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == SeriesKind::Counter).count(), 2);
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_value_of_a_timer_is_a_sample_with_a_time_of_its_own() {
    let (port, spec) = spec("");
    let mut watch = listening(&spec).await;
    let socket = sender(port);
    let values: Vec<String> = (0..50).map(|value| value.to_string()).collect();
    socket.send(format!("t:{}|ms|#a:b", values.join(":")).as_bytes()).expect("sends");
    socket.send(b"t:50|ms|#a:b\nt:51|ms|#a:b").expect("sends");
    let received = watch.until(|received| has(received, "statsd.t", "b", 52)).await;
    let samples = &received[&("statsd.t".to_owned(), "b".to_owned())];
    assert!(samples.windows(2).all(|pair| pair[0].0 < pair[1].0), "{samples:?}");
    assert!(samples.iter().zip(0..).all(|((_, value), expected)| (*value - f64::from(expected)).abs() < 0.1));
    let whole = watch.catalog.whole();
    assert_eq!(whole.groups.iter().map(|(_, group)| group.unit.as_str()).collect::<Vec<_>>(), ["ms"]);
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_values_of_a_timer_become_quantiles_which_is_stated() {
    let (port, spec) = spec("");
    let mut watch = listening(&spec).await;
    let flooding = std::thread::spawn(move || {
        let socket = sender(port);
        for _ in 0..2_000 {
            let _refused = socket.send(&b"t:1:2:3:4:5:6:7:8:9:10|ms\n".repeat(5));
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    watch
        .until(|received| has(received, "statsd.t.summary", "p99", 3) && has(received, "statsd.t.rate", "rate", 3))
        .await;
    let error = watch.status().last_error.expect("a statement");
    assert!(error.starts_with("timer t has more than 2,000 values a second"), "{error}");
    watch.running.stop().await;
    flooding.join().expect("ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_not_understood_and_series_beyond_the_limit_are_counted() {
    let (port, spec) = spec(",series=2");
    let mut watch = listening(&spec).await;
    let socket = sender(port);
    socket.send(b"a:1|c\nb:1|c\nbad\n\xff:1|c\nc:1|c\nd:1|c\na:1|c").expect("sends");
    socket.send(&vec![b'x'; 60_000]).expect("sends");
    socket.send(format!("e:1|c|#k:{}", "x".repeat(60_000)).as_bytes()).expect("sends");
    let status = watch.until_status(|status| status.refused == 6).await;
    assert_eq!((status.received, status.series), (9, 2));
    watch.until(|received| newest(received, "statsd.a", "") == Some(2.0)).await;
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_two_types_under_one_name_are_two_metrics() {
    let (port, spec) = spec("");
    let mut watch = listening(&spec).await;
    sender(port).send(b"a:1|c\na:320|ms\na:7|g").expect("sends");
    watch
        .until(|received| {
            newest(received, "statsd.a", "") == Some(1.0)
                && newest(received, "statsd.a.time", "") == Some(320.0)
                && newest(received, "statsd.a.level", "") == Some(7.0)
        })
        .await;
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unix_socket_takes_the_place_of_one_that_was_left_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dsd.socket");
    drop(UnixDatagram::bind(&path).expect("binds"));
    assert!(path.exists(), "left behind");
    let mut watch = listening(&format!("statsd:socket={}", path.display())).await;
    let socket = UnixDatagram::unbound().expect("a socket");
    socket.send_to(b"a:7|g", &path).expect("sends");
    watch.until(|received| newest(received, "statsd.a", "") == Some(7.0)).await;
    // Another server must not take it away.
    let mut second = Watch::start(&format!("statsd:socket={}", path.display()));
    let status = second.until_status(|status| status.state == SourceState::Failed).await;
    assert!(status.last_error.is_some_and(|error| error.starts_with("cannot listen on ")));
    watch.running.stop().await;
    assert!(!path.exists());
}

/// Runs a script that sends, with the packages of the tests.
async fn run(script: &str, folder: &Path) {
    let file = folder.join("client.py");
    std::fs::write(&file, script).expect("writes");
    let mut command = Command::new(program("KYMOGRAPH_PYTHON"));
    command.arg(file);
    let ran = tokio::task::spawn_blocking(move || command.output()).await.expect("runs").expect("starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_of_datadog_and_of_statsd_are_understood() {
    let (port, spec) = spec("");
    let folder = tempfile::tempdir().expect("a folder");
    let mut watch = listening(&spec).await;
    let script = format!(
        "from datadog import initialize, statsd\nimport statsd as plain\n\
         initialize(statsd_host='127.0.0.1', statsd_port={port})\n\
         for n in range(10):\n    statsd.increment('dd.hits', tags=['path:/a', 'beta'])\n    \
         statsd.histogram('dd.size', n, tags=['path:/a'])\n    statsd.distribution('dd.dist', n)\n    statsd.timing('dd.time', n)\n\
         statsd.gauge('dd.level', -4, tags=['path:/a'])\nstatsd.set('dd.users', 'u1')\n\
         statsd.event('Deploy', 'line one\\nline two | bar', alert_type='warning', tags=['env:lab'])\n\
         statsd.service_check('redis', 2, message='no answer')\nstatsd.flush()\n\
         client = plain.StatsClient('127.0.0.1', {port}, prefix='py')\n\
         client.incr('jobs', 3)\nclient.gauge('depth', 8)\nclient.gauge('depth', -3, delta=True)\nclient.timing('run', 320)\n\
         with client.pipeline() as pipe:\n    pipe.incr('jobs')\n    pipe.incr('jobs')\n"
    );
    run(&script, folder.path()).await;
    watch
        .until(|received| {
            newest(received, "statsd.dd.hits", "/a true") == Some(10.0)
                && has(received, "statsd.dd.size", "/a", 10)
                && has(received, "statsd.dd.dist", "", 10)
                && has(received, "statsd.dd.time", "", 10)
                && newest(received, "statsd.dd.level", "/a") == Some(-4.0)
                && newest(received, "statsd.py.jobs", "") == Some(5.0)
                && newest(received, "statsd.py.depth", "") == Some(5.0)
                && has(received, "statsd.py.run", "", 1)
        })
        .await;
    let status = watch.status();
    assert_eq!((status.refused, status.last_error), (0, None));
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_checks_reach_the_viewers() {
    let (port, spec) = spec("");
    let served = Served::start(&[&spec, "synthetic:groups=1,series=1"]).await;
    let socket = sender(port);
    loop {
        socket.send(b"_e{6,2}:Deploy|v2|#env:lab\n_sc|redis|2|m:no answer").expect("sends");
        let metrics = served.get("/metrics").await;
        let counted = |name: &str| {
            let line = metrics.lines().find(|line| line.starts_with(name)).and_then(|line| line.rsplit(' ').next());
            line.and_then(|count| count.parse::<f64>().ok()).unwrap_or(0.0)
        };
        if counted("kymograph_events_total ") >= 1.0 && counted("kymograph_log_lines_total ") >= 1.0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
