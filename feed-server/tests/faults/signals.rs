//! Which signals end the server, and how soon.

use std::io::{BufRead, BufReader, PipeReader, pipe};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::follow::Connection;
use super::machine;
use super::model::Viewer;
use super::process::Process;

const SOURCE: [&str; 4] = ["--history", "60s", "--source", "synthetic:groups=4,series=4,hz=200,prefill=60s,seed=7"];

/// A server, and its log.
fn logged() -> (Process, BufReader<PipeReader>) {
    let (log, stderr) = pipe().expect("a pipe");
    let server = Process::start_with(&SOURCE, |command| {
        command.stderr(stderr);
    });
    (server, BufReader::new(log))
}

#[tokio::test]
async fn signals_that_mean_nothing_to_the_server_are_logged_and_viewers_stay_connected() {
    let _machine = machine().await;
    let (server, log) = logged();
    let (mut viewer, mut connection) = Connection::live(server.address).await;
    let mut lines = log.lines();
    for (signal, expected) in [
        (Signal::SIGHUP, "signal ignored: without TLS there is no certificate to read again signal=\"SIGHUP\""),
        (Signal::SIGUSR1, "signal ignored signal=\"SIGUSR1\""),
        (Signal::SIGUSR2, "signal ignored signal=\"SIGUSR2\""),
    ] {
        server.signal(signal);
        assert!(lines.any(|line| line.expect("the server runs").ends_with(expected)));
    }
    server.signal(Signal::SIGXFSZ);
    let rows = viewer.held.len() + 1_000;
    while viewer.held.len() < rows {
        connection.next(&mut viewer).await.expect("the same connection continues");
    }
    server.signal(Signal::SIGQUIT);
    assert!(connection.goodbye().await.is_some());
    assert!(server.ended().await.success());
}

#[tokio::test]
async fn a_second_signal_ends_the_server_at_once() {
    let _machine = machine().await;
    for (first, second, code) in [(Signal::SIGTERM, Signal::SIGTERM, 143), (Signal::SIGTERM, Signal::SIGINT, 130)] {
        let server = Process::start(&SOURCE);
        server.until_metric("kymograph_rows_total", |rows| rows >= 48_000.0).await;
        // A viewer with a full socket, for which the server waits.
        let _stopped = Connection::open(&Viewer::new(None), server.address).await.expect("connects");
        server.until_metric("kymograph_viewers_queued_bytes", |bytes| bytes > 0.0).await;
        server.signal(first);
        while TcpStream::connect(server.address).await.is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
        server.signal(second);
        assert_eq!(server.ended().await.code(), Some(code), "{second} after {first}");
    }
}

#[tokio::test]
async fn a_server_whose_parent_blocks_all_signals_ends_in_order() {
    let _machine = machine().await;
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        // The process inherits the mask of the thread that starts it.
        let before = SigSet::thread_get_mask().expect("a mask");
        SigSet::all().thread_block().expect("blocked");
        let mut server = Process::start(&SOURCE);
        before.thread_set_mask().expect("set");
        server.signal(signal);
        let sent = Instant::now();
        // A server that does not end is killed when the test fails here.
        while server.runs() {
            assert!(sent.elapsed() < Duration::from_secs(10), "{signal} has no effect");
            sleep(Duration::from_millis(20)).await;
        }
        assert!(server.wait().success(), "{signal}");
    }
}
