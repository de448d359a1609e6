//! Limits: connections, silent peers, and peers that do not read.

use crate::served::{Served, handshake};
use feed_server::app::config::Config;
use protocol::{Body, Frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SYNTHETIC: &str = "synthetic:groups=1,series=2,hz=50,prefill=1s,seed=7";

async fn with_limit(connections: usize) -> Served {
    let sources = vec![SYNTHETIC.parse().expect("a valid source")];
    Served::configured(Config { sources, connections, ..Config::default() }).await
}

#[tokio::test]
async fn a_connection_over_the_limit_gets_503_and_others_are_not_affected() {
    let served = with_limit(3).await;
    let mut first = served.viewer("/stream").await;
    let mut second = served.viewer("/stream").await;
    let mut third = served.viewer("/stream").await;
    let refused = served.get("/healthz").await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("\r\nretry-after: "), "{refused}");
    assert!(refused.ends_with("too many connections to this server (limit 3): try again later\n"), "{refused}");
    let upgrade = served.request(&handshake(served.address, "/stream", "")).await;
    assert!(upgrade.starts_with("HTTP/1.1 503"), "{upgrade}");
    for viewer in [&mut first, &mut second, &mut third] {
        viewer.read_live(3).await;
    }
    drop(third);
    // The permit is given back when the server has seen the end of the connection.
    while served.get("/healthz").await.starts_with("HTTP/1.1 503") {}
    first.read_live(1).await;
    drop(second);
    loop {
        let metrics = served.get("/metrics").await;
        if metrics.contains("\nkymograph_viewers 1\n") {
            let refused = metrics.lines().find_map(|line| line.strip_prefix("kymograph_connections_refused_total "));
            assert!(refused.is_some_and(|count| count.parse::<u64>().is_ok_and(|count| count >= 2)), "{metrics}");
            break;
        }
    }
}

#[tokio::test]
async fn streams_through_a_trusted_proxy_are_limited_by_client() {
    let config = Config {
        sources: vec![SYNTHETIC.parse().expect("a valid source")],
        trusted_proxies: vec!["127.0.0.1".parse().expect("an address")],
        no_auth: true,
        connections_per_address: 2,
        ..Config::default()
    };
    let served = Served::configured(config).await;
    let client = |address: &str| format!("x-forwarded-for: {address}\r\n");
    let mut first = served.viewer_with("/stream", &client("203.0.113.7")).await;
    let mut second = served.viewer_with("/stream", &client("203.0.113.7")).await;
    let upgrade = handshake(served.address, "/stream", &client("203.0.113.7"));
    let refused = served.request(&upgrade).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("\r\nretry-after: "), "{refused}");
    assert!(refused.ends_with("too many connections from this address (limit 2): close some\n"), "{refused}");
    let mut other = served.viewer_with("/stream", &client("203.0.113.8")).await;
    for viewer in [&mut first, &mut second, &mut other] {
        viewer.read_live(3).await;
    }
    let ask = format!(
        "POST /connection-check HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{}\r\n",
        served.address,
        client("203.0.113.7")
    );
    assert!(served.request(&ask).await.contains(r#""reason":"full""#));
    drop(second);
    // The permit is given back when the server has seen the end of the stream.
    while !served.request(&ask).await.contains(r#"{"ok":true"#) {}
    served.viewer_with("/stream", &client("203.0.113.7")).await.read_live(1).await;
}

#[tokio::test]
async fn a_viewer_that_answers_no_ping_is_closed() {
    let served = Served::start(&[SYNTHETIC]).await;
    let mut peer = TcpStream::connect(served.address).await.expect("connects");
    peer.write_all(handshake(served.address, "/stream", "").as_bytes()).await.expect("writes");
    // It reads everything and sends nothing.
    let mut taken = Vec::new();
    peer.read_to_end(&mut taken).await.expect("closed, not reset");
    let reason = b"no answer to a ping within 5 s";
    assert!(taken.windows(reason.len()).any(|window| window == reason), "closed for another reason");
    assert!(served.get("/metrics").await.contains("kymograph_sessions_refused_total{reason=\"Timeout\"} 1\n"));
}

#[tokio::test]
async fn a_viewer_that_only_answers_pings_is_not_closed() {
    let served = Served::start(&[SYNTHETIC]).await;
    let mut viewer = served.viewer("/stream").await;
    let mut heartbeats = 0;
    // One a second: for longer than a silent viewer is kept.
    while heartbeats < 12 {
        let frame = viewer.frame().await;
        heartbeats += usize::from(matches!(Frame::decode(&frame).expect("decodes").body, Body::Heartbeat(_)));
    }
}
