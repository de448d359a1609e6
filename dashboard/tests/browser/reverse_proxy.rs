//! Reverse proxies that run the recipes of docs/guide/reverse-proxies.md.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::served::{built, free_port};

/// A proxy on a free port, killed when dropped.
pub(crate) struct ReverseProxy {
    process: Child,
    pub(crate) port: u16,
    /// Configuration, log, certificate and temporary files.
    folder: TempDir,
}

/// The recipe whose first line is the comment `name`.
pub(crate) fn recipe(language: &str, name: &str) -> Result<String> {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/reverse-proxies.md");
    let text = std::fs::read_to_string(guide)?;
    let (_, rest) = text
        .split_once(&format!("```{language}\n# {name}\n"))
        .with_context(|| format!("the guide must have a block of {language} that begins with `# {name}`"))?;
    Ok(rest.split_once("```").context("the block must end")?.0.to_owned())
}

impl ReverseProxy {
    /// nginx with this recipe, whose server is at `upstream`.
    pub(crate) async fn nginx(recipe: &str, upstream: &str) -> Result<Self> {
        Self::nginx_on(free_port()?, recipe, upstream).await
    }

    /// The same on a given port.
    pub(crate) async fn nginx_on(port: u16, recipe: &str, upstream: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name).display().to_string();
        write_certificate(&folder)?;
        let server = recipe
            .replace("listen 80;", &format!("listen 127.0.0.1:{port};"))
            .replace("listen 443 ", &format!("listen 127.0.0.1:{port} "))
            .replace("127.0.0.1:9000", upstream)
            .replace("/etc/ssl/metrics.example.pem", &path("cert.pem"))
            .replace("/etc/ssl/metrics.example.key", &path("key.pem"));
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};\n", path(kind)))
            .concat();
        let (log, pid) = (path("error.log"), path("nginx.pid"));
        let text = format!(
            "daemon off;\nmaster_process off;\npid {pid};\nerror_log {log};\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{server}}}\n"
        );
        std::fs::write(path("nginx.conf"), text)?;
        let mut command = Command::new(built("KYMOGRAPH_NGINX"));
        command.arg("-p").arg(folder.path()).args(["-e", &log, "-c", &path("nginx.conf")]);
        Self::start(command, port, folder).await
    }

    /// Caddy with this recipe, without TLS, whose server is at `upstream`.
    pub(crate) async fn caddy(recipe: &str, upstream: &str) -> Result<Self> {
        let (port, folder) = (free_port()?, tempfile::tempdir()?);
        let site = recipe
            .replace("127.0.0.1:9000", upstream)
            .replace("metrics.example {", &format!("http://127.0.0.1:{port} {{"));
        let file = folder.path().join("Caddyfile");
        std::fs::write(&file, format!("{{\nadmin off\nauto_https off\n}}\n{site}"))?;
        let mut command = Command::new(built("KYMOGRAPH_CADDY"));
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
        command.env("HOME", folder.path()).env("XDG_DATA_HOME", folder.path()).stderr(Stdio::null());
        Self::start(command, port, folder).await
    }

    async fn start(mut command: Command, port: u16, folder: TempDir) -> Result<Self> {
        let process = command.stdout(Stdio::null()).kill_on_drop(true).spawn().context("cannot start the proxy")?;
        let mut this = Self { process, port, folder };
        timeout(Duration::from_mins(1), this.until_ready()).await.context("the proxy does not listen")??;
        Ok(this)
    }

    async fn until_ready(&mut self) -> Result<()> {
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            if let Some(status) = self.process.try_wait()? {
                let log = std::fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default();
                bail!("the proxy ended with {status}: {log}");
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// The address of a path at this proxy.
    pub(crate) fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }
}

fn write_certificate(folder: &TempDir) -> Result<()> {
    let identity = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    std::fs::write(path("cert.pem"), identity.cert.pem())?;
    Ok(std::fs::write(path("key.pem"), identity.signing_key.serialize_pem())?)
}
