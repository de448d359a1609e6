//! What a machine must have, and how it gets it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::{heading, in_path, output, run};

const WASM_TARGET: &str = "wasm32-unknown-unknown";
const BROWSERS: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// Adds the Wasm target where it is missing.
///
/// # Errors
/// When rustup cannot add it.
pub fn wasm_target() -> Result<()> {
    let Some(rustup) = in_path("rustup") else {
        // A toolchain without rustup brings its targets itself; the build says so when it does not.
        return Ok(());
    };
    let installed = output(Command::new(&rustup).args(["target", "list", "--installed"]))?;
    if installed.lines().any(|line| line.trim() == WASM_TARGET) {
        return Ok(());
    }
    heading(&format!("adding the target {WASM_TARGET}"));
    run(Command::new(rustup).args(["target", "add", WASM_TARGET]))
        .with_context(|| format!("the page is Wasm: run `rustup target add {WASM_TARGET}` where there is a network"))
}

/// Finds a Chromium, or installs Debian's where that is possible.
///
/// # Errors
/// When there is none and none can be installed; says what to install.
pub fn browser() -> Result<PathBuf> {
    if let Some(browser) = find_browser() {
        return Ok(browser);
    }
    let Some(apt) = in_path("apt-get").filter(|_| is_root()) else {
        bail!(
            "the browser tests need Chromium: install it (Debian, Ubuntu: `sudo apt-get install chromium`; Fedora: \
             `sudo dnf install chromium`; macOS: `brew install --cask chromium`), or set KYMOGRAPH_CHROMIUM to its path"
        );
    };
    heading("installing chromium");
    let mut command = Command::new(&apt);
    run(command.arg("update"))?;
    let mut command = Command::new(&apt);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    run(command.args(["install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core"]))?;
    find_browser().context("chromium was installed, but is not in PATH")
}

/// The browser that is there: the one `KYMOGRAPH_CHROMIUM` names, or the first known name in `PATH`.
pub fn find_browser() -> Option<PathBuf> {
    let named = std::env::var_os("KYMOGRAPH_CHROMIUM").map(PathBuf::from);
    named.or_else(|| BROWSERS.iter().find_map(|name| in_path(name)))
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
