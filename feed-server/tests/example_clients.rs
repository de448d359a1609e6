//! The clients in `docs/examples`, written from docs/PROTOCOL.md alone, against a real server.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::proxy::{Cut, Proxy};
use crate::served::Served;
use feed_server::app::config::Config;
use protocol::{Body, Frame, GroupId, HistoryPart, SeriesId};
use serde_json::Value;

/// An example client in one language.
#[derive(Clone, Copy, Debug)]
enum Client {
    Python,
    JavaScript,
}

impl Client {
    /// Runs a script of `docs/examples`, named without its ending.
    fn run(self, script: &str, arguments: &[&str]) -> Output {
        self.command(script).args(arguments).output().expect("starts")
    }

    fn command(self, script: &str) -> Command {
        let variable = |name: &str| {
            std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: run these tests by `cargo xtask test`"))
        };
        let (program, ending, flags) = match self {
            Self::Python => (variable("KYMOGRAPH_PYTHON"), "py", None),
            Self::JavaScript => (variable("KYMOGRAPH_NODE"), "mjs", Some(variable("KYMOGRAPH_NODE_FLAGS"))),
        };
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
        let script = PathBuf::from("docs/examples").join(format!("{script}.{ending}"));
        let mut command = Command::new(program);
        command.args(flags.filter(|flags| !flags.is_empty()));
        command.arg(script).current_dir(root);
        command
    }
}

fn reads_every_golden_vector(client: Client) {
    let output = client.run("check_golden", &["protocol/tests/golden"]);
    assert!(output.status.success(), "{client:?}: {output:?}");
}

/// Ten seconds of history and then live rows, some of them late, compared with those that a Rust viewer reads.
async fn reads_the_values_that_a_rust_viewer_reads(client: Client, script: &'static str) {
    let served =
        Served::start(&["synthetic:groups=2,series=8,hz=50,prefill=20s,seed=7,late=300ms,merge_window=2s"]).await;
    // A window that begins before the source has filled the history has only the late rows of its first time.
    while rows_of_history(&served).await.len() < 1_000 {}
    let url = format!("ws://{}/stream", served.address);
    let arguments = ["--window", "10", "--group", "synthetic.01", "--count", "750", "--json"];
    let watching = tokio::task::spawn_blocking(move || client.run(script, &[&[url.as_str()], &arguments[..]].concat()));
    let output = watching.await.expect("runs");
    assert!(output.status.success(), "{client:?}: {output:?}");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let printed: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(printed.len(), 750, "history and then live rows");

    let times: Vec<i64> = printed.iter().map(|row| row["time_us"].as_i64().expect("a time")).collect();
    // Late rows come in order: every row before the last of them has been printed. On a busy machine, that is long before the end.
    let last_late = times.windows(2).filter(|pair| pair[1] < pair[0]).map(|pair| pair[1]).max();
    let last_late = last_late.expect("late rows follow the rows for which they are late");
    // A history begins with whole segments, and those of late rows begin at other times: the window has every row.
    let window_begin = times.iter().max().expect("rows") - 10_000_000;
    let mut settled: Vec<i64> = times.into_iter().filter(|time| (window_begin..=last_late).contains(time)).collect();
    settled.sort_unstable();
    let expected = rows_of_history(&served).await;
    let every_row: Vec<i64> = expected.range(window_begin..=last_late).map(|(&time, _)| time).collect();
    assert!(every_row.len() > 300, "rows of the history and live ones: {}", every_row.len());
    assert_eq!(settled, every_row, "every row once, also those that were late");

    for row in &printed {
        let time = row["time_us"].as_i64().expect("a time");
        let values = expected.get(&time).unwrap_or_else(|| panic!("a row at {time}"));
        let printed = row["values"].as_object().expect("values by name");
        assert_eq!(printed.len(), values.len());
        for (name, value) in printed {
            let expected = values[name];
            assert!(
                value.as_f64().map_or(expected.is_nan(), |value| value.to_bits() == expected.to_bits()),
                "{name}: {row}"
            );
        }
    }
}

/// Ten seconds of closed buckets and then those that close live, compared with the rows of the history.
async fn prints_the_summaries_of_each_closed_bucket(client: Client, script: &'static str, step: &'static str) {
    const SECOND: i64 = 1_000_000;
    let served = Served::start(&["synthetic:groups=2,series=3,hz=50,prefill=20s,seed=7"]).await;
    while rows_of_history(&served).await.len() < 1_000 {}
    let url = format!("ws://{}/stream", served.address);
    let arguments = ["--window", "10", "--select", "synthetic.01", "--step", step, "--count", "13", "--json"];
    let watching = tokio::task::spawn_blocking(move || client.run(script, &[&[url.as_str()], &arguments[..]].concat()));
    let output = watching.await.expect("runs");
    assert!(output.status.success(), "{client:?}: {output:?}");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let printed: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let starts: Vec<i64> = printed.iter().map(|bucket| bucket["time_us"].as_i64().expect("a time")).collect();
    assert_eq!(starts.len(), 13, "history and then live buckets");
    assert!(starts.iter().all(|start| start % SECOND == 0), "{starts:?}");
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == SECOND), "every bucket once, in order: {starts:?}");

    let rows = rows_of_history(&served).await;
    // The window may begin within the first bucket.
    for (bucket, &start) in printed.iter().zip(&starts).skip(1) {
        assert_eq!(bucket["step_us"].as_i64(), Some(SECOND), "{bucket}");
        let of_bucket = || rows.range(start..start + SECOND).map(|(_, values)| values);
        assert_eq!(of_bucket().count(), 50, "50 rows a second");
        let series = bucket["series"].as_array().expect("a list of series");
        assert_eq!(series.len(), 3, "{bucket}");
        for summary in series {
            let name = summary["name"].as_str().expect("a name");
            let values: Vec<f64> =
                of_bucket().filter_map(|values| values.get(name).copied()).filter(|value| value.is_finite()).collect();
            let of = |field: &str| summary[field].as_f64().unwrap_or_else(|| panic!("{field} of {bucket}"));
            let bits = ["first", "last", "min", "max"].map(|field| of(field).to_bits());
            let (first, last) = (values[0], values[values.len() - 1]);
            let (min, max) =
                (values.iter().copied().fold(first, f64::min), values.iter().copied().fold(first, f64::max));
            assert_eq!(bits, [first, last, min, max].map(f64::to_bits), "{name} of {bucket}");
            assert_eq!(of("count") as usize, values.len(), "{name} of {bucket}");
            let (sum, size) = (values.iter().sum::<f64>(), values.iter().map(|value| value.abs()).sum::<f64>());
            assert!((of("sum") - sum).abs() <= size * 1e-12, "{name} of {bucket}: expected {sum}");
        }
    }
}

/// A bucket of five intervals is too short for summaries.
async fn prints_rows_of_a_group_that_is_not_sent_as_summaries(
    client: Client,
    script: &'static str,
    step: &'static str,
) {
    let served = Served::start(&["synthetic:groups=1,series=3,hz=50,prefill=5s,seed=7"]).await;
    let url = format!("ws://{}/stream", served.address);
    let arguments = ["--select", "synthetic.01", "--step", step, "--count", "20", "--json"];
    let watching = tokio::task::spawn_blocking(move || client.run(script, &[&[url.as_str()], &arguments[..]].concat()));
    let output = watching.await.expect("runs");
    assert!(output.status.success(), "{client:?}: {output:?}");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(rows.len() == 20 && rows.iter().all(|row| row["values"].is_object()), "{lines}");
}

#[test]
fn the_python_client_reads_every_golden_vector() {
    reads_every_golden_vector(Client::Python);
}

#[test]
fn the_javascript_client_reads_every_golden_vector() {
    reads_every_golden_vector(Client::JavaScript);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_reads_the_values_that_a_rust_viewer_reads() {
    reads_the_values_that_a_rust_viewer_reads(Client::Python, "kymograph_client").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_javascript_client_reads_the_values_that_a_rust_viewer_reads() {
    reads_the_values_that_a_rust_viewer_reads(Client::JavaScript, "kymograph").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_prints_the_summaries_of_each_closed_bucket() {
    prints_the_summaries_of_each_closed_bucket(Client::Python, "kymograph_client", "1s").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_javascript_client_prints_the_summaries_of_each_closed_bucket() {
    prints_the_summaries_of_each_closed_bucket(Client::JavaScript, "kymograph", "1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_prints_rows_of_a_group_that_is_not_sent_as_summaries() {
    prints_rows_of_a_group_that_is_not_sent_as_summaries(Client::Python, "kymograph_client", "100ms").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_javascript_client_prints_rows_of_a_group_that_is_not_sent_as_summaries() {
    prints_rows_of_a_group_that_is_not_sent_as_summaries(Client::JavaScript, "kymograph", "0.1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_prints_the_summaries_of_a_range_or_the_reason_of_a_refusal() {
    let served = Served::start(&["synthetic:groups=2,series=3,hz=50,prefill=20s,seed=7"]).await;
    let url = format!("ws://{}/stream", served.address);
    let run = |arguments: &[&str]| {
        let arguments: Vec<String> =
            [url.as_str()].iter().chain(arguments).map(|argument| (*argument).to_owned()).collect();
        tokio::task::spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            Client::Python.run("kymograph_client", &arguments)
        })
    };
    let range = ["--from", "-15s", "--to", "-5s", "--columns", "5", "--csv"];
    let output = run(&[&["--select", "synthetic.01"], &range[..]].concat()).await.expect("runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let (header, lines) = text.split_once('\n').expect("a header");
    assert_eq!(header.trim_end(), "time,group,series,labels,first,last,min,max,sum,count");
    // 2 s a column, of which the first and the last may lie in the range in part.
    let counts: Vec<u32> = lines.lines().filter_map(|line| line.rsplit(',').next()?.parse().ok()).collect();
    assert!((3 * 5..=3 * 6).contains(&counts.len()), "{text}");
    assert_eq!(counts.iter().filter(|&&count| count == 100).count(), counts.len(), "50 rows a second: {text}");

    let output = run(&[&["--select", "synthetic{"], &range[..]].concat()).await.expect("runs");
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && printed.contains("selector, character 11: expected"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_javascript_client_sends_a_token() {
    let source = "synthetic:groups=1,series=1,hz=50,prefill=1s".parse().expect("a valid source");
    let token = "0123456789abcdef";
    let served = Served::with_token(Config { sources: vec![source], ..Config::default() }, token).await;
    let url = format!("ws://{}/stream", served.address);
    let run = |arguments: Vec<String>| {
        let url = url.clone();
        tokio::task::spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            Client::JavaScript.run("kymograph", &[&[url.as_str(), "--count", "3"], &arguments[..]].concat())
        })
    };
    let output = run(vec!["--token".to_owned(), token.to_owned()]).await.expect("runs");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).expect("UTF-8").lines().count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_the_python_publisher_without_a_time_are_one_row_until_a_name_comes_again() {
    let served = Served::start(&["publish"]).await;
    let url = format!("ws://{}", served.address);
    let mut publisher = Client::Python.command("kymograph_publish");
    publisher.args([&url, "--publisher", "script", "--group", "queue"]);
    let mut publisher = publisher.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let mut lines = publisher.stdin.take().expect("piped");
    for row in 0..5 {
        writeln!(lines, "waiting {row}\nin work {row}").expect("reads");
    }
    drop(lines);
    let output = tokio::task::spawn_blocking(move || publisher.wait_with_output()).await.expect("no panic");
    assert!(output.expect("ends").status.success());
    let metrics = served.get("/metrics").await;
    assert!(metrics.contains("kymograph_publisher_rows_total{publisher=\"script\"} 5"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_publisher_states_at_once_that_the_server_refuses_it_and_counts_what_did_not_arrive() {
    // Without the source `publish`.
    let served = Served::start(&["synthetic:groups=1,series=1,prefill=0s"]).await;
    let url = format!("ws://{}", served.address);
    let mut publisher = Client::Python.command("kymograph_publish");
    publisher.args([&url, "--publisher", "script", "--group", "queue"]);
    let mut publisher = publisher.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let mut lines = publisher.stdin.take().expect("piped");
    writeln!(lines, "waiting 3").expect("reads");
    let mut said = BufReader::new(publisher.stderr.take().expect("piped")).lines();
    // While its input is open.
    let first = said.next().expect("a line").expect("UTF-8");
    assert!(first.contains("404"), "{first}");
    drop(lines);
    let last = said.last().expect("a line").expect("UTF-8");
    assert!(last.starts_with("1 rows did not reach the server"), "{last}");
    assert!(!publisher.wait().expect("ends").success());
}

/// Writes lines into the Python publisher, and cuts its connection between them.
#[tokio::test(flavor = "multi_thread")]
async fn the_python_publisher_sends_every_line_once_also_when_it_is_cut() {
    let served = Served::start(&["publish"]).await;
    let proxy = Proxy::start(served.address).await;
    let began = feed_server::clock::now().micros() / 1_000_000 - 60;
    let url = format!("ws://{}", proxy.address);
    let mut publisher = Client::Python.command("kymograph_publish");
    publisher.args([&url, "--publisher", "script", "--group", "queue", "--interval", "0.1"]);
    let mut publisher = publisher.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let mut lines = publisher.stdin.take().expect("piped");
    let accepted = async || {
        let metrics = served.get("/metrics").await;
        let name = "kymograph_publisher_rows_total{publisher=\"script\"} ";
        metrics.lines().find_map(|line| line.strip_prefix(name)?.parse::<u64>().ok()).unwrap_or_default()
    };
    for row in 0..300 {
        let time = format!("{}.{:03}", began + row / 10, row % 10 * 100);
        writeln!(lines, "waiting {row} {time}\nin work {} {time}", f64::from(row as i32) / 7.0).expect("reads");
        if row % 100 == 50 {
            lines.flush().expect("reads");
            let before = accepted().await;
            while accepted().await == before {
                tokio::task::yield_now().await;
            }
            proxy.cut(Cut::Reset);
        }
    }
    drop(lines);
    let output = tokio::task::spawn_blocking(move || publisher.wait_with_output()).await.expect("no panic");
    let output = output.expect("ends");
    // Each cut may be stated, and nothing else.
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.success() && said.lines().all(|line| line.ends_with("; trying again")), "{said}");
    assert_eq!(accepted().await, 300);
    // Rows that are held are in the history at the next tick.
    let mut rows = rows_of_history(&served).await;
    while rows.len() < 300 {
        rows = rows_of_history(&served).await;
    }
    assert_eq!(rows.len(), 300);
    for (row, (time, values)) in rows.into_iter().enumerate() {
        assert_eq!(time, began * 1_000_000 + row as i64 * 100_000);
        assert_eq!(values["waiting"].to_bits(), (row as f64).to_bits());
        assert_eq!(values["in work"].to_bits(), (row as f64 / 7.0).to_bits());
    }
}

/// Every row of the first group that the server's history holds: time in microseconds, values by series' names.
async fn rows_of_history(served: &Served) -> BTreeMap<i64, BTreeMap<String, f64>> {
    let mut viewer = served.viewer("/stream?window=3600").await;
    let mut names: BTreeMap<SeriesId, String> = BTreeMap::new();
    let mut rows: BTreeMap<i64, BTreeMap<String, f64>> = BTreeMap::new();
    loop {
        let bytes = viewer.frame().await;
        match Frame::decode(&bytes).expect("decodes").body {
            Body::Catalog(catalog) => {
                names.extend(catalog.series.iter().map(|series| (series.id, series.name.to_owned())));
            }
            Body::History(history) => {
                for block in history.blocks.iter().filter(|block| block.group == GroupId(1)) {
                    let mut values = vec![0.0; block.rows as usize];
                    for column in &block.columns {
                        column.values().expect("a known encoding").copy_to(&mut values);
                        for (time, &value) in block.times.iter().zip(&values) {
                            rows.entry(time.micros()).or_default().insert(names[&column.series].clone(), value);
                        }
                    }
                }
                if history.part == HistoryPart::Last {
                    return rows;
                }
            }
            _ => {}
        }
    }
}
