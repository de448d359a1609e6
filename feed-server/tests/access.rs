//! Access control over real sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream as StdTcpStream};
use std::process::{Child, Command, Stdio};

use crate::page_session::PageSession;
use crate::served::{Served, handshake};
use feed_server::app::config::Config;
use feed_server::app::server::Server;
use feed_server::ingest::config::SourceConfig;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

const TOKEN: &str = "a-token-for-the-tests";

/// A server that needs [`TOKEN`].
async fn closed() -> Served {
    let file = NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), format!("{TOKEN}\n")).expect("written");
    let config = Config { sources: sources(), token_file: Some(file.path().to_owned()), ..Config::default() };
    Served::with_token(config, TOKEN).await
}

fn sources() -> Vec<SourceConfig> {
    vec!["synthetic:groups=1,series=2,prefill=1s".parse().expect("a valid source")]
}

#[tokio::test]
async fn data_routes_refuse_requests_without_the_token() {
    let served = closed().await;
    for path in ["/metrics", "/readyz", "/stream"] {
        let answer = served.get(path).await;
        assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("www-authenticate: Bearer"), "{answer}");
        assert!(!answer.contains(TOKEN) && answer.contains("sign in: open the link"), "{answer}");
    }
    let program = served.request(&handshake(served.address, "/stream", "")).await;
    assert!(program.starts_with("HTTP/1.1 401"), "{program}");
    assert!(served.get("/healthz").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_sign_in_opens_the_stream_for_the_page() {
    let served = closed().await;
    let answer = served.post("/sign-in", &format!("authorization: Bearer {TOKEN}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\r\ncache-control: no-store\r\n"), "{answer}");
    assert!(answer.contains("; HttpOnly; SameSite=Strict\r\n") && answer.ends_with(",\"role\":\"view\"}"), "{answer}");
    let session = PageSession::of(&answer);
    let mut viewer = served.viewer_with("/stream", &session.of_page(served.address)).await;
    viewer.read_live(3).await;
    for wrong in ["", "authorization: Bearer another-token-altogether\r\n"] {
        let wrong = served.post("/sign-in", wrong).await;
        assert!(wrong.starts_with("HTTP/1.1 401") && wrong.contains("wrong token: paste"), "{wrong}");
        assert!(!wrong.contains("set-cookie"), "{wrong}");
    }
}

#[tokio::test]
async fn a_token_in_the_query_of_the_page_is_refused_with_the_way_to_sign_in() {
    let served = closed().await;
    let answer = served.get(&format!("/?token={TOKEN}&window=5")).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("the token follows `#token=`"), "{answer}");
    assert!(!answer.contains(TOKEN) && !answer.contains("set-cookie"), "{answer}");
}

#[tokio::test]
async fn a_token_in_the_query_is_refused_on_every_route_in_any_spelling() {
    let file = NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), TOKEN).expect("written");
    let base_path = "/kymograph".parse().expect("valid");
    let token_file = Some(file.path().to_owned());
    let config = Config { sources: sources(), token_file, base_path, ..Config::default() };
    let served = Served::with_token(config, TOKEN).await;
    let bearer = format!("authorization: Bearer {TOKEN}\r\n");
    for path in ["/", "/index.html", "/none", "/kymograph", "/kymograph/", "/healthz", "/metrics", "/stream"] {
        for name in ["token", "%74oken", "Token"] {
            let answer = served.get_with(&format!("{path}?{name}={TOKEN}"), &bearer).await;
            assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("`#token=`"), "{path} {name}: {answer}");
            assert!(!answer.contains(TOKEN) && !answer.contains("location: "), "{path} {name}: {answer}");
        }
    }
    let page = served.request(&handshake(served.address, &format!("/stream?token={TOKEN}"), "")).await;
    assert!(page.starts_with("HTTP/1.1 400"), "{page}");
    let allowed = served.get("/kymograph?show.token=line").await;
    assert!(allowed.starts_with("HTTP/1.1 308") && allowed.contains("kymograph/?show.token=line"), "{allowed}");
}

#[tokio::test]
async fn pages_of_other_origins_can_neither_sign_in_nor_out() {
    let served = closed().await;
    let session = PageSession::open(&served, TOKEN).await;
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        let headers = format!("authorization: Bearer {TOKEN}\r\norigin: {origin}\r\n");
        let answer = served.post("/sign-in", &headers).await;
        assert!(answer.starts_with("HTTP/1.1 403") && !answer.contains("set-cookie"), "{answer}");
        let answer = served.post("/sign-out", &format!("{}origin: {origin}\r\n", session.of_program())).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
    assert!(served.get_with("/metrics", &session.of_program()).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_bearer_token_opens_the_stream_in_any_case_of_the_schemes_name() {
    let served = closed().await;
    for scheme in ["Bearer", "bearer", "BEARER  "] {
        let mut viewer = served.viewer_with("/stream", &format!("authorization: {scheme} {TOKEN}\r\n")).await;
        viewer.read_live(3).await;
    }
}

#[tokio::test]
async fn a_page_without_the_token_is_closed_with_4401_and_sent_nothing() {
    let served = closed().await;
    let mut viewer = served.viewer_with("/stream", &format!("origin: http://{}\r\n", served.address)).await;
    assert!(viewer.frame_or_close().await.is_none(), "no frame");
    assert_eq!(viewer.closed().await, (4401, "open the link that the server printed at start".to_owned()));
    let metrics = served.get_with("/metrics", &format!("authorization: Bearer {TOKEN}\r\n")).await;
    assert!(metrics.contains("sessions_refused_total{reason=\"Token\"} 1"), "{metrics}");
    assert!(metrics.contains("kymograph_viewers_connected_total 0"), "{metrics}");
}

#[tokio::test]
async fn an_unknown_host_is_refused_on_every_path() {
    let served = Served::start(&["synthetic:groups=1,prefill=0s"]).await;
    for path in ["/", "/stream", "/metrics", "/readyz", "/healthz", "/main.js"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: rebound.example:9000\r\nconnection: close\r\n\r\n");
        let answer = served.request(&request).await;
        assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("--host rebound.example"), "{answer}");
    }
    let twice = format!("GET / HTTP/1.1\r\nhost: {0}\r\nhost: {0}\r\nconnection: close\r\n\r\n", served.address);
    assert!(served.request(&twice).await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn a_forwarded_request_is_not_local() {
    let served = Served::start(&["synthetic:groups=1,prefill=0s"]).await;
    for header in
        ["x-forwarded-for: 127.0.0.1", "x-forwarded-proto: http", "forwarded: for=127.0.0.1", "via: 1.1 nginx"]
    {
        for path in ["/", "/stream", "/metrics", "/readyz", "/healthz"] {
            let answer = served.get_with(path, &format!("{header}\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 403"), "{header} {path}: {answer}");
            assert!(
                answer.contains("start with --trusted-proxy 127.0.0.1, or with --token-file or --no-auth"),
                "{answer}"
            );
        }
    }
    let open = Served::configured(Config { no_auth: true, sources: sources(), ..Config::default() }).await;
    assert!(open.get_with("/metrics", "via: 1.1 nginx\r\n").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_server_with_a_trusted_proxy_needs_a_token_on_loopback_too() {
    let trusted_proxies = vec!["127.0.0.1".parse().expect("an address")];
    let config = Config { trusted_proxies, sources: sources(), ..Config::default() };
    let server = Server::bind(Config { listen: "127.0.0.1:0".parse().expect("an address"), ..config.clone() });
    let link = server.expect("a free port").link();
    assert!(link.contains("token="), "a token is made: {link}");
    let without = Server::bind(Config { listen: "127.0.0.1:0".parse().expect("an address"), no_auth: true, ..config });
    assert!(!without.expect("a free port").link().contains("token="));
}

#[tokio::test]
async fn a_page_can_ask_why_its_stream_is_refused() {
    let served = closed().await;
    let ask = async |host: &str, version: &str, more: &str| {
        let head =
            format!("POST /connection-check {version}\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 0\r\n");
        served.request(&format!("{head}{more}\r\n")).await
    };
    let own = served.address.to_string();
    let origin = format!("origin: http://{own}\r\n");
    let fine = ask(&own, "HTTP/1.1", &origin).await;
    assert!(fine.starts_with("HTTP/1.1 200") && fine.contains(r#"{"ok":true,"refusals":[],"text":"#), "{fine}");
    let foreign = ask(&own, "HTTP/1.1", "origin: https://metrics.example\r\n").await;
    let expected = format!(r#""reason":"origin","found":"https://metrics.example","expected":"http://{own}""#);
    assert!(foreign.contains(r#"{"ok":false,"#) && foreign.contains(&expected), "{foreign}");
    let old = ask(&own, "HTTP/1.0", &origin).await;
    assert!(old.contains(r#""reason":"http-version""#), "{old}");
    let unknown = ask("rebound.example", "HTTP/1.1", "").await;
    assert!(unknown.starts_with("HTTP/1.1 403") && unknown.contains("--host rebound.example"), "{unknown}");
    assert!(served.get("/connection-check").await.starts_with("HTTP/1.1 405"), "a browser sends no origin with GET");
}

/// The status of an answer; `None` if the connection was closed without one.
fn status(answer: &str) -> Option<u16> {
    answer.split(' ').nth(1).map(|status| status.parse().expect("a status"))
}

/// The status of the answer to these bytes, from its first line: the rest may be a stream.
async fn first_status(served: &Served, request: &str) -> Option<u16> {
    let mut stream = BufStream::new(TcpStream::connect(served.address).await.expect("connects"));
    stream.write_all(request.as_bytes()).await.expect("writes");
    stream.flush().await.expect("writes");
    let mut line = String::new();
    stream.read_line(&mut line).await.expect("answers");
    status(&line)
}

#[tokio::test]
async fn malformed_handshakes_are_refused_each_with_its_status() {
    let served = Served::start(&["synthetic:groups=1,prefill=0s"]).await;
    let usual = handshake(served.address, "/stream", "");
    let host = format!("host: {}\r\n", served.address);
    let without = |line: &str| usual.replace(line, "");
    let with = |line: &str| handshake(served.address, "/stream", line);
    let kibibyte = format!("x-header: {}\r\n", "a".repeat(1_024 - 12));
    let cases = [
        (400, usual.replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j")),
        (400, usual.replace("HTTP/1.1", "HTTP/1.0")),
        (400, without("upgrade: websocket\r\n")),
        (400, without("upgrade, ")),
        (400, without("sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n")),
        (400, without(&host)),
        (400, with("host: 127.0.0.1\r\n")),
        (400, with("x-header: a\0b\r\n")),
        (400, with("x-header: a\r\n folded\r\n")),
        (400, with("content-length: 3\r\n")),
        (400, with("content-length: 3\r\ntransfer-encoding: chunked\r\n")),
        (403, with("origin: http://user@127.0.0.1\r\n")),
        (403, usual.replace(&host, "host: rebound.example\r\n")),
        (405, usual.replace("GET", "POST")),
        (426, usual.replace("version: 13", "version: 8")),
        (431, with(&"x-header: 1\r\n".repeat(200))),
        (431, with(&format!("x-header: {}\r\n", "a".repeat(100_000)))),
        (431, with(&kibibyte.repeat(17))),
    ];
    for ordinary in [usual.clone(), with(&kibibyte.repeat(15))] {
        assert_eq!(first_status(&served, &ordinary).await, Some(101));
    }
    for (expected, case) in cases {
        let answer = served.request(&case).await;
        // The server does not read the head to its end, so a reset may overtake the response.
        let is_cut_off = expected == 431 && answer.is_empty();
        assert!(is_cut_off || status(&answer) == Some(expected), "{expected}: {case:.300}\n{answer}");
        if expected == 426 {
            assert!(answer.contains("\r\nsec-websocket-version: 13\r\n"), "{answer}");
            assert!(answer.contains("\r\nupgrade: websocket\r\nconnection: upgrade"), "{answer}");
        }
    }
    assert!(served.get("/healthz").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_viewer_that_floods_is_closed_and_others_are_not() {
    use protocol::{ClientMessage, Timestamp};
    use tokio_tungstenite::tungstenite::Message;
    let served = Served::start(&["synthetic:groups=1,prefill=0s"]).await;
    let mut other = served.viewer("/stream").await;
    let probe = ClientMessage::Probe { origin: Timestamp::from_micros(1) }.to_bytes().expect("encodes");
    for message in [Message::binary(probe), Message::Ping(Vec::new().into())] {
        let mut viewer = served.viewer("/stream").await;
        // 10,000 messages, or until the server closes.
        for _ in 0..10_000 {
            if viewer.try_send(message.clone()).await.is_err() {
                break;
            }
        }
        let (code, reason) = viewer.closed().await;
        assert_eq!((code, reason.as_str()), (1008, "too many messages: the limit is 20 a second, 40 at once"));
    }
    other.read_live(3).await;
    let metrics = served.get("/metrics").await;
    assert!(metrics.contains("sessions_refused_total{reason=\"Flood\"} 2"), "{metrics}");
}

/// A server process whose log is kept. Dropping it kills it.
struct Logged {
    process: Child,
    log: NamedTempFile,
    address: SocketAddr,
}

impl Logged {
    fn start(level: &str, arguments: &[&str]) -> Self {
        let log = NamedTempFile::new().expect("a file");
        let mut process = Command::new(env!("CARGO_BIN_EXE_feed-server"))
            .args(["serve", "--listen", "127.0.0.1:0", "--source", "synthetic:groups=1,prefill=0s"])
            .args(arguments)
            .env("KYMOGRAPH_LOG", level)
            .stdout(Stdio::piped())
            .stderr(log.reopen().expect("opens"))
            .spawn()
            .expect("starts");
        let mut link = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut link).expect("prints its link");
        let address = link.trim().rsplit("://").next().expect("a link").trim_end_matches('/');
        Self { address: address.parse().expect("an address"), process, log }
    }

    fn connect(&self) -> StdTcpStream {
        StdTcpStream::connect(self.address).expect("connects")
    }

    /// The complete answer to a GET with these headers, each with its line end.
    fn get(&self, path: &str, headers: &str) -> String {
        let host = self.address;
        self.request(&format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n"))
    }

    /// The complete answer to these bytes.
    fn request(&self, request: &str) -> String {
        let mut stream = self.connect();
        // A server that refuses the head need not read the rest, and a reset may overtake its answer.
        let _refused_early = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Ends the server in order, so that its last lines are written, and returns its log.
    fn said(mut self) -> String {
        kill(Pid::from_raw(self.process.id() as i32), Signal::SIGTERM).expect("still there");
        self.process.wait().expect("ended");
        std::fs::read_to_string(self.log.path()).expect("reads")
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _waited_already = self.process.wait();
    }
}

#[test]
fn log_lines_about_refused_requests_are_rate_limited() {
    let server = Logged::start("info", &[]);
    let requests = 2_000;
    let mut answers = String::new();
    // Requests for an unknown host, as many on each connection as a stranger may send.
    for _ in 0..requests / 100 {
        let mut stream = server.connect();
        let asked = b"GET /metrics HTTP/1.1\r\nhost: evil.example\r\n\r\n".repeat(100);
        stream.write_all(&asked).expect("writes");
        stream.read_to_string(&mut answers).expect("answers");
    }
    assert_eq!(answers.matches("HTTP/1.1 403").count(), requests);
    let metrics = server.get("/metrics", "");
    let counted = format!("\nkymograph_http_responses_total{{status=\"403\"}} {requests}\n");
    assert!(metrics.contains(&counted), "refusals that are not logged are counted: {metrics}");
    let said = server.said();
    let lines = said.matches("refused").count();
    assert!((1..requests / 4).contains(&lines), "{lines} lines about {requests} requests");
    assert_eq!(said.matches("peer=\"127.0.0.1:").count(), lines, "each names the address of the peer: {said}");
}

#[test]
fn refusals_name_the_client_that_a_trusted_proxy_reports() {
    let file = NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), TOKEN).expect("written");
    let token_file = file.path().display().to_string();
    let report = "x-forwarded-for: 198.51.100.9, 203.0.113.7\r\n";
    for (proxy, expected) in [("127.0.0.1", "\"203.0.113.7 through 127.0.0.1:"), ("192.0.2.1", "\"127.0.0.1:")] {
        let server = Logged::start("info", &["--token-file", &token_file, "--trusted-proxy", proxy]);
        assert_eq!(status(&server.get("/metrics", report)), Some(401));
        let said = server.said();
        assert!(said.contains(expected) && !said.contains("198.51.100.9"), "{said}");
    }
}

#[test]
fn no_token_is_logged() {
    let file = NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), TOKEN).expect("written");
    let server = Logged::start("trace", &["--token-file", &file.path().display().to_string()]);
    let host = server.address;
    let post = |path: &str, headers: &str| {
        server.request(&format!("POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n"))
    };
    let session = PageSession::of(&post("/sign-in", &format!("authorization: Bearer {TOKEN}\r\n")));
    let origin = format!("origin: http://{}\r\n", server.address);
    assert_eq!(status(&server.get("/metrics", &session.of_program())), Some(200));
    assert_eq!(status(&server.get("/metrics", &format!("cookie: {}\r\n", session.cookie))), Some(401));
    let secrets = [TOKEN, "another-token-altogether"];
    for secret in secrets {
        let bearer = format!("authorization: Bearer {secret}\r\n");
        for answer in [post("/sign-in", &bearer), server.get("/metrics", &bearer)] {
            assert_eq!(status(&answer), Some(if secret == TOKEN { 200 } else { 401 }), "{answer}");
        }
        let stream =
            |query: &str, headers| server.request(&handshake(server.address, &format!("/stream{query}"), headers));
        let in_query = format!("?token={secret}");
        let wrong_ways = [
            (400, stream(&in_query, "")),
            (400, stream(&in_query, &origin)),
            (401, stream("", "")),
            // A page gets the reason in the close of its stream.
            (101, stream("", &origin)),
            (401, server.get("/metrics", &format!("authorization: {secret}\r\n"))),
            (400, server.get(&format!("/?token={secret}"), "")),
        ];
        for (expected, answer) in wrong_ways {
            assert_eq!(status(&answer), Some(expected), "{answer}");
        }
        let long = secret.repeat((1 << 20) / secret.len());
        let answer = server.get("/metrics", &format!("authorization: Bearer {long}\r\n"));
        assert!(answer.is_empty() || status(&answer) == Some(431), "{answer}");
    }
    let mut viewer = server.connect();
    let bearer = format!("authorization: Bearer {TOKEN}\r\n");
    viewer.write_all(handshake(server.address, "/stream", &bearer).as_bytes()).expect("writes");
    let mut answer = String::new();
    BufReader::new(&viewer).read_line(&mut answer).expect("answers");
    assert_eq!(status(&answer), Some(101));
    drop(viewer);
    let mut paged = server.connect();
    let headers = session.of_page(server.address);
    paged.write_all(handshake(server.address, "/stream", &headers).as_bytes()).expect("writes");
    let mut answer = String::new();
    BufReader::new(&paged).read_line(&mut answer).expect("answers");
    assert_eq!(status(&answer), Some(101));
    let said = server.said();
    let (_, cookie) = session.cookie.split_once('=').expect("a pair");
    for secret in secrets.into_iter().chain([cookie, session.key.as_str()]) {
        assert!(!said.contains(secret), "{said}");
    }
    assert!(said.contains("DEBUG"), "the log level is trace: {said}");
    let refused_for =
        |reason: &str| said.lines().filter(|line| line.contains("request refused") && line.contains(reason)).count();
    assert_eq!(refused_for("sign in: open the link"), 3 * secrets.len() + 1, "{said}");
    assert_eq!(refused_for("wrong token"), 1, "{said}");
    assert_eq!(refused_for("session has ended"), 1, "{said}");
    assert_eq!(refused_for("`#token=`"), 3 * secrets.len(), "{said}");
}
