//! `/metrics`: its formats, checked by Prometheus' own tool, and its content.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::served::Served;

async fn served() -> Served {
    Served::start(&["synthetic:groups=2,series=3,prefill=1s"]).await
}

/// The body of `/metrics`, after its type is checked.
async fn metrics(served: &Served, accept: &str, content_type: &str) -> String {
    let answer = served.get_with("/metrics", accept).await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.contains(&format!("\r\ncontent-type: {content_type}\r\n")), "{accept}: {head}");
    assert!(head.contains("\r\nvary: accept\r\n"), "{head}");
    body.to_owned()
}

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[tokio::test]
async fn the_format_of_the_metrics_follows_the_accept_header() {
    let served = served().await;
    for (accept, expected) in [
        ("", TEXT),
        ("accept: */*\r\n", TEXT),
        ("accept: application/json\r\n", TEXT),
        ("accept: application/openmetrics-text;version=1.0.0;q=0.6, text/plain;q=0.3\r\n", OPEN_METRICS),
        ("accept: text/plain;q=0.1\r\naccept: application/openmetrics-text;q=0\r\n", TEXT),
    ] {
        let body = metrics(&served, accept, expected).await;
        let is_text = expected == TEXT;
        assert_eq!(body.contains("\n# TYPE kymograph_rows_total counter\n"), is_text, "{body}");
        assert_eq!(body.contains("\n# TYPE kymograph_rows counter\n"), !is_text, "{body}");
        assert_eq!(body.ends_with("# EOF\n"), !is_text, "{body}");
        assert!(body.contains("\nkymograph_rows_total "), "{body}");
    }
}

#[tokio::test]
async fn the_metrics_pass_the_check_of_prometheus() {
    let [promtool, python] = ["KYMOGRAPH_PROMTOOL", "KYMOGRAPH_PYTHON"].map(|name| {
        std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: run these tests by `cargo xtask test`"))
    });
    let served = served().await;
    // A viewer, and a refusal: their families are empty before.
    served.viewer("/stream").await.read_live(1).await;
    served.get("/none").await;
    let text = metrics(&served, "", TEXT).await;
    let said = run(Command::new(&promtool).args(["check", "metrics"]), &text);
    assert!(said.is_empty(), "{said}");

    let open_metrics = metrics(&served, "accept: application/openmetrics-text\r\n", OPEN_METRICS).await;
    let samples = open_metrics.lines().filter(|line| !line.starts_with('#')).count();
    let read = run(Command::new(&python).args(["-c", COUNT_SAMPLES]), &open_metrics);
    assert_eq!(read.trim(), samples.to_string(), "{open_metrics}");
}

/// Reads OpenMetrics with the strict parser of Prometheus' Python library, and prints the number of samples. (`promtool tsdb
/// create-blocks-from openmetrics` reads it too, but allocates a file of 512 MiB.)
const COUNT_SAMPLES: &str = "\
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
print(sum(len(family.samples) for family in read(sys.stdin.read())))
";

/// Runs a command that must succeed, and returns its output.
fn run(command: &mut Command, input: &str) -> String {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("starts");
    process.stdin.take().expect("piped").write_all(input.as_bytes()).expect("writes");
    let output = process.wait_with_output().expect("ends");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}\n{input}");
    said
}

#[tokio::test]
async fn the_metrics_name_the_version_and_the_start_of_the_server() {
    let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_secs_f64();
    let served = served().await;
    let text = metrics(&served, "", TEXT).await;
    let version = env!("CARGO_PKG_VERSION");
    assert!(text.contains(&format!("\nkymograph_build_info{{version=\"{version}\"}} 1\n")), "{text}");
    let start = text.lines().find_map(|line| line.strip_prefix("process_start_time_seconds ")?.parse::<f64>().ok());
    assert!(start.is_some_and(|start| (before - 1.0..before + 600.0).contains(&start)), "{text}");
    assert!(!text.contains("kymograph_tls_"), "a server without TLS has no certificate: {text}");
}
