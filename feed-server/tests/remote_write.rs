//! The source `remote_write`: with messages that another implementation of protobuf encodes, over HTTP, and with a real Prometheus.

#![cfg(target_os = "linux")]

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use feed_server::ingest::inlet::{InletKind, Reply};
use prost::Message;
use protocol::{Prominence, SeriesKind, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::served::Served;
use crate::watch::{Watch, has, program};

const V1: &str = "application/x-protobuf";
const V2: &str = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// The messages of both versions, as their specifications have them.
mod messages {
    use prost::Message;

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct WriteRequest {
        #[prost(message, repeated, tag = "1")]
        pub(super) timeseries: Vec<TimeSeries>,
        #[prost(message, repeated, tag = "3")]
        pub(super) metadata: Vec<Metadata>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct TimeSeries {
        #[prost(message, repeated, tag = "1")]
        pub(super) labels: Vec<Label>,
        #[prost(message, repeated, tag = "2")]
        pub(super) samples: Vec<Sample>,
        #[prost(message, repeated, tag = "4")]
        pub(super) histograms: Vec<Histogram>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Label {
        #[prost(string, tag = "1")]
        pub(super) name: String,
        #[prost(string, tag = "2")]
        pub(super) value: String,
    }

    #[derive(Clone, Copy, PartialEq, Message)]
    pub(super) struct Sample {
        #[prost(double, tag = "1")]
        pub(super) value: f64,
        #[prost(int64, tag = "2")]
        pub(super) timestamp: i64,
    }

    #[derive(Clone, Copy, PartialEq, Message)]
    pub(super) struct Histogram {
        #[prost(uint64, tag = "1")]
        pub(super) count: u64,
        #[prost(double, tag = "3")]
        pub(super) sum: f64,
        #[prost(int64, tag = "15")]
        pub(super) timestamp: i64,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Metadata {
        #[prost(uint32, tag = "1")]
        pub(super) of: u32,
        #[prost(string, tag = "2")]
        pub(super) name: String,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Request {
        #[prost(string, repeated, tag = "4")]
        pub(super) symbols: Vec<String>,
        #[prost(message, repeated, tag = "5")]
        pub(super) timeseries: Vec<TimeSeries2>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct TimeSeries2 {
        #[prost(uint32, repeated, tag = "1")]
        pub(super) labels_refs: Vec<u32>,
        #[prost(message, repeated, tag = "2")]
        pub(super) samples: Vec<Sample>,
        #[prost(message, repeated, tag = "3")]
        pub(super) histograms: Vec<Histogram>,
        #[prost(message, optional, tag = "5")]
        pub(super) metadata: Option<Metadata2>,
    }

    #[derive(Clone, Copy, PartialEq, Message)]
    pub(super) struct Metadata2 {
        #[prost(uint32, tag = "1")]
        pub(super) of: u32,
    }
}

use messages::{Histogram, Label, Metadata, Metadata2, Request, Sample, TimeSeries, TimeSeries2, WriteRequest};

fn now_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("fits")
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

/// A series of `name k=v k=v`.
fn series(text: &str, samples: &[(i64, f64)]) -> TimeSeries {
    let label = |name: &str, value: &str| Label { name: name.to_owned(), value: value.to_owned() };
    let mut words = text.split(' ');
    let name = words.next().filter(|name| !name.is_empty()).map(|name| label("__name__", name));
    let labels = words.filter_map(|word| word.split_once('=')).map(|(name, value)| label(name, value));
    let samples = samples.iter().map(|&(timestamp, value)| Sample { value, timestamp }).collect();
    TimeSeries { labels: name.into_iter().chain(labels).collect(), samples, histograms: Vec::new() }
}

fn packed(message: &impl Message) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(&message.encode_to_vec()).expect("packs")
}

fn request(timeseries: Vec<TimeSeries>) -> WriteRequest {
    WriteRequest { timeseries, metadata: Vec::new() }
}

/// Sends a body to the source, and returns its reply.
async fn deliver(watch: &Watch, content_type: &str, body: Vec<u8>) -> Reply {
    let inlet = loop {
        if let Some(inlet) = watch.running.inlets().get(InletKind::RemoteWrite) {
            break inlet;
        }
        tokio::task::yield_now().await;
    };
    let room = inlet.room(body.len()).expect("room");
    inlet.deliver(content_type.to_owned(), "snappy".to_owned(), Bytes::from(body), room).await.expect("a reply")
}

fn value_at(watch: &Watch, group: &str, name: &str, millis: i64) -> Option<f64> {
    let named = watch.named();
    let values = named.get(&(group.to_owned(), name.to_owned()))?;
    values.iter().find(|(time, _)| *time == at(millis)).map(|(_, value)| *value)
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_of_version_one_keep_their_times_and_labels() {
    let mut watch = Watch::start("remote_write");
    let now = now_millis();
    let two = series("http_requests_total job=j instance=a:1", &[(now - 1_000, 5.0), (now, 7.0)]);
    let other = series("node_load1 job=j instance=a:1", &[(now, 0.5)]);
    let reply = deliver(&watch, V1, packed(&request(vec![two, other]))).await;
    assert_eq!((reply.status, reply.headers.len()), (204, 0));
    let received = watch
        .until(|received| {
            has(received, "remote_write.http_requests_total", "", 2) && has(received, "remote_write.node_load1", "", 1)
        })
        .await;
    let values = &received[&("remote_write.http_requests_total".to_owned(), String::new())];
    assert_eq!(values[..], [(at(now - 1_000), 5.0), (at(now), 7.0)]);
    let whole = watch.catalog.whole();
    let kinds: Vec<_> = whole.series.iter().map(|(_, series)| series.kind).collect();
    assert_eq!(kinds, [SeriesKind::Counter, SeriesKind::Gauge], "by their names");
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn version_two_has_symbols_types_and_counts_of_what_was_written() {
    let mut watch = Watch::start("remote_write:name=rw");
    let now = now_millis();
    let symbols = ["", "__name__", "jobs", "q", "a", "lat_seconds"].map(str::to_owned).to_vec();
    let counter = TimeSeries2 {
        labels_refs: vec![1, 2, 3, 4],
        samples: vec![Sample { value: 3.0, timestamp: now }, Sample { value: 4.0, timestamp: now + 1 }],
        metadata: Some(Metadata2 { of: 1 }),
        ..TimeSeries2::default()
    };
    let native = TimeSeries2 {
        labels_refs: vec![1, 5],
        histograms: vec![Histogram { count: 9, sum: 1.5, timestamp: now }],
        metadata: Some(Metadata2 { of: 3 }),
        ..TimeSeries2::default()
    };
    let reply = deliver(&watch, V2, packed(&Request { symbols, timeseries: vec![counter, native] })).await;
    assert_eq!(reply.status, 204);
    let written = |what: &str| {
        let name = format!("x-prometheus-remote-write-{what}-written");
        reply.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.clone())
    };
    assert_eq!(
        [written("samples"), written("histograms"), written("exemplars")],
        ["2", "1", "0"].map(|n| Some(n.to_owned()))
    );
    watch.until(|received| has(received, "rw.jobs", "", 2) && has(received, "rw.lat_seconds_sum", "", 1)).await;
    assert_eq!(value_at(&watch, "rw.lat_seconds_count", "", now), Some(9.0));
    let whole = watch.catalog.whole();
    assert!(whole.series.iter().all(|(_, series)| series.kind == SeriesKind::Counter), "{:?}", whole.series);
    let bad = Request {
        symbols: vec![String::new()],
        timeseries: vec![TimeSeries2 { labels_refs: vec![9, 9], ..TimeSeries2::default() }],
    };
    let reply = deliver(&watch, V2, packed(&bad)).await;
    assert_eq!(
        (reply.status, &*reply.text),
        (400, "the body is no message of remote write: a label refers to symbol 9, and the message has 1\n")
    );
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_that_comes_later_sets_the_types() {
    let mut watch = Watch::start("remote_write");
    let now = now_millis();
    let lat = || {
        vec![series("lat_bucket le=1", &[(now, 1.0)]), series("lat_count", &[(now, 1.0)]), series("x", &[(now, 1.0)])]
    };
    deliver(&watch, V1, packed(&request(lat()))).await;
    watch.until(|received| has(received, "remote_write.x", "", 1)).await;
    let metadata = vec![Metadata { of: 3, name: "lat".to_owned() }, Metadata { of: 1, name: "x".to_owned() }];
    deliver(&watch, V1, packed(&WriteRequest { timeseries: lat(), metadata })).await;
    let is_set = |watch: &Watch| {
        let whole = watch.catalog.whole();
        let group = |name: &str| whole.groups.iter().find(|(_, group)| group.name == name).expect("a group");
        let (x, _) = group("remote_write.x");
        let kind = whole.series.iter().find(|(_, series)| series.group == *x).expect("a series").1.kind;
        kind == SeriesKind::Counter && group("remote_write.lat_count").1.prominence == Prominence::Detail
    };
    while !is_set(&watch) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    watch.until_status(|status| status.series == 3).await;
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_that_prometheus_marks_as_stale_ends() {
    let mut watch = Watch::start("remote_write");
    let now = now_millis();
    deliver(&watch, V1, packed(&request(vec![series("a", &[(now, 1.0)]), series("b", &[(now, 1.0)])]))).await;
    watch.until_status(|status| status.series == 2).await;
    deliver(&watch, V1, packed(&request(vec![series("a", &[(now + 100, STALE)])]))).await;
    watch.until_status(|status| status.series == 1).await;
    deliver(&watch, V1, packed(&request(vec![series("a", &[(now + 200, 2.0)])]))).await;
    watch.until_status(|status| status.series == 2).await;
    assert_eq!(watch.catalog.whole().series.len(), 2, "under the same id");
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_that_send_the_same_are_one_and_late_samples_are_no_error() {
    let table = "kind = 'remote_write'\ndrop_labels = ['replica']";
    let mut watch = Watch::with(toml::from_str(table).expect("valid"));
    let now = now_millis();
    for replica in ["1", "2"] {
        let text = format!("a replica={replica} b=c");
        let late = series(&text, &[(now, 1.0), (now - 500, 0.5), (now, 9.0)]);
        assert_eq!(deliver(&watch, V1, packed(&request(vec![late]))).await.status, 204);
    }
    watch.until(|received| has(received, "remote_write.a", "", 2)).await;
    let status = watch.status();
    assert_eq!((status.series, status.refused), (1, 0));
    assert_eq!(value_at(&watch, "remote_write.a", "", now), Some(1.0), "the first stays");
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn series_beyond_the_limit_and_without_a_name_are_refused_and_the_others_go_on() {
    let mut watch = Watch::start("remote_write:series=2");
    let now = now_millis();
    let mut all: Vec<TimeSeries> = (0..5).map(|number| series(&format!("a n={number}"), &[(now, 1.0)])).collect();
    all.push(series(" n=1", &[(now, 1.0)]));
    all.push(series(&format!("a long={}", "x".repeat(100_000)), &[(now, 1.0)]));
    all.push(series("a n=1 n=2", &[(now, 1.0)]));
    assert_eq!(deliver(&watch, V1, packed(&request(all))).await.status, 204);
    let status = watch.until_status(|status| status.refused > 0).await;
    assert_eq!((status.series, status.refused, status.received), (2, 6, 8));
    // Once more: the name of the first had no label to tell it from others.
    let again = (0..2).map(|number| series(&format!("a n={number}"), &[(now + 1, 1.0)])).collect();
    deliver(&watch, V1, packed(&request(again))).await;
    watch.until(|received| has(received, "remote_write.a", "0", 2) && has(received, "remote_write.a", "1", 2)).await;
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_a_message_is_refused_with_the_status_that_prometheus_expects() {
    let mut watch = Watch::start("remote_write");
    for (content_type, body, expected) in [
        ("text/plain", packed(&request(Vec::new())), 415),
        (V1, b"not packed".to_vec(), 400),
        (V1, snap::raw::Encoder::new().compress_vec(b"\x0b").expect("packs"), 400),
        // It announces 4 GiB.
        (V1, vec![0xff, 0xff, 0xff, 0xff, 0x0f], 413),
    ] {
        let reply = deliver(&watch, content_type, body).await;
        assert_eq!(reply.status, expected, "{}", reply.text);
    }
    let status = watch.until_status(|status| status.refused == 4).await;
    assert!(status.last_error.is_some_and(|error| error.starts_with("a request is refused: the unpacked body")));
    assert_eq!(deliver(&watch, V1, packed(&request(Vec::new()))).await.status, 204);
    watch.running.stop().await;
}

/// The status and headers of a POST to a server.
async fn post(address: SocketAddr, headers: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let head = format!(
        "POST /api/v1/write HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: {V1}\r\ncontent-encoding: snappy\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("writes");
    let _refused_early = stream.write_all(body).await;
    let mut answer = String::new();
    let _reset = stream.read_to_string(&mut answer).await;
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_pass_through_the_http_server() {
    let served = Served::start(&["remote_write", "synthetic:groups=1,series=1"]).await;
    let body = packed(&request(vec![series("a", &[(now_millis(), 1.0)])]));
    while !post(served.address, "", &body).await.starts_with("HTTP/1.1 204 ") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(post(served.address, "", &vec![0; 17 << 20]).await.starts_with("HTTP/1.1 413 "));
    let foreign = post(served.address, "origin: http://evil.example\r\n", &body).await;
    assert!(foreign.starts_with("HTTP/1.1 403 "), "{foreign}");
    let sources = served.get("/sources").await;
    assert!(sources.contains("remote_write\tlistening") && sources.contains("samples"), "{sources}");
    let without = Served::start(&["synthetic:groups=1,series=1"]).await;
    let refused = post(without.address, "", &body).await;
    assert!(refused.starts_with("HTTP/1.1 404 ") && refused.contains("--source remote_write"), "{refused}");
}

struct Prometheus(Child);

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_sends_without_failures() {
    let served = Served::start(&["remote_write", "synthetic:groups=1,series=1"]).await;
    let folder = tempfile::tempdir().expect("a folder");
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let configuration = folder.path().join("prometheus.yml");
    let text = format!(
        "global: {{ scrape_interval: 200ms, scrape_timeout: 200ms, external_labels: {{ prometheus: edge-1 }} }}\n\
         scrape_configs:\n  - job_name: self\n    static_configs: [ {{ targets: [\"{free}\"] }} ]\n\
         remote_write:\n  - url: http://{}/api/v1/write\n    queue_config: {{ batch_send_deadline: 200ms }}\n    \
         metadata_config: {{ send: true, send_interval: 1s }}\n",
        served.address
    );
    std::fs::write(&configuration, text).expect("writes");
    let mut command = Command::new(program("KYMOGRAPH_PROMETHEUS"));
    command
        .arg(format!("--config.file={}", configuration.display()))
        .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
        .arg(format!("--web.listen-address={free}"));
    let _prometheus = Prometheus(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts"));
    // It sends all it has, and says itself that none was refused.
    loop {
        let sources = served.get("/sources").await;
        let received = sources.split("remote_write\treceived\t").nth(1).and_then(|rest| rest.split(' ').next());
        assert!(!sources.contains("remote_write\tlast error"), "{sources}");
        if received.and_then(|count| count.parse().ok()).unwrap_or(0) > 2_000 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let own = {
        let mut stream = TcpStream::connect(free).await.expect("connects");
        let head = format!("GET /metrics HTTP/1.1\r\nhost: {free}\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("writes");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        answer
    };
    let value = |name: &str| -> f64 {
        let line = own.lines().find(|line| line.starts_with(&format!("{name}{{"))).unwrap_or_else(|| panic!("{name}"));
        line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
    };
    assert!(value("prometheus_remote_storage_samples_total") > 2_000.0);
    for failed in ["prometheus_remote_storage_samples_failed_total", "prometheus_remote_storage_metadata_failed_total"]
    {
        assert!(value(failed) < 1.0, "{failed}");
    }
    assert!(served.get("/metrics").await.contains("kymograph_source_series{source=\"remote_write\"}"));
}
