//! Responses over HTTP, and start and end of the binary.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::served::{Served, handshake};
use feed_server::app::config::Config;
use feed_server::app::server::Server;

#[tokio::test]
async fn health_readiness_and_metrics_are_served() {
    let served = Served::start(&["synthetic:groups=2,series=3,prefill=1s"]).await;
    assert!(served.get("/healthz").await.ends_with("\r\n\r\nok\n"));
    let ready = served.get("/readyz").await;
    let report = r#"{"ready":true,"reason":"samples are received","groups":2,"series":6,"sources":[{"source":"synthetic","ready":true,"reason":"samples are received","state":"running","series":6,"#;
    assert!(
        ready.contains(report)
            && ready
                .ends_with(r#""silent_after_ms":15000,"rows_merged":0,"rows_dropped":0,"stuck":[],"left_out":[]}]}"#),
        "{ready}"
    );
    let metrics = served.get("/metrics").await;
    assert!(metrics.contains("\nkymograph_source_series{source=\"synthetic\"} 6\n"), "{metrics}");
    assert!(served.get("/no/such/page.html").await.starts_with("HTTP/1.1 404"));
    let head = format!("HEAD /healthz HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", served.address);
    let head = served.request(&head).await;
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("content-length: 3\r\n"), "{head}");
    assert!(head.ends_with("\r\n\r\n"), "{head}");
}

#[tokio::test]
async fn a_server_with_a_base_path_is_complete_below_it() {
    let sources = vec!["synthetic:groups=1,prefill=0s".parse().expect("a valid source")];
    let config = Config { base_path: "/kymograph".parse().expect("a path"), sources, ..Config::default() };
    let bound = Server::bind(Config { listen: "127.0.0.1:0".parse().expect("an address"), ..config.clone() });
    let link = bound.expect("a free port").link();
    assert!(link.ends_with("/kymograph/"), "{link}");
    let served = Served::configured(config).await;
    let redirect = served.get("/kymograph?window=5").await;
    assert!(redirect.starts_with("HTTP/1.1 308"), "{redirect}");
    assert!(redirect.contains("\r\nlocation: kymograph/?window=5\r\n"), "{redirect}");
    for path in ["/kymograph/healthz", "/kymograph/readyz", "/kymograph/metrics", "/healthz"] {
        let answer = served.get(path).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        assert!(answer.contains("\r\ncontent-security-policy: "), "{path}: {answer}");
    }
    assert!(served.get("/kymographs/healthz").await.starts_with("HTTP/1.1 404"));
    served.viewer("/kymograph/stream").await.read_live(3).await;
    let foreign = "GET /kymograph HTTP/1.1\r\nhost: rebound.example\r\nconnection: close\r\n\r\n";
    assert!(served.request(foreign).await.starts_with("HTTP/1.1 403"), "the checks come first");
}

#[tokio::test]
async fn each_source_has_its_own_readiness() {
    let served = Served::start(&["synthetic:groups=1,series=1,hz=100", "synthetic:groups=1,series=2,hz=100"]).await;
    let mut second = String::new();
    while !second.starts_with("HTTP/1.1 200") {
        second = served.get("/readyz?source=synthetic-2").await;
    }
    let body = second.rsplit("\r\n\r\n").next().unwrap_or_default();
    let report =
        r#"{"source":"synthetic-2","ready":true,"reason":"samples are received","state":"running","series":2,"#;
    assert!(body.starts_with(report), "{body}");
    let unknown = served.get("/readyz?source=disk").await;
    assert!(unknown.starts_with("HTTP/1.1 404"), "{unknown}");
    assert!(unknown.ends_with("no such source; its sources are: synthetic, synthetic-2\n"), "{unknown}");
    let wrong = served.get("/readyz?sorce=synthetic").await;
    assert!(wrong.starts_with("HTTP/1.1 400") && wrong.ends_with("expected no query, or `source=NAME`\n"), "{wrong}");
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let served = Served::start(&["synthetic:groups=1,prefill=0s"]).await;
    for path in ["/", "/healthz", "/metrics", "/nothing"] {
        let answer = served.get(path).await;
        assert!(answer.contains("content-security-policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"));
        assert!(answer.contains("x-content-type-options: nosniff"), "{answer}");
    }
    let host = served.address;
    let post = served.request(&format!("POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")).await;
    assert!(post.starts_with("HTTP/1.1 405") && post.contains("\r\nallow: GET,HEAD\r\n"), "{post}");
}

#[tokio::test]
async fn invalid_requests_for_the_stream_are_refused_before_the_upgrade() {
    let served = Served::start(&["synthetic:groups=1,prefill=0s"]).await;
    let host = served.address;
    let handshake = |path: &str, more: &str| handshake(host, path, more);
    let foreign = served.request(&handshake("/stream", "origin: http://evil.example\r\n")).await;
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    let query = served.request(&handshake("/stream?window=never", "")).await;
    assert!(query.starts_with("HTTP/1.1 400") && query.ends_with("window must be from 0 to 86400 seconds\n"));
    let plain = served.get("/stream").await;
    assert!(plain.starts_with("HTTP/1.1 400") && plain.contains("not a WebSocket handshake"), "{plain}");
}

#[tokio::test]
async fn a_peer_that_sends_no_complete_request_is_closed() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let served = Served::start(&["synthetic:groups=1,prefill=0s"]).await;
    for opening in ["", "GET / HT"] {
        let mut stream = tokio::net::TcpStream::connect(served.address).await.expect("connects");
        stream.write_all(opening.as_bytes()).await.expect("writes");
        let mut answer = Vec::new();
        // Ends when the server resets the connection. If it does not, the test fails by timing out.
        stream.read_to_end(&mut answer).await.expect_err("reset");
        assert_eq!(answer, b"");
    }
}

#[test]
fn a_server_that_others_can_reach_without_tls_logs_a_warning() {
    for (listen, warns) in [("0.0.0.0:0", true), ("127.0.0.1:0", false)] {
        let log = tempfile::NamedTempFile::new().expect("a file");
        let mut server = feed_server(&["serve", "--listen", listen, "--source", "synthetic:groups=1,prefill=0s"]);
        let mut server = server.stdout(Stdio::piped()).stderr(log.reopen().expect("opens")).spawn().expect("starts");
        let mut link = String::new();
        BufReader::new(server.stdout.take().expect("piped")).read_line(&mut link).expect("prints its link");
        end(&mut server);
        assert_eq!(link.contains("/#token="), warns, "{link}");
        let said = std::fs::read_to_string(log.path()).expect("reads");
        assert_eq!(said.contains("Traffic is not encrypted; set --tls-cert and --tls-key"), warns, "{said}");
    }
}

#[test]
fn a_server_without_the_page_names_the_command_that_builds_it() {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let mut server = feed_server(&["serve", "--listen", "127.0.0.1:0", "--source", "synthetic:groups=1,prefill=0s"]);
    let mut server = server.stderr(log.reopen().expect("opens")).spawn().expect("starts");
    let mut link = String::new();
    BufReader::new(server.stdout.take().expect("piped")).read_line(&mut link).expect("prints its link");
    let address = link.split('/').nth(2).expect("http://ADDRESS/").trim();
    let mut stream = TcpStream::connect(address).expect("connects");
    write!(stream, "GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answers");
    end(&mut server);
    let stderr = std::fs::read_to_string(log.path()).expect("reads");
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    for text in [answer, stderr] {
        assert!(text.contains("built without its page") && text.contains("`cargo xtask serve`"), "{text}");
    }
}

/// Ends the server in order, so that its last log lines are written.
fn end(server: &mut Child) {
    kill(Pid::from_raw(server.id() as i32), Signal::SIGTERM).expect("still there");
    server.wait().expect("ended");
}

fn feed_server(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_feed-server"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_start_error_is_one_line_and_a_non_zero_exit() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("feed.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:0\"\nhistroy = \"5m\"\n").expect("written");
    let file = file.to_str().expect("UTF-8");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken_address = taken.local_addr().expect("bound").to_string();
    let long = folder.path().join("long.toml");
    std::fs::File::create(&long).and_then(|long| long.set_len(10 << 30)).expect("a sparse file of 10 GiB");
    let (long, folder) = (long.to_str().expect("UTF-8"), folder.path().to_str().expect("UTF-8"));
    let cases: [(&[&str], &str); 13] = [
        (&["serve", "--source", "hots"], "--source hots: unknown value `hots`, expected "),
        (&["serve", "--source", "host:hz=0"], "hz must be above 0 and at most 1000, found 0"),
        (&["serve", "--listen", "nowhere"], "--listen must be an address and a port"),
        (&["serve", "--listen", &taken_address], &format!("cannot listen on {taken_address}: Address already in use")),
        (&["serve", "--config", "/no/such/file"], "/no/such/file: No such file or directory"),
        (&["serve", "--config", "/dev/zero"], "cannot read /dev/zero: expected a file or a pipe, found a device"),
        (&["serve", "--config", folder], "expected a file or a pipe, found a directory"),
        (&["check-config", long], "long.toml: the file must have at most 1048576 bytes, found more"),
        (&["serve", "--token-file", "/dev/zero"], "token_file /dev/zero: expected a file or a pipe, found a device"),
        (&["serve", "--host", "a:9000"], "the host name \"a:9000\" has a port"),
        (&["serve", "--source", "host", "--source", "host:hz=1"], "sources 1 and 2 (`host`) measure the same"),
        (&["check-config", file], "feed.toml:2: unknown setting `histroy`, expected one of"),
        (&["serve", "--www", "/no/such/folder"], "/no/such/folder has no index.html"),
    ];
    for (arguments, expected) in cases {
        let output = feed_server(arguments).output().expect("starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[test]
fn check_config_accepts_a_valid_file() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("feed.toml");
    std::fs::write(&file, "[[source]]\nkind = \"host\"\n").expect("written");
    let output = feed_server(&["check-config", file.to_str().expect("UTF-8")]).output().expect("starts");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("1 source(s), listening on 127.0.0.1:9000\n"));
}

#[test]
fn check_config_opens_the_files_that_the_configuration_names() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let (token, text) = (write("token", "short"), write("text.pem", "hello"));
    for (setting, expected) in [
        (format!("token_file = {token:?}"), format!("token_file {token}: a token must have from 16 to 256 characters")),
        ("token_file = \"/dev/zero\"".to_owned(), "token_file /dev/zero: expected a file or a pipe".to_owned()),
        (
            format!("tls = {{ cert = {text:?}, key = {text:?} }}"),
            format!("cannot use TLS: {text}: expected certificates"),
        ),
        ("www = \"/no/such/folder\"".to_owned(), "/no/such/folder has no index.html".to_owned()),
    ] {
        let file = write("feed.toml", &setting);
        let output = feed_server(&["check-config", &file]).output().expect("starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{setting}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{setting}: {stderr}");
        assert!(stderr.starts_with(&format!("feed-server: {file}: {expected}")), "{setting}: {stderr}");
    }
}

#[cfg(unix)]
#[test]
fn sigterm_and_ctrl_c_end_the_server_with_exit_code_0() {
    for signal in ["-TERM", "-INT"] {
        let mut child = feed_server(&["serve", "--listen", "127.0.0.1:0"]).spawn().expect("starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("reads");
        assert!(line.starts_with("Kymograph is live at http://127.0.0.1:"), "{line}");
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
        assert_eq!(child.wait().expect("ends").code(), Some(0));
    }
}
