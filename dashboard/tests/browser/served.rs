//! Servers under test, and tabs of a browser.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use browsers::{Browser, Certificates, ConsoleMessage, Engine, LaunchOptions, Level, Page};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The path of a build output of `cargo xtask test`.
pub(crate) fn built(variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) => path.into(),
        None => panic!("{variable} is not set: run these tests by `cargo xtask test`"),
    }
}

pub(crate) async fn browser(engine: Engine) -> Result<Browser> {
    Browser::launch(&LaunchOptions::from_environment(engine)?).await
}

/// A browser that accepts self-signed certificates.
pub(crate) async fn tolerant_browser(engine: Engine) -> Result<Browser> {
    let options = LaunchOptions { certificates: Certificates::Any, ..LaunchOptions::from_environment(engine)? };
    Browser::launch(&options).await
}

/// A server process, killed when dropped.
pub(crate) struct Served {
    process: Child,
    pub(crate) url: String,
}

impl Served {
    /// The feed server with the page under test, on a free port.
    pub(crate) async fn feed(arguments: &[&str]) -> Result<Self> {
        Self::feed_on(free_port()?, arguments).await
    }

    /// The same on a given port, so that it can be restarted there.
    pub(crate) async fn feed_on(port: u16, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(built("KYMOGRAPH_FEED_SERVER"));
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}")]);
        command.arg("--www").arg(built("KYMOGRAPH_PAGE")).args(arguments);
        Self::start(command).await
    }

    /// The feed server with other files in place of the page.
    pub(crate) async fn files(folder: &Path, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(built("KYMOGRAPH_FEED_SERVER"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--www"]).arg(folder).args(arguments);
        Self::start(command).await
    }

    /// The echo server with the page of the socket probe.
    pub(crate) async fn echo() -> Result<Self> {
        let mut command = Command::new(built("KYMOGRAPH_ECHO"));
        command.args(["--listen", "127.0.0.1:0"]).arg("--www").arg(built("KYMOGRAPH_SOCKET_PROBE"));
        Self::start(command).await
    }

    async fn start(mut command: Command) -> Result<Self> {
        let mut process = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stdout = process.stdout.take().context("stdout is piped")?;
        let line = BufReader::new(stdout).lines().next_line().await?.context("the server ended at once")?;
        let url = line.split_whitespace().last().context("a URL at the line's end")?.to_owned();
        Ok(Self { process, url })
    }

    /// Kills the process, like a crash.
    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }
}

pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Waits until a JavaScript expression is true.
pub(crate) async fn until(page: &Page, condition: &str) -> Result<()> {
    page.wait_for(condition, "the page").await
}

pub(crate) const IS_LIVE: &str = "document.documentElement.dataset.link === 'live'";

/// A tab with a live page that has samples.
pub(crate) async fn live_page(browser: &Browser, url: &str) -> Result<Page> {
    let page = browser.page(url).await?;
    until(&page, IS_LIVE).await?;
    until(&page, "kymograph.stats().panels > 0 && kymograph.stats().samples > 0").await?;
    Ok(page)
}

/// A feed server with these arguments, and a live page of it. `query` follows the page's address.
pub(crate) async fn live_feed(engine: Engine, arguments: &[&str], query: &str) -> Result<(Served, Browser, Page)> {
    let (served, browser) = (Served::feed(arguments).await?, browser(engine).await?);
    let page = live_page(&browser, &format!("{}{query}", served.url)).await?;
    Ok((served, browser, page))
}

/// Fails if the tab's console has an error.
pub(crate) fn no_errors(page: &Page) -> Result<()> {
    let bad = |entry: &ConsoleMessage| matches!(entry.level, Level::Error | Level::Exception);
    let errors: Vec<ConsoleMessage> = page.console().into_iter().filter(bad).collect();
    if !errors.is_empty() {
        bail!("errors in the console: {errors:#?}");
    }
    Ok(())
}

/// Fails if the tab has an uncaught exception.
pub(crate) fn no_exceptions(page: &Page) -> Result<()> {
    let thrown: Vec<ConsoleMessage> =
        page.console().into_iter().filter(|entry| entry.level == Level::Exception).collect();
    if !thrown.is_empty() {
        bail!("uncaught exceptions: {thrown:#?}");
    }
    Ok(())
}

/// Saves a screenshot as `NAME-BROWSER.png` if `KYMOGRAPH_PICTURES` names a folder.
pub(crate) async fn picture(page: &Page, name: &str) -> Result<()> {
    match std::env::var_os("KYMOGRAPH_PICTURES") {
        Some(folder) => page.screenshot(&Path::new(&folder).join(format!("{name}-{}.png", page.engine()))).await,
        None => Ok(()),
    }
}
