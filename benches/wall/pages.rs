//! The peers' pages. They are copied to cargo's target folder beside their libraries, and served from there.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use benches::effort::Effort;
use feed_server::http::page::Page;
use feed_server::http::routes::files;
use feed_server::http::server::serve;
use feed_server::net::connection_limiter::ConnectionLimiter;
use feed_server::net::listener::Listener;
use tokio_util::sync::{CancellationToken, DropGuard};
use xtask::workspace::{Workspace, in_path};

/// Serves the pages until dropped.
pub(crate) struct Pages {
    address: SocketAddr,
    /// False if only the floor is available.
    pub(crate) have_peers: bool,
    _stop: DropGuard,
}

impl Pages {
    /// Copies the pages, installs the libraries by npm (except in a brief run), and serves them on the current runtime.
    pub(crate) fn serve(workspace: &Workspace, effort: Effort) -> Result<Self> {
        let folder = workspace.target.join("wall-pages");
        copy(&workspace.root.join("benches/wall/pages"), &folder)?;
        let have_peers = match effort {
            Effort::Full => install(&folder)?,
            Effort::Brief => folder.join("node_modules").is_dir(),
        };
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, ConnectionLimiter::default(), files(Page::Folder(folder)), stop.clone()));
        Ok(Self { address, have_peers, _stop: stop.drop_guard() })
    }

    /// URL of a page with its settings.
    pub(crate) fn url(&self, page: &str, query: &str) -> String {
        format!("http://{}/{page}/index.html?{query}", self.address)
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let (path, target) = entry.map(|entry| (entry.path(), to.join(entry.file_name())))?;
        if path.is_dir() { copy(&path, &target)? } else { fs::copy(&path, &target).map(drop)? }
    }
    Ok(())
}

/// Returns true if the libraries are installed.
fn install(folder: &PathBuf) -> Result<bool> {
    let (Some(_), Some(npm)) = (in_path("node"), in_path("npm")) else { return Ok(false) };
    let install = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"];
    Ok(Command::new(npm).args(install).current_dir(folder).status()?.success())
}
