//! A server in a separate process, so that its CPU time is measured apart from that of the viewers.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use feed_server::app::config::Config;
use feed_server::app::server::Server;
use tokio_util::sync::CancellationToken;

use super::options::Options;
use super::strangers;

/// A server process. Dropping it kills the process.
#[derive(Debug)]
pub struct OwnServer {
    process: Child,
    pub url: String,
}

impl OwnServer {
    /// Starts this program again as a server with the source `source`.
    ///
    /// # Errors
    /// If the server does not start.
    pub fn start(source: &str) -> Result<Self> {
        Self::launch(&["--serve".as_ref(), source.as_ref()])
    }

    /// Starts this program again as a server with these arguments.
    ///
    /// # Errors
    /// If the server does not start.
    pub fn launch(arguments: &[&OsStr]) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start a server")?;
        let mut url = String::new();
        let stdout = process.stdout.take().context("the server's stdout is not piped")?;
        BufReader::new(stdout).read_line(&mut url)?;
        let url = url.trim().to_owned();
        anyhow::ensure!(url.starts_with("ws://"), "the server did not start: expected a ws:// URL, found {url:?}");
        Ok(Self { process, url })
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// Runs the server process: prints the stream's URL and serves until killed.
///
/// # Errors
/// If the source is invalid, or no port can be opened.
pub async fn serve(source: &str, options: &Options) -> Result<()> {
    let config = match &options.serve_folder {
        Some(folder) => strangers::settings(folder, options.serve_connections),
        None => Config { connections: 65_536, ..Config::default() },
    };
    let listen = (Ipv4Addr::LOCALHOST, 0).into();
    let server = Server::bind(Config { listen, sources: vec![source.parse()?], ..config })?;
    println!("ws://{}/stream", server.address());
    server.run(CancellationToken::new()).await.context("cannot start the server's threads")
}
