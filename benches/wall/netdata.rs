//! Netdata with its own page, as it is installed: one sample a second, its default plugins.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use benches::effort::Effort;
use tempfile::TempDir;
use tokio::time::sleep;
use xtask::setup;
use xtask::workspace::{Workspace, in_path};

/// Debian's package with the files of the page, and where they are in it.
const PACKAGE: &str = "netdata-web";
const FILES: &str = "usr/share/netdata/web";

/// It listens after it has looked for charts.
const READY_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(200);

/// What Netdata is started with.
pub(crate) struct Installed {
    program: PathBuf,
    page: PathBuf,
}

/// A running Netdata. Dropping it ends it.
pub(crate) struct Netdata {
    process: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Installed {
    /// Finds the program and the files of its page. A full run unpacks the files from Debian's package. `None` if either is missing.
    pub(crate) fn find(workspace: &Workspace, effort: Effort) -> Result<Option<Self>> {
        let Some(program) = in_path("netdata") else { return Ok(None) };
        let (installed, folder) = (PathBuf::from("/").join(FILES), workspace.target.join(PACKAGE));
        let unpacked = folder.join(FILES);
        let has_page = |page: &PathBuf| page.join("index.html").is_file();
        if !has_page(&installed) && !has_page(&unpacked) && effort == Effort::Full {
            setup::unpack_debian_package(PACKAGE, &folder)?;
        }
        Ok([installed, unpacked].into_iter().find(has_page).map(|page| Self { program, page }))
    }

    pub(crate) async fn start(&self) -> Result<Netdata> {
        let folder = tempfile::tempdir()?;
        let path = folder.path();
        // The port is free again when the listener is dropped.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        for name in ["config", "cache", "lib", "log"] {
            fs::create_dir(path.join(name))?;
        }
        let settings = format!(
            "[global]\nrun as user = root\n[db]\nmode = ram\n[web]\nbind to = {address}\nweb files owner = root\nweb files group = root\n\
             [directories]\nconfig = {0}/config\ncache = {0}/cache\nlib = {0}/lib\nlog = {0}/log\nlock = {0}/lib\nregistry = {0}/lib\n\
             web = {1}\n[registry]\nenabled = no\n[statsd]\nenabled = no\n[logs]\naccess = none\n",
            path.display(),
            self.page.display()
        );
        let file = path.join("netdata.conf");
        fs::write(&file, settings)?;
        let mut command = Command::new(&self.program);
        command.args(["-D", "-P"]).arg(path.join("pid")).arg("-c").arg(file).env("DISABLE_TELEMETRY", "1");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().context("cannot start netdata")?;
        let netdata = Netdata { process, address, _folder: folder };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            if started.elapsed() > READY_WITHIN {
                bail!("netdata does not listen on {address}");
            }
            sleep(POLL).await;
        }
        Ok(netdata)
    }
}

impl Netdata {
    pub(crate) fn page(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for Netdata {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _has_ended = self.process.kill();
        let _has_ended = self.process.wait();
    }
}
