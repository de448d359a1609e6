//! The source `prometheus`, with real exporters and with a target that answers as a test says.

#![cfg(target_os = "linux")]

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use feed_server::ingest::config::SourceConfig;
use feed_server::ingest::health::SourceState;
use parking_lot::Mutex;
use protocol::{SeriesKind, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::watch::{Received, Watch, has, program};

/// A target. Each answer is what the test says, for the number of the request from 1.
struct Target {
    address: String,
    connections: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Target {
    async fn start(answer: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        Self::serve(listener, answer)
    }

    fn serve(listener: TcpListener, answer: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let address = listener.local_addr().expect("an address").to_string();
        let (connections, heads) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (counted, seen, answer) = (Arc::clone(&connections), Arc::clone(&heads), Arc::new(answer));
        let serving = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                open.spawn(async move {
                    let (mut request, mut bytes) = (Vec::new(), [0; 4_096]);
                    while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                        request.extend_from_slice(&bytes[..count]);
                        if request.ends_with(b"\r\n\r\n") {
                            let head = String::from_utf8_lossy(&request).into_owned();
                            request.clear();
                            let number = {
                                let mut seen = seen.lock();
                                seen.push(head);
                                seen.len()
                            };
                            if stream.write_all(&answer(number)).await.is_err() {
                                return;
                            }
                        }
                    }
                });
            }
        });
        Self { address, connections, heads, serving }
    }

    /// Always answers this text.
    async fn text(text: &'static str) -> Self {
        Self::start(move |_| response("text/plain; version=0.0.4", text.as_bytes())).await
    }

    fn head(&self) -> String {
        self.heads.lock().last().cloned().unwrap_or_default()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn response(content_type: &str, body: &[u8]) -> Vec<u8> {
    with_headers(&format!("200 OK\r\ncontent-type: {content_type}"), body)
}

fn with_headers(status: &str, body: &[u8]) -> Vec<u8> {
    let mut response = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    response.extend_from_slice(body);
    response
}

fn spec(target: &Target, more: &str) -> String {
    format!("prometheus:{},job=t,interval=50ms{more}", target.address)
}

/// The newest value of a series.
fn newest(received: &Received, group: &str, series: &str) -> Option<f64> {
    received.get(&(group.to_owned(), series.to_owned()))?.last().map(|(_, value)| *value)
}

/// Waits until this series has a value for which this is true.
async fn until_value(watch: &mut Watch, group: &str, series: &str, is_so: impl Fn(f64) -> bool) {
    watch.until(|received| newest(received, group, series).is_some_and(&is_so)).await;
}

struct Exporter {
    process: Child,
    address: String,
}

impl Exporter {
    /// Starts a program that gets its address by `flag`, and has metrics.
    fn start(variable: &str, flag: &str, more: &[&str]) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a free port").to_string();
        let mut command = Command::new(program(variable));
        command.arg(format!("{flag}={address}")).args(more).stdout(Stdio::null()).stderr(Stdio::null());
        Self { process: command.spawn().expect("starts"), address }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn node_exporter_has_its_metrics_ten_times_a_second() {
    let exporter = Exporter::start("KYMOGRAPH_NODE_EXPORTER", "--web.listen-address", &[]);
    let mut watch = Watch::start(&format!("prometheus:{},job=node,interval=100ms", exporter.address));
    let received = watch.until(|received| has(received, "node.node_load1", "", 20)).await;
    let times: Vec<Timestamp> =
        received[&("node.node_load1".to_owned(), String::new())].iter().map(|(time, _)| *time).collect();
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    for (group, series) in [
        ("node.node_cpu_seconds_total", "0 idle"),
        ("node.node_memory_MemTotal_bytes", ""),
        ("node.go_goroutines", ""),
        ("node.up", &exporter.address),
        ("node.scrape_duration_seconds", &exporter.address),
    ] {
        assert!(has(&received, group, series, 10), "{group} {series}: {:?}", received.keys());
    }
    let whole = watch.catalog.whole();
    let (_, cpu) = whole.groups.iter().find(|(_, group)| group.name == "node.node_cpu_seconds_total").expect("a group");
    assert_eq!((&*cpu.unit, &*cpu.title), ("s", "node_cpu_seconds_total"));
    let (_, idle) = whole.series.iter().find(|(_, series)| series.name == "0 idle").expect("a series");
    assert_eq!(idle.kind, SeriesKind::Counter);
    let labels: Vec<_> = idle.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(labels, ["cpu=0", &format!("instance={}", exporter.address), "job=node", "mode=idle"]);
    let status = watch.status();
    // It is asked before it listens.
    let is_of_start = |error: &String| error.contains("cannot connect") || error.contains("no answer within");
    assert!(status.last_error.as_ref().is_none_or(is_of_start), "{:?}", status.last_error);
    assert_eq!((status.refused, status.left_out.len()), (0, 0));
    assert!(status.received > 20 * 100 && status.state == SourceState::Running);
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_histograms_of_prometheus_are_buckets_and_their_counts_are_details() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = folder.path().join("prometheus.yml");
    std::fs::write(&configuration, "global: {}\n").expect("writes");
    let more = [
        format!("--config.file={}", configuration.display()),
        format!("--storage.tsdb.path={}", folder.path().join("data").display()),
    ];
    let more = more.each_ref().map(String::as_str);
    let exporter = Exporter::start("KYMOGRAPH_PROMETHEUS", "--web.listen-address", &more);
    let mut watch = Watch::start(&format!("prometheus:{},job=p,interval=100ms", exporter.address));
    let buckets = "p.prometheus_http_request_duration_seconds_bucket";
    watch.until(|received| has(received, buckets, "/metrics +Inf", 3)).await;
    let whole = watch.catalog.whole();
    let group = |name: &str| whole.groups.iter().find(|(_, group)| group.name == name).expect("a group").1.clone();
    assert_eq!(group(buckets).prominence, protocol::Prominence::Overview);
    let count = group("p.prometheus_http_request_duration_seconds_count");
    assert_eq!((count.prominence, &*count.unit), (protocol::Prominence::Detail, "1"));
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn good_lines_of_a_bad_answer_are_kept_and_the_first_bad_one_is_named() {
    let target = Target::text("# TYPE a gauge\na{b=\"1\"} 1\na{b=\"raw \" quote\"} 2\nz z z\na{b=\"3\"} 3\n").await;
    let mut watch = Watch::start(&spec(&target, ""));
    let received = watch.until(|received| has(received, "t.a", "3", 3)).await;
    assert!(has(&received, "t.a", "1", 3));
    let status = watch.until_status(|status| status.refused >= 4).await;
    let error = status.last_error.expect("an error");
    let expected = format!("http://{}/metrics: line 3 of its answer is left out: ", target.address);
    assert!(error.starts_with(&expected), "{error}");
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_breaks_a_rule_of_openmetrics_is_used_and_the_rule_is_named() {
    let text = b"# TYPE a histogram\na_bucket{le=\"1\"} 2\na_count 2\n# EOF\n";
    let target = Target::start(|_| response("application/openmetrics-text; version=1.0.0", text)).await;
    let mut watch = Watch::start(&spec(&target, ""));
    watch.until(|received| has(received, "t.a_bucket", "1", 2)).await;
    let error = watch.until_status(|status| status.last_error.is_some()).await.last_error.expect("an error");
    assert!(error.ends_with("in line 4: a: the last bucket must have le=\"+Inf\""), "{error}");
    assert!(target.head().contains("accept: application/openmetrics-text;version=1.0.0"), "{}", target.head());
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_stays_open_and_a_closed_one_is_replaced() {
    let target = Target::start(|number| {
        let mut response = response("text/plain", b"a 1\n");
        if number == 5 {
            // The target closes after this answer.
            response.splice(15..15, *b"\r\nconnection: close");
        }
        response
    })
    .await;
    let mut watch = Watch::start(&spec(&target, ""));
    watch.until(|received| has(received, "t.a", "", 12)).await;
    assert_eq!(target.connections.load(Ordering::SeqCst), 2);
    assert_eq!(newest(&watch.named(), "t.up", &target.address), Some(1.0));
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_answers_are_unpacked_and_a_bomb_is_refused() {
    let packed = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).and_then(|()| encoder.finish()).expect("packs")
    };
    let bomb = packed(&vec![b'\n'; 8 << 20]);
    let target = Target::start(move |number| {
        let body = if number.is_multiple_of(2) { bomb.clone() } else { packed(b"a 1\n") };
        with_headers("200 OK\r\ncontent-encoding: gzip", &body)
    })
    .await;
    let mut watch = Watch::start(&spec(&target, ",body_bytes=1048576"));
    watch.until(|received| has(received, "t.a", "", 3)).await;
    until_value(&mut watch, "t.up", &target.address, |up| up == 0.0).await;
    let down = watch.until_status(|status| !status.left_out.is_empty()).await.left_out[0].to_string();
    assert!(down.ends_with("its answer has more than 1048576 bytes, the limit that body_bytes sets"), "{down}");
    assert!(target.head().contains("accept-encoding: gzip"));
    watch.running.stop().await;
}

/// What is stated of a target whose every answer is this.
async fn stated(answer: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static, more: &str) -> String {
    let target = Target::start(answer).await;
    let mut watch = Watch::start(&spec(&target, more));
    until_value(&mut watch, "t.up", &target.address, |up| up == 0.0).await;
    let status = watch.until_status(|status| !status.left_out.is_empty()).await;
    watch.running.stop().await;
    status.left_out[0].replace(&format!("http://{}", target.address), "")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reason_why_an_answer_is_not_used_is_stated() {
    for (answer, expected) in [
        (
            response("text/html", b"<html>a 1</html>"),
            "/metrics: it answers with HTML, which has no metrics: set its path, usually /metrics",
        ),
        (
            response("application/json", b"{}"),
            "/metrics: it answers with the type \"application/json\": expected text/plain or application/openmetrics-text",
        ),
        (with_headers("503 Service Unavailable", b"a 1\n"), "/metrics: it answers 503 Service Unavailable"),
        (
            with_headers("302 Found\r\nlocation: http://127.0.0.1:1/metrics", b""),
            "/metrics: it redirects to \"http://127.0.0.1:1/metrics\", which has another host, port or scheme: name that address as \
             a target if you trust it",
        ),
        (with_headers("302 Found\r\nlocation: /metrics", b""), "/metrics: it redirects more than 3 times"),
        (
            with_headers("200 OK\r\ncontent-encoding: br", b"a 1\n"),
            "/metrics: it answers with the encoding \"br\": expected gzip or none",
        ),
        // Nothing more comes.
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\na 1\n".to_vec(), "/metrics: no answer within 45ms"),
        (Vec::new(), "/metrics: no answer within 45ms"),
    ] {
        assert_eq!(stated(move |_| answer.clone(), "").await, expected);
    }
    let noise = stated(|_| b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec(), "").await;
    assert!(noise.starts_with("/metrics: the connection failed: "), "{noise}");
    let many = stated(|_| response("text/plain", b"a 1\nb 1\nc 1\n"), ",samples=2").await;
    assert_eq!(many, "/metrics: its answer has 3 samples, `samples` allows 2: raise it, or ask for less by `params`");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirection_on_the_same_host_is_followed() {
    let target = Target::start(|number| match number % 2 {
        1 => with_headers("301 Moved Permanently\r\nlocation: /other", b""),
        _ => response("text/plain", b"a 1\n"),
    })
    .await;
    let mut watch = Watch::start(&spec(&target, ""));
    watch.until(|received| has(received, "t.a", "", 2)).await;
    assert!(target.heads.lock()[1].starts_with("GET /other HTTP/1.1\r\n"));
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn series_of_a_target_that_is_down_end_and_return_under_the_same_id() {
    let target = Target::text("a 1\n").await;
    let address = target.address.clone();
    let mut watch = Watch::start(&format!("prometheus:{address},job=t,interval=1s"));
    watch.until(|received| has(received, "t.a", "", 1)).await;
    drop(target);
    until_value(&mut watch, "t.up", &address, |up| up == 0.0).await;
    // The three of the source itself stay.
    watch.until_status(|status| status.series == 3).await;
    let listener = loop {
        match TcpListener::bind(&address).await {
            Ok(listener) => break listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let _again = Target::serve(listener, |_| response("text/plain", b"a 2\n"));
    until_value(&mut watch, "t.a", "", |value| value >= 2.0).await;
    let status = watch.until_status(|status| status.left_out.is_empty()).await;
    assert_eq!(status.series, 4);
    assert_eq!(watch.catalog.whole().series.len(), 4);
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_that_is_missing_in_some_answers_ends() {
    let target = Target::start(|number| {
        response("text/plain", if number == 1 { b"a{b=\"1\"} 1\na{b=\"2\"} 2\n" } else { b"a{b=\"1\"} 1\n" })
    })
    .await;
    let mut watch = Watch::start(&format!("prometheus:{},job=t,interval=2s", target.address));
    watch.until_status(|status| status.series == 5).await;
    watch.until_status(|status| status.series == 4).await;
    assert!(target.heads.lock().len() >= 4, "not before three answers without it");
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_of_targets_and_samples_are_joined_and_rules_apply() {
    let target = Target::text("a{instance=\"x\",job=\"y\",code=\"200\"} 1\nb{code=\"500\"} 1\nc_drop 1\n").await;
    let table = |more: &str| -> SourceConfig {
        let text = format!(
            "kind = \"prometheus\"\njob = \"t\"\ninterval = \"50ms\"\ntargets = [\"{}\"]\nlabels = {{ env = \"lab\" }}\n{more}",
            target.address
        );
        toml::from_str(&text).expect("valid")
    };
    let labels = |watch: &Watch, group: &str| -> String {
        let whole = watch.catalog.whole();
        let (id, _) = whole.groups.iter().find(|(_, of)| of.name == group).expect("a group");
        let (_, series) = whole.series.iter().find(|(_, series)| series.group == *id).expect("a series");
        let labels: Vec<_> = series.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        labels.join(" ").replace(&target.address, "TARGET")
    };
    let mut watch = Watch::with(table("drop = \"c_.*\""));
    let received = watch.until(|received| has(received, "t.a", "200 lab x y", 1)).await;
    assert!(!received.keys().any(|(group, _)| group == "t.c_drop"), "{:?}", received.keys());
    assert_eq!(labels(&watch, "t.a"), "code=200 env=lab exported_instance=x exported_job=y instance=TARGET job=t");
    watch.running.stop().await;
    let rule = "honor_labels = true\n[[metric_relabel]]\nsource_labels = [\"code\"]\nregex = \"(.)..\"\n\
                target_label = \"class\"\nreplacement = \"${1}xx\"\n\
                [[metric_relabel]]\naction = \"labeldrop\"\nregex = \"code\"";
    let mut watch = Watch::with(table(rule));
    // The job of the sample is not that of the target.
    watch.until(|received| has(received, "t.a", "2xx lab x y", 1) && has(received, "t.b", "5xx lab", 1)).await;
    assert_eq!(labels(&watch, "t.a"), "class=2xx env=lab instance=x job=y");
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_targets_share_the_groups_and_the_times_of_their_metrics() {
    let (one, other) = (Target::text("a 1\n").await, Target::text("a 2\n").await);
    let mut watch = Watch::start(&format!("prometheus:{},{},job=t,interval=50ms", one.address, other.address));
    let received = watch.until(|received| [&one, &other].iter().all(|of| has(received, "t.a", &of.address, 5))).await;
    let times = |target: &Target| -> Vec<Timestamp> {
        received[&("t.a".to_owned(), target.address.clone())].iter().take(5).map(|(time, _)| *time).collect()
    };
    assert_eq!(times(&one), times(&other));
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_begin_and_end_with_their_lines_in_files() {
    let (one, other) = (Target::text("a 1\n").await, Target::text("a 2\n").await);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("targets.json");
    let write = |targets: &[&Target]| {
        let targets: Vec<String> = targets.iter().map(|target| format!("\"{}\"", target.address)).collect();
        let text = format!("[{{\"targets\": [{}], \"labels\": {{\"env\": \"lab\"}}}}]", targets.join(","));
        std::fs::write(&file, text).expect("writes");
    };
    write(&[&one]);
    let mut watch =
        Watch::start(&format!("prometheus:target_files={}/*.json,job=t,interval=100ms", folder.path().display()));
    watch.until(|received| has(received, "t.a", "lab", 1)).await;
    write(&[&one, &other]);
    // The instance is part of the names now.
    watch.until(|received| has(received, "t.a", &format!("lab {}", other.address), 1)).await;
    watch.until_status(|status| status.series == 8).await;
    std::fs::write(&file, "no list").expect("writes");
    let status = watch.until_status(|status| !status.left_out.is_empty()).await;
    assert!(status.left_out[0].contains("targets.json: expected a JSON list"), "{:?}", status.left_out);
    assert_eq!(status.series, 8, "the targets stay");
    write(&[&other]);
    watch.until_status(|status| status.series == 4 && status.left_out.is_empty()).await;
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_gets_its_token_from_a_file() {
    let target = Target::text("a 1\n").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "s3cret\n").expect("writes");
    let file = file.display();
    let mut watch = Watch::start(&spec(&target, &format!(",bearer_token_file={file}")));
    watch.until(|received| has(received, "t.a", "", 1)).await;
    assert!(target.head().contains("authorization: Bearer s3cret\r\n"), "{}", target.head());
    watch.running.stop().await;
    let basic = format!(",basic_auth.username=u,basic_auth.password_file={file}");
    let mut watch = Watch::start(&spec(&target, &basic));
    watch.until(|received| has(received, "t.a", "", 1)).await;
    assert!(target.head().contains("authorization: Basic dTpzM2NyZXQ=\r\n"), "{}", target.head());
    assert!(!format!("{:?}", watch.status()).contains("s3cret"));
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_that_changes_with_each_answer_does_not_stop_the_others() {
    let target = Target::start(|number| {
        let new: Vec<String> = (0..20).map(|series| format!("a{{id=\"{number}-{series}\"}} 1\n")).collect();
        response("text/plain", format!("steady {number}\n{}", new.concat()).as_bytes())
    })
    .await;
    let mut watch = Watch::start(&spec(&target, ",series=100"));
    until_value(&mut watch, "t.steady", "", |value| value >= 20.0).await;
    let status = watch.status();
    assert!(status.series <= 100 && status.refused > 0, "{status:?}");
    let error = status.last_error.expect("an error");
    assert!(error.starts_with("series a{id=") && error.contains("allows 100"), "{error}");
    assert_eq!(watch.catalog.whole().series.len(), 100);
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_keep_their_own_times_unless_the_source_says_otherwise() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis();
    let text = format!("a 1 {}\na 2 {}\n", now - 2_000, now - 1_000);
    let target = Target::start(move |_| response("text/plain", text.as_bytes())).await;
    let mut watch = Watch::start(&spec(&target, ""));
    let received = watch.until(|received| has(received, "t.a", "", 2)).await;
    let own: Vec<_> = received[&("t.a".to_owned(), String::new())].iter().take(2).copied().collect();
    let at = |millis: u128| Timestamp::from_micros(i64::try_from(millis * 1_000).expect("fits"));
    assert_eq!(own, [(at(now - 2_000), 1.0), (at(now - 1_000), 2.0)]);
    watch.running.stop().await;
    let mut watch = Watch::start(&spec(&target, ",honor_timestamps=false"));
    let received = watch.until(|received| has(received, "t.a", "", 2)).await;
    assert!(received[&("t.a".to_owned(), String::new())].iter().all(|(time, value)| *time > at(now) && *value < 2.0));
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_whose_target_stalls_stops_at_once() {
    let target = Target::start(|_| Vec::new()).await;
    let watch = Watch::start(&format!("prometheus:{},job=t,interval=1h,timeout=1h", target.address));
    while target.heads.lock().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::timeout(Duration::from_secs(4), watch.running.stop()).await.expect("stops");
    assert_eq!(watch.status().state, SourceState::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_cut_has_no_wrong_value() {
    let cut = stated(|_| response("application/openmetrics-text", b"# TYPE a gauge\na 12"), "").await;
    assert_eq!(cut, "/metrics: its answer has no end, `# EOF`: a part may be missing");
    // The target closes after its answer: nothing else ends it.
    let closing = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let closes = closing.local_addr().expect("an address");
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = closing.accept().await {
            let mut head = [0; 1_024];
            let _request = stream.read(&mut head).await;
            let _closed = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\na 1\nb 12").await;
        }
    });
    let mut watch = Watch::start(&format!("prometheus:{closes},job=t,interval=50ms"));
    let received = watch.until(|received| has(received, "t.a", "", 3)).await;
    assert!(!received.keys().any(|(group, _)| group == "t.b"), "{:?}", received.keys());
    let error = watch.until_status(|status| status.last_error.is_some()).await.last_error.expect("an error");
    assert!(error.ends_with("the last line may be cut: it has no end, and the answer states no length"), "{error}");
    watch.running.stop().await;
    serving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn times_ahead_of_the_clock_are_refused_and_the_rest_goes_on() {
    let target = Target::start(|_| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis();
        response("text/plain", format!("a{{b=\"1\"}} 1 {}\na{{b=\"2\"}} 2\n", now + 10_000).as_bytes())
    })
    .await;
    let mut watch = Watch::start(&spec(&target, ""));
    let received = watch.until(|received| has(received, "t.a", "2", 5)).await;
    assert!(!has(&received, "t.a", "1", 1));
    let status = watch.until_status(|status| status.last_error.is_some()).await;
    let error = status.last_error.expect("an error");
    assert!(error.contains("ahead of this server's clock, at most 5 s are allowed"), "{error}");
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_missing_stops_no_configured_target() {
    let target = Target::text("a 1\n").await;
    let mut watch = Watch::start(&spec(&target, ",target_files=/no/such/file.json"));
    watch.until(|received| has(received, "t.a", "", 2)).await;
    let status = watch.status();
    assert!(status.left_out.iter().any(|what| what.starts_with("/no/such/file.json: ")), "{:?}", status.left_out);
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_whose_rules_leave_no_target_says_so() {
    let table = "kind = 'prometheus'\ntargets = ['a:1', 'b:1']\n[[relabel]]\naction = 'drop'\nsource_labels = ['job']\nregex = '.*'";
    let mut watch = Watch::with(toml::from_str(table).expect("valid"));
    let status = watch.until_status(|status| !status.left_out.is_empty()).await;
    assert_eq!(*status.left_out[0], *"there are no targets: `relabel` leaves none of 2");
    watch.running.stop().await;
}

/// A target with TLS, and the file of its own certificate.
async fn secure_target(folder: &std::path::Path) -> (String, std::path::PathBuf, JoinHandle<()>) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let file = folder.join("cert.pem");
    std::fs::write(&file, cert.pem()).expect("writes");
    let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a certificate");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let port = listener.local_addr().expect("an address").port();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut head = [0; 4_096];
                while let Ok(1..) = stream.read(&mut head).await {
                    let _closed = stream.write_all(&response("text/plain", b"a 1\n")).await;
                }
            });
        }
    });
    (format!("https://localhost:{port}"), file, serving)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_of_a_target_is_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let (address, file, serving) = secure_target(folder.path()).await;
    for trust in [format!(",tls.ca={}", file.display()), ",tls.verify=false".to_owned()] {
        let mut watch = Watch::start(&format!("prometheus:{address},job=t,interval=1s{trust}"));
        watch.until(|received| has(received, "t.a", "", 1)).await;
        watch.running.stop().await;
    }
    let (_, other, _other) = {
        let folder = folder.path().join("other");
        std::fs::create_dir(&folder).expect("a folder");
        secure_target(&folder).await
    };
    let mut watch = Watch::start(&format!("prometheus:{address},job=t,interval=1s,tls.ca={}", other.display()));
    let status = watch.until_status(|status| !status.left_out.is_empty()).await;
    let stated = &status.left_out[0];
    assert!(stated.contains("no connection with TLS") && stated.contains("tls.ca names the authorities"), "{stated}");
    watch.running.stop().await;
    serving.abort();
}
