//! Chromium: its flags, and [`Tab`]: the methods that only it has.

mod events;
mod input;
mod tab;

use std::process::Command;

use anyhow::{Context, Result};

use crate::LaunchOptions;
use crate::connection::Connection;
use crate::process::Process;
pub use tab::Tab;

const FLAGS: [&str; 14] = [
    "--headless",
    // The sandbox needs privileges that containers do not have; only pages of this repository are opened.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // Containers have 64 MiB of /dev/shm, which is too little for large canvases.
    "--disable-dev-shm-usage",
    // Draw pages in covered windows, and run their timers, like those in front.
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    // The same picture on every machine.
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-port=0",
];

pub(crate) async fn launch(options: &LaunchOptions) -> Result<(Process, Connection)> {
    let profile = Process::profile()?;
    let mut command = Command::new(&options.path);
    command
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--window-size={},{}", options.viewport.width, options.viewport.height))
        .arg("about:blank");
    let (process, address) = Process::start(command, profile, "DevTools listening on ").await?;
    let connection = Connection::open(&address, events::read).await.context("cannot connect to the browser")?;
    Ok((process, connection))
}
