//! A server in a terminal, which `script` (util-linux) makes.

use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use protocol::ByeReason;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::follow::Connection;
use super::machine;
use super::process::get;

/// A terminal with a shell, and what is written to it. Dropping it closes the terminal.
struct Terminal {
    script: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Terminal {
    /// Runs a command of the shell, in which `$SERVER` is a server's command.
    fn run(command: &str) -> Self {
        let server = concat!(
            env!("CARGO_BIN_EXE_feed-server"),
            " serve --listen 127.0.0.1:0 --source synthetic:groups=1,hz=50,prefill=0s"
        );
        let mut script = Command::new("script");
        script
            .args(["-qec", command, "/dev/null"])
            .env("SERVER", server)
            .env("SHELL", "/bin/sh")
            .env_remove("NO_COLOR");
        let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
        let lines = BufReader::new(script.stdout.take().expect("piped")).lines();
        Self { script, lines }
    }

    /// Reads to the line that contains `text`.
    fn line(&mut self, text: &str) -> String {
        let mut lines = self.lines.by_ref().map(|line| line.expect("UTF-8"));
        lines.find(|line| line.contains(text)).unwrap_or_else(|| panic!("no line contains {text}"))
    }

    fn address(&mut self) -> SocketAddr {
        let line = self.line("Kymograph is live at ");
        line.trim_end().trim_end_matches('/').rsplit('/').next().and_then(|it| it.parse().ok()).expect("an address")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ended_already = self.script.kill();
        let _ended = self.script.wait();
    }
}

/// Causes a log line.
async fn request_of_another_host(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n").await.expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answers");
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}

#[tokio::test]
async fn a_log_has_colours_in_a_terminal_unless_its_user_wants_none() {
    let _machine = machine().await;
    for (command, is_coloured) in [("exec $SERVER", true), ("NO_COLOR=1 exec $SERVER", false)] {
        let mut terminal = Terminal::run(command);
        let address = terminal.address();
        request_of_another_host(address).await;
        let line = terminal.line("request refused");
        assert_eq!(line.contains('\x1b'), is_coloured, "{line:?}");
    }
}

#[tokio::test]
async fn a_server_in_the_background_of_a_terminal_with_tostop_is_not_suspended() {
    let _machine = machine().await;
    let mut terminal = Terminal::run("set -m; stty tostop; $SERVER & trap 'kill %1' HUP EXIT; wait");
    let address = terminal.address();
    request_of_another_host(address).await;
    terminal.line("request refused");
    assert_eq!(get(address, "/healthz").await, "ok\n");
}

#[tokio::test]
async fn a_server_whose_terminal_is_closed_ends_and_sends_bye() {
    let _machine = machine().await;
    let mut terminal = Terminal::run("exec $SERVER");
    let address = terminal.address();
    let (_viewer, connection) = Connection::live(address).await;
    drop(terminal);
    assert_eq!(connection.goodbye().await, Some((ByeReason::ServerStopping, 1001)));
    while TcpStream::connect(address).await.is_ok() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
