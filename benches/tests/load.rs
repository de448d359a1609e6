//! The load generator with a real server, and with one that omits a frame on purpose.

use std::process::{Command, Output};

use futures_util::{SinkExt, StreamExt};
use protocol::{Blocks, Body, ClientMessage, Echo, Epoch, Frame, Header, History, HistoryPart, Samples, Sequence};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

fn load(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_load")).args(arguments).output().expect("starts")
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn viewers_of_a_real_server_lose_no_frames() {
    let output = load(&["--viewers", "20", "--slow", "2", "--seconds", "2", "--payload", "2000", "--json"]);
    let report = report(&output);
    assert!(output.status.success(), "{report}");
    assert_eq!((&report["lost_frames"], &report["errors"]), (&0.into(), &0.into()), "{report}");
    for rate in ["frames_per_second", "megabytes_per_second", "samples_per_second", "bytes_per_frame"] {
        assert!(report[rate].as_f64().is_some_and(|rate| rate > 0.0), "{rate} in {report}");
    }
    assert!(report["latency"]["max_ms"].as_f64() > Some(0.0), "{report}");
    assert!(report["slow"]["frames"].as_u64() > Some(0), "{report}");
    assert!(report["taken"]["frames_encoded"].as_f64() < report["taken"]["frames_sent"].as_f64(), "{report}");
}

#[test]
#[ignore = "long: the server's deadlines for peers that do not read"]
fn a_viewer_with_the_token_connects_while_strangers_hold_connections() {
    let output = load(&["--strangers", "50", "--seconds", "5", "--json"]);
    let report = report(&output);
    // In the burst with which the strangers begin, a connection may be evicted before its first request has arrived.
    assert!(report["connected"].as_u64() > Some(0) && report["refused"].as_u64() <= Some(1), "{report}");
    assert_eq!(report["after"]["sockets"], 0, "{report}");
}

#[test]
fn default_output_is_a_table() {
    let output = load(&["--viewers", "2", "--seconds", "0.5", "--ramp-seconds", "0", "--payload", "500"]);
    let table = String::from_utf8(output.stdout).expect("UTF-8");
    for word in ["received", "decoded", "latency", "lost       0 frames", "server", "viewers"] {
        assert!(table.contains(word), "{word} in\n{table}");
    }
}

#[test]
fn invalid_command_line_is_refused() {
    assert_eq!(load(&["--viewers", "many"]).status.code(), Some(2));
    let nobody = load(&["--url", "ws://127.0.0.1:1/stream", "--seconds", "1"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("cannot reach ws://127.0.0.1:1/stream"));
}

/// Answers probes, and sends frames 1, 2 and 4.
async fn serve_without_frame_3(listener: TcpListener) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(async move {
            let Ok(mut socket) = tokio_tungstenite::accept_async(socket).await else { return };
            let now = feed_server::clock::now();
            let frame = |sequence, body| {
                let header = Header { epoch: Epoch(1), sequence: Sequence(sequence), sent: now, skipped: 0 };
                Message::binary(Frame { header, body }.to_bytes().expect("encodes"))
            };
            let history = History { part: HistoryPart::Last, blocks: Blocks::default() };
            let samples = Samples::of_blocks(Blocks::default());
            let _gone = socket.send(frame(0, Body::History(history))).await;
            for sequence in [1, 2, 4] {
                let _gone = socket.send(frame(sequence, Body::Samples(samples))).await;
            }
            while let Some(Ok(message)) = socket.next().await {
                if let Ok(ClientMessage::Probe { origin }) = ClientMessage::decode(&message.into_data()) {
                    let _gone = socket.send(frame(4, Body::Echo(Echo { origin, received: now }))).await;
                }
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_frame_is_reported_and_exits_with_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let url = format!("ws://{}/stream", listener.local_addr().expect("an address"));
    tokio::spawn(serve_without_frame_3(listener));
    let run = move || load(&["--url", &url, "--viewers", "3", "--seconds", "0.5", "--ramp-seconds", "0.5", "--json"]);
    let output = tokio::task::spawn_blocking(run).await.expect("runs");
    let report = report(&output);
    assert_eq!(report["lost_frames"], 3, "one per viewer: {report}");
    assert_eq!(output.status.code(), Some(1));
}
