//! Our feed: the complete server with the built page, in this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::Result;
use feed_server::app::config::Config;
use feed_server::app::server::Server;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::load::Load;

/// Room for rows that arrive during measuring.
const HEADROOM: f64 = 1.5;

/// A server. Dropping it stops the server.
pub(crate) struct OurServer {
    address: SocketAddr,
    _stop: DropGuard,
}

impl OurServer {
    /// Starts a server with the page in `folder`. Must be called within a runtime.
    pub(crate) fn start(folder: &Path, load: &Load) -> Result<Self> {
        let usual = Config::default();
        Self::with(Config {
            sources: vec![load.source()],
            www: Some(folder.to_owned()),
            history: usual.history.max(load.window),
            history_bytes: usual.history_bytes.max((load.samples() * 8.0 * HEADROOM) as usize),
            ..usual
        })
    }

    /// Starts a server that measures this machine, with its default settings.
    pub(crate) fn of_this_machine(folder: &Path) -> Result<Self> {
        Self::with(Config { www: Some(folder.to_owned()), ..Config::default() })
    }

    fn with(config: Config) -> Result<Self> {
        let stop = CancellationToken::new();
        let server = Server::bind(Config { listen: (Ipv4Addr::LOCALHOST, 0).into(), ..config })?;
        let address = server.address();
        tokio::spawn(server.run(stop.clone()));
        Ok(Self { address, _stop: stop.drop_guard() })
    }

    /// URL of the page.
    pub(crate) fn page(&self) -> String {
        format!("http://{}/?theme=dark", self.address)
    }

    /// URL of the page with the window of `load`.
    pub(crate) fn url(&self, load: &Load) -> String {
        format!("http://{}/?theme=dark&window={}", self.address, load.window.as_secs_f64())
    }
}
