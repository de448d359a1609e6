//! Standard error or standard output that no process reads.

use std::io::{BufRead, BufReader, PipeReader, Write, pipe};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use protocol::ByeReason;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::follow::Connection;
use super::machine;
use super::model::Viewer;
use super::process::Process;

const SOURCE: [&str; 2] = ["--source", "synthetic:groups=2,series=2,hz=50,prefill=2s,seed=7"];

/// A server whose log is full because no process reads it, and a viewer of it.
struct StuckLog {
    server: Process,
    log: PipeReader,
    viewer: Viewer,
    connection: Connection,
}

impl StuckLog {
    async fn new() -> Self {
        let (log, stderr) = pipe().expect("a pipe");
        let server = Process::start_with(&SOURCE, |command| {
            command.stderr(stderr).env("KYMOGRAPH_LOG", "debug");
        });
        let (viewer, connection) = Connection::live(server.address).await;
        let mut this = Self { server, log, viewer, connection };
        while this.dropped().await == 0.0 {
            let mut strangers = JoinSet::new();
            for _ in 0..20 {
                strangers.spawn(send_no_requests(this.server.address, 20));
            }
            strangers.join_all().await;
            this.next_rows().await;
        }
        this
    }

    /// The viewer receives new rows.
    async fn next_rows(&mut self) {
        let rows = self.viewer.held.len() + 20;
        while self.viewer.held.len() < rows {
            self.connection.next(&mut self.viewer).await.expect("the connection continues");
        }
    }

    async fn dropped(&self) -> f64 {
        self.server.metric("kymograph_log_lines_dropped_total").await.expect("is counted")
    }
}

/// Causes a log line with each of `count` connections.
async fn send_no_requests(address: std::net::SocketAddr, count: usize) {
    for _ in 0..count {
        let mut stream = TcpStream::connect(address).await.expect("connects");
        stream.write_all(b"no request\r\n\r\n").await.expect("writes");
        let _reset = stream.read_to_end(&mut Vec::new()).await;
    }
}

#[tokio::test]
async fn a_log_that_nobody_reads_delays_nobody_and_states_later_how_many_lines_were_dropped() {
    let _machine = machine().await;
    let mut stuck = StuckLog::new().await;
    assert_eq!(stuck.server.get("/healthz").await, "ok\n");
    stuck.next_rows().await;
    let lines = BufReader::new(stuck.log.try_clone().expect("clones")).lines();
    let (found, notices) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if let Some((before, _)) = line.split_once(" log lines were dropped: ") {
                let count = before.rsplit(' ').next().and_then(|count| count.parse::<u64>().ok());
                let _test_ended = found.send(count.expect("a number"));
            }
        }
    });
    let stated = tokio::task::spawn_blocking(move || notices.recv_timeout(Duration::from_mins(1)));
    let stated = stated.await.expect("does not panic").expect("a line about dropped lines");
    assert_eq!(stated, stuck.dropped().await as u64);
}

#[tokio::test]
async fn a_log_that_nobody_reads_does_not_delay_the_end() {
    let _machine = machine().await;
    let StuckLog { server, log, connection, .. } = StuckLog::new().await;
    let goodbye = tokio::spawn(connection.goodbye());
    let began = Instant::now();
    server.signal(Signal::SIGTERM);
    let status = server.ended().await;
    println!("a server whose log nobody reads ended within {:.1} s", began.elapsed().as_secs_f64());
    assert!(status.success() && began.elapsed() < Duration::from_secs(5), "{status}, {:?}", began.elapsed());
    assert_eq!(goodbye.await.expect("does not panic"), Some((ByeReason::ServerStopping, 1001)));
    drop(log);
}

#[tokio::test]
async fn a_standard_output_that_nobody_reads_delays_nobody_and_not_the_end() {
    let _machine = machine().await;
    let ((_unread, mut stdout), (log, stderr)) = (pipe().expect("a pipe"), pipe().expect("a pipe"));
    // All that the kernel keeps for a pipe (pipe(7)), so that the server's link finds no room.
    let output = stdout.try_clone().expect("clones");
    stdout.write_all(&vec![b'x'; 64 << 10]).expect("has room");
    let server = Process::start_unread(&SOURCE, |command| {
        command.stdout(output).stderr(stderr);
    });
    while server.get("/healthz").await != "ok\n" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (_viewer, connection) = Connection::live(server.address).await;
    server.signal(Signal::SIGTERM);
    assert!(connection.goodbye().await.is_some());
    assert!(server.ended().await.success());
    let named = "threads that did not end are left behind threads=\"link\"";
    let said = std::io::read_to_string(log).expect("UTF-8");
    assert!(said.lines().any(|line| line.ends_with(named)), "{said}");
}
