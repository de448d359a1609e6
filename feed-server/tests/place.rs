//! A folder with what a server needs to keep sessions, and servers that use it.

#![allow(unreachable_pub, reason = "a module of a test binary")]

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::Process;
use crate::served::Served;
use feed_server::app::config::Config;
use tempfile::TempDir;

pub const TOKEN: &str = "a-token-for-the-tests";
pub const SOURCE: [&str; 2] = ["--source", "synthetic:groups=1,series=2,prefill=1s"];

/// A folder with a token file and a state directory.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        place.write_token(TOKEN);
        place
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub fn write_token(&self, token: &str) {
        fs::write(self.path("token"), token).expect("writes");
    }

    /// A server process at `address` with the token and the state directory of this place.
    pub fn serve(&self, address: SocketAddr, more: &[&str]) -> Process {
        let (token, state) = (self.text("token"), self.text("state"));
        let own = ["--token-file", &token, "--state-dir", &state];
        Process::start_at(address, &[&own[..], &SOURCE, more].concat())
    }

    /// A server in this process with the same.
    pub async fn served(&self) -> Served {
        let config = Config { state_dir: Some(self.path("state")), token_file: Some(self.path("token")), ..config() };
        Served::with_token(config, TOKEN).await
    }

    /// Runs `feed-server sessions` and returns its output.
    pub fn sessions(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_feed-server"));
        let output = command.arg("sessions").args(arguments).args(["--state-dir", &self.text("state")]).output();
        let output = output.expect("starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), !said.starts_with("feed-server: "), "{said}");
        said
    }
}

pub fn config() -> Config {
    Config { sources: vec![SOURCE[1].parse().expect("a valid source")], ..Config::default() }
}

/// An address that a server can use twice.
pub fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).expect("a free port")
}

/// The complete response to a request without a body.
pub fn request(address: SocketAddr, method: &str, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("connects");
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answers");
    answer
}
