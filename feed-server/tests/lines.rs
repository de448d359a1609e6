//! The sources that read lines, with the programs whose output they are for.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::Duration;

use feed_server::ingest::health::SourceState;
use protocol::Timestamp;

use crate::served::Served;
use crate::watch::{Watch, has, program};

fn exec(variable: &str, arguments: &str) -> String {
    format!("exec:{} {arguments}", program(variable).display())
}

#[tokio::test(flavor = "multi_thread")]
async fn vmstat_has_a_group_for_each_column() {
    let mut watch = Watch::start(&exec("KYMOGRAPH_VMSTAT", "1"));
    let received = watch.until(|received| has(received, "vmstat.free", "", 2)).await;
    for column in ["r", "swpd", "free", "cache", "in", "cs", "us", "sy", "id", "wa"] {
        assert!(has(&received, &format!("vmstat.{column}"), "", 1), "{column}: {:?}", received.keys());
    }
    let shares =
        ["us", "sy", "id", "wa", "st"].map(|column| received[&(format!("vmstat.{column}"), String::new())][0].1);
    assert!((shares.iter().sum::<f64>() - 100.0).abs() <= 2.0, "{shares:?}");
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn iostat_has_its_two_tables() {
    let mut watch = Watch::start(&exec("KYMOGRAPH_IOSTAT", "-x 1"));
    // A machine may have no disk that iostat shows.
    let received = watch.until(|received| has(received, "iostat.avg-cpu_percent", "idle", 2)).await;
    assert!(has(&received, "iostat.avg-cpu_percent", "user", 1), "{:?}", received.keys());
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mpstat_has_a_series_for_each_processor_in_one_row() {
    let mut watch = Watch::start(&exec("KYMOGRAPH_MPSTAT", "-P ALL 1"));
    let received = watch.until(|received| has(received, "mpstat.percent", "all idle", 2)).await;
    let times = |series: &str| -> BTreeSet<Timestamp> {
        received[&("mpstat.percent".to_owned(), series.to_owned())].iter().map(|(time, _)| *time).collect()
    };
    assert!(times("all idle").is_subset(&times("0 usr")), "the rows of a table have one time");
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ping_has_its_time_in_milliseconds() {
    let mut watch = Watch::start(&exec("KYMOGRAPH_PING", "-i 0.2 127.0.0.1"));
    let received = watch.until(|received| has(received, "ping.ms", "time", 3)).await;
    let numbers: Vec<f64> =
        received[&("ping".to_owned(), "icmp_seq".to_owned())].iter().map(|(_, number)| *number).collect();
    assert!(numbers.is_sorted_by(|earlier, later| earlier < later), "{numbers:?}");
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_a_script_that_buffers_for_pipes_arrive_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("probe.py");
    let text = "import json, sys, time\nassert sys.stdout.isatty()\nfor n in range(10**6):\n    print(json.dumps({'lab': {'n': n}}))\n    time.sleep(0.01)\n";
    std::fs::write(&script, text).expect("written");
    // Python keeps 8 KB for a pipe back: 400 lines, which take 4 s.
    let mut watch = Watch::start(&exec("KYMOGRAPH_PYTHON", &script.display().to_string()));
    let received = watch.until(|received| has(received, "probe.lab", "n", 20)).await;
    let numbers: Vec<u64> =
        received[&("probe.lab".to_owned(), "n".to_owned())].iter().map(|(_, number)| *number as u64).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    assert!(numbers.len() < 100, "{} at once", numbers.len());
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_ends_is_started_again_and_its_last_error_line_is_reported() {
    let mut watch = Watch::start("exec:echo a=1; echo 'no such device' >&2; exit 3");
    let received = watch.until(|received| has(received, "echo", "a", 2)).await;
    assert_eq!(received.len(), 1);
    let status = watch.status();
    let error = status.last_error.expect("an error");
    assert!(error.contains("(exit status: 3): no such device; it is started again in"), "{error}");
    assert_eq!(status.state, SourceState::Running);
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_cannot_be_started_is_reported() {
    let mut watch = Watch::start("exec:/no/such/program 1");
    let status = watch.until_status(|status| status.last_error.is_some()).await;
    let error = status.last_error.expect("an error");
    assert!(error.contains("exit status: 127") && error.contains("not found"), "{error}");
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_ends_with_the_server_and_so_do_the_programs_that_it_started() {
    // It ignores the first signal.
    let mut watch = Watch::start("exec:trap '' TERM; sleep 1000 & echo pid=$!; wait; wait; sleep 1000");
    let received = watch.until(|received| has(received, "trap", "pid", 1)).await;
    let pid = received[&("trap".to_owned(), "pid".to_owned())][0].1 as i32;
    let is_there = || nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_ok();
    assert!(is_there());
    watch.running.stop().await;
    // Without a parent, it is removed a moment later.
    for _ in 0..500 {
        if !is_there() || is_zombie(pid) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{pid} still runs");
}

fn is_zombie(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_faster_than_the_stream_are_held_back_and_the_server_stops() {
    let mut watch = Watch::start("exec:yes a=1 b=2");
    watch.until(|received| has(received, "yes", "b", 20_000)).await;
    // Nobody takes batches any more.
    tokio::time::timeout(Duration::from_secs(5), watch.running.stop()).await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn series_beyond_the_limit_are_refused_and_counted_and_the_others_go_on() {
    let settings = "kind = 'exec'\ncommand = 'i=0; while :; do i=$((i+1)); echo \"host=h$i v=1\"; echo \"host=h1 v=$i\"; done'\nseries = 5\nname = 'many'";
    let config = toml::from_str(settings).expect("valid");
    let mut watch = Watch::with(config);
    let status = watch.until_status(|status| status.refused > 100).await;
    let received = watch.until(|received| has(received, "many", "h1 v", 200)).await;
    assert_eq!((received.len(), status.series), (5, 5), "{:?}", received.keys());
    let error = status.last_error.expect("an error");
    assert_eq!(
        error,
        "series \"h6 v\" is left out: `series` of many allows 5; raise it, or remove labels that change. Further ones are counted"
    );
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn datagrams_of_any_format_arrive_and_bad_ones_are_counted() {
    let port = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    let mut watch = Watch::start(&format!("udp:listen=127.0.0.1:{port},name=lab"));
    watch.until_status(|status| status.state == SourceState::Listening).await;
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let send = |bytes: &[u8]| socket.send_to(bytes, ("127.0.0.1", port)).expect("sent");
    send(b"{\"arm\":{\"x\":1}}\n{\"arm\":{\"x\":2}}");
    send(b"rpm:900 temp: 41.5");
    send(b"{\"arm\":");
    send(b"\xff\xfe\x00");
    send(&vec![b'1'; 65_000]);
    let received = watch.until(|received| has(received, "lab.arm", "x", 2) && has(received, "lab", "temp", 1)).await;
    assert_eq!(received[&("lab".to_owned(), "temp".to_owned())][0].1.to_bits(), 41.5_f64.to_bits());
    let status = watch.until_status(|status| status.received >= 6).await;
    assert_eq!(status.refused, 1);
    let error = status.last_error.expect("an error");
    assert!(
        error.starts_with("a line is not a JSON object or list: ") && error.ends_with("\"{\\\"arm\\\":\""),
        "{error}"
    );
    watch.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_fails_the_source() {
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port();
    let mut watch = Watch::start(&format!("udp:listen=127.0.0.1:{port}"));
    let status = watch.until_status(|status| status.state == SourceState::Failed).await;
    assert!(status.last_error.is_some_and(|error| error.starts_with(&format!("cannot listen on 127.0.0.1:{port}: "))));
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_is_read_to_its_end_and_the_server_continues() {
    let port = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    let mut server = Command::new(env!("CARGO_BIN_EXE_feed-server"))
        .args(["serve", "--state-dir", "none", "--listen", &format!("127.0.0.1:{port}"), "--source", "stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let mut input = server.stdin.take().expect("a pipe");
    input.write_all(b"t,left,right\n1,2,3\n4,5,6\n7,8,9").expect("written");
    drop(input);
    let sources = loop {
        // Until it listens, and until it has read all.
        if let Ok(sources) = response_to(port, "/sources")
            && sources.contains("stdin\tstopped")
        {
            break sources;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(sources.contains("stdin\treceived\t4 lines") && !sources.contains("refused"), "{sources}");
    assert!(sources.contains("3 series"), "{sources}");
    server.kill().expect("runs");
    server.wait().expect("ends");
}

/// The body of a response.
fn response_to(port: u16, path: &str) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_was_received_and_refused() {
    let served = Served::start(&["exec:echo a=1; echo '{'; sleep 1000"]).await;
    let expected =
        ["kymograph_source_received_total{source=\"echo\"} 2", "kymograph_source_refused_total{source=\"echo\"} 1"];
    loop {
        let metrics = served.get("/metrics").await;
        if expected.iter().all(|line| metrics.contains(line)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_commands_each_one_that_ends_is_started_again() {
    // A command that inherits the terminal of another one hides its end.
    let sources = ["exec:seq 3", "exec:sleep 500", "exec:echo a=1", "exec:sleep 501", "exec:echo b=1"];
    let served = Served::start(&sources).await;
    loop {
        let report = served.get("/sources").await;
        if ["seq\treceived\t6 lines", "echo\treceived\t2 lines", "echo-2\treceived\t2 lines"]
            .iter()
            .all(|line| report.contains(line))
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_on_series_is_one_over_all_runs_of_a_command() {
    let settings = "kind = 'exec'\ncommand = 'for i in 1 2 3; do echo \"s$$_$i 1\"; done'\nseries = 5\nname = 'runs'";
    let mut watch = Watch::with(toml::from_str(settings).expect("valid"));
    let status = watch.until_status(|status| status.refused > 0).await;
    assert_eq!(status.series, 5);
    watch.running.stop().await;
}
