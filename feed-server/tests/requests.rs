//! Forms of requests that browsers do not send, but programs, proxies and attackers do: over real sockets.

use std::fs;
use std::net::SocketAddr;

use feed_server::app::config::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::served::{Served, handshake};

async fn served() -> Served {
    Served::start(&["synthetic:groups=1,prefill=0s"]).await
}

/// Sends a request, ends this side of the connection, and returns the answer.
async fn half_closed(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(request.as_bytes()).await.expect("writes");
    stream.shutdown().await.expect("shuts down");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answers");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_end_their_side_after_the_request_get_the_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("index.html"), "the page").expect("writes");
    let sources = vec!["synthetic:groups=1,prefill=0s".parse().expect("a source")];
    let served = Served::configured(Config { www: Some(folder.path().into()), sources, ..Config::default() }).await;
    let host = served.address;
    // Several times: the end may arrive together with the request or after it.
    for _ in 0..20 {
        for (path, expected) in [("/", "the page"), ("/metrics", "\nprocess_start_time_seconds "), ("/healthz", "ok\n")]
        {
            let answer = half_closed(host, &format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(expected), "{path}: {answer:?}");
        }
        let unknown = half_closed(host, "GET / HTTP/1.1\r\nhost: evil.example\r\n\r\n").await;
        assert!(unknown.starts_with("HTTP/1.1 403"), "{unknown:?}");
        let malformed = half_closed(host, "GET / HTTP/1.1\r\nhost: a\0b\r\n\r\n").await;
        assert!(malformed.starts_with("HTTP/1.1 400"), "{malformed:?}");
    }
}

#[tokio::test]
async fn an_absolute_target_is_checked_like_a_host() {
    let served = served().await;
    let own = served.address;
    let ask = async |target: &str, host: &str| {
        served.request(&format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")).await
    };
    let own_host = own.to_string();
    for (target, host, expected) in [
        (format!("http://{own}/healthz"), own_host.as_str(), "200"),
        (format!("HTTP://localhost:{}/healthz?x=y", own.port()), &own_host, "200"),
        // The target's host replaces the header's.
        (format!("http://{own}/healthz"), "evil.example", "200"),
        ("http://evil.example/healthz".to_owned(), &own_host, "403"),
        ("http://evil.example/".to_owned(), &own_host, "403"),
        (format!("http://evil@{own}/healthz"), &own_host, "400"),
        (format!("ftp://{own}/healthz"), &own_host, "400"),
    ] {
        let answer = ask(&target, host).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected} ")), "{target}: {answer}");
    }
    let without_host = format!("GET http://{own}/healthz HTTP/1.1\r\nconnection: close\r\n\r\n");
    assert!(served.request(&without_host).await.starts_with("HTTP/1.1 400"));
    let connect = format!("CONNECT {own} HTTP/1.1\r\nhost: {own}\r\nconnection: close\r\n\r\n");
    let answer = served.request(&connect).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("this server is not a proxy"), "{answer}");
    // The origin of a page is compared with the host of the target.
    let rebound = handshake(own, "http://evil.example/stream", "origin: http://evil.example\r\n");
    assert!(served.request(&rebound).await.starts_with("HTTP/1.1 403"));
}

#[tokio::test]
async fn a_health_probe_by_http_1_0_needs_no_host() {
    let served = served().await;
    for (head, expected) in [
        ("GET /healthz HTTP/1.0\r\n", "200"),
        ("HEAD /healthz HTTP/1.0\r\n", "200"),
        ("GET /readyz HTTP/1.0\r\nuser-agent: probe\r\n", "200"),
        ("GET /healthz HTTP/1.0\r\nhost: evil.example\r\n", "403"),
        ("GET /metrics HTTP/1.0\r\n", "400"),
        ("GET / HTTP/1.0\r\n", "400"),
        ("GET /healthz HTTP/1.1\r\nconnection: close\r\n", "400"),
    ] {
        let answer = served.request(&format!("{head}\r\n")).await;
        assert_eq!(answer.split(' ').nth(1), Some(expected), "{head}: {answer}");
    }
}

#[tokio::test]
async fn a_handshake_whose_lists_have_several_lines_is_accepted() {
    let served = served().await;
    let lines = "connection: keep-alive\r\nconnection: upgrade\r\nupgrade: h2c\r\nupgrade: WebSocket\r\n";
    let request =
        handshake(served.address, "/stream", "").replace("connection: upgrade, close\r\nupgrade: websocket\r\n", lines);
    let mut stream = TcpStream::connect(served.address).await.expect("connects");
    stream.write_all(request.as_bytes()).await.expect("writes");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.expect("answers");
    assert_eq!(&answer, b"HTTP/1.1 101");
}

#[tokio::test]
async fn files_are_sent_in_a_form_that_the_client_accepts() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [("index.html", "plain"), ("index.html.br", "brotli"), ("index.html.gz", "gzip")] {
        fs::write(folder.path().join(name), text).expect("writes");
    }
    let sources = vec!["synthetic:groups=1,prefill=0s".parse().expect("a source")];
    let served = Served::configured(Config { www: Some(folder.path().into()), sources, ..Config::default() }).await;
    for (headers, expected) in [
        ("accept-encoding: gzip\r\naccept-encoding: br\r\n", "brotli"),
        ("accept-encoding: br;q=0.000\r\naccept-encoding: GZIP\r\n", "gzip"),
        ("accept-encoding: br;q=0.1, gzip;q=0.2\r\n", "gzip"),
        ("accept-encoding: *;q=0, br\r\n", "brotli"),
        ("accept-encoding: deflate\r\n", "plain"),
        ("", "plain"),
    ] {
        let answer = served.get_with("/", headers).await;
        assert!(answer.ends_with(&format!("\r\n\r\n{expected}")), "{headers}: {answer}");
        assert_eq!(answer.contains("\r\ncontent-encoding: "), expected != "plain", "{answer}");
        assert!(answer.contains("\r\nvary: accept-encoding\r\n"), "{answer}");
    }
    let nothing = served.get_with("/", "accept-encoding: *;q=0\r\n").await;
    assert!(nothing.starts_with("HTTP/1.1 406") && nothing.contains("allow `identity`"), "{nothing}");
}

#[tokio::test]
async fn head_is_answered_like_get_without_a_body() {
    let served = served().await;
    let host = served.address;
    for path in ["/", "/healthz", "/readyz", "/metrics", "/stream", "/none"] {
        let get = served.get(path).await;
        let head = served.request(&format!("HEAD {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")).await;
        let status = |answer: &str| answer.split(' ').nth(1).map(str::to_owned);
        assert_eq!(status(&head), status(&get), "{path}");
        assert!(head.ends_with("\r\n\r\n") && head.contains("\r\ncontent-length: "), "{path}: {head}");
    }
}

#[tokio::test]
async fn requests_that_expect_or_ask_for_options_are_answered() {
    let served = served().await;
    let host = served.address;
    for (head, expected) in [
        ("OPTIONS * HTTP/1.1\r\n", "405"),
        ("OPTIONS / HTTP/1.1\r\n", "405"),
        ("GET * HTTP/1.1\r\n", "404"),
        // No route reads a body: the answer comes instead of `100 Continue`.
        ("POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 5\r\n", "405"),
        ("GET /healthz HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 5\r\n", "200"),
    ] {
        let answer = served.request(&format!("{head}host: {host}\r\nconnection: close\r\n\r\n")).await;
        assert_eq!(answer.split(' ').nth(1), Some(expected), "{head}: {answer}");
        assert_eq!(answer.contains("\r\nallow: GET,HEAD\r\n"), expected == "405", "{head}: {answer}");
    }
}
