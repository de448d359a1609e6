//! The Wasm target and Prometheus' tool: found, or installed if possible.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::steps::heading;
use crate::workspace::{in_path, output, run};

pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Adds the Wasm target if it is missing.
///
/// # Errors
/// When rustup cannot add it.
pub fn wasm_target() -> Result<()> {
    let Some(rustup) = in_path("rustup") else {
        // A toolchain without rustup has built-in targets. If this one is missing, the build of the page reports it.
        return Ok(());
    };
    let installed = output(Command::new(&rustup).args(["target", "list", "--installed"]))?;
    if installed.lines().any(|line| line.trim() == WASM_TARGET) {
        return Ok(());
    }
    heading(&format!("adding the target {WASM_TARGET}"));
    run(Command::new(rustup).args(["target", "add", WASM_TARGET])).with_context(|| {
        format!(
            "the page is compiled for {WASM_TARGET}: run `rustup target add {WASM_TARGET}` with a network connection"
        )
    })
}

/// Adds a target by rustup. Returns false if it cannot be had.
pub fn other_target(target: &str) -> bool {
    let Some(rustup) = in_path("rustup") else { return false };
    let mut add = Command::new(rustup);
    add.args(["target", "add", target]).stdout(Stdio::null()).stderr(Stdio::null());
    add.status().is_ok_and(|status| status.success())
}

/// A program of Debian that the tests start themselves.
#[derive(Clone, Copy, Debug)]
pub struct Unpacked {
    pub package: &'static str,
    pub command: &'static str,
    /// What needs it.
    pub needed_by: &'static str,
    /// The argument of `brew install`.
    pub homebrew: &'static str,
}

pub const PROMTOOL: Unpacked =
    Unpacked { package: "prometheus", command: "promtool", needed_by: "the tests of /metrics", homebrew: "prometheus" };
pub const PROMETHEUS: Unpacked = Unpacked {
    package: "prometheus",
    command: "prometheus",
    needed_by: "the tests of sources",
    homebrew: "prometheus",
};
pub const NODE_EXPORTER: Unpacked = Unpacked {
    package: "prometheus-node-exporter",
    command: "prometheus-node-exporter",
    needed_by: "the tests of sources",
    homebrew: "node_exporter",
};

/// The path of a program: from `PATH`, or from its package, unpacked into a folder of its own in `target`. The package is not installed: that
/// would start it as a service.
///
/// # Errors
/// If it is not in `PATH` and the package cannot be unpacked.
pub fn unpacked(program: Unpacked, target: &Path) -> Result<PathBuf> {
    let Unpacked { package, command, needed_by, homebrew } = program;
    let folder = target.join(package);
    let unpacked = folder.join("usr/bin").join(command);
    if let Some(found) = in_path(command).or_else(|| unpacked.is_file().then(|| unpacked.clone())) {
        return Ok(found);
    }
    let by_hand = format!(
        "{needed_by} need {command}, and it is not in PATH: install it (Debian: `sudo apt-get install {package}`; macOS: \
         `brew install {homebrew}`)"
    );
    heading(&format!("unpacking {command} from Debian's package {package}"));
    unpack_debian_package(package, &folder).context(by_hand.clone())?;
    if !unpacked.is_file() {
        bail!("Debian's package {package} has no {}: {by_hand}", unpacked.display());
    }
    Ok(unpacked)
}

/// Downloads a package of Debian and unpacks it into `folder`, without installing it: that would start its services.
///
/// # Errors
/// If this is not Debian, the user is not root, or the package cannot be downloaded.
pub fn unpack_debian_package(package: &str, folder: &Path) -> Result<()> {
    let (Some(apt), Some(dpkg)) = (in_path("apt-get").filter(|_| is_root()), in_path("dpkg-deb")) else {
        bail!("{package} is unpacked by apt-get and dpkg-deb, as root");
    };
    std::fs::create_dir_all(folder)?;
    run(Command::new(&apt).arg("update"))?;
    run(Command::new(&apt).args(["download", package]).current_dir(folder))?;
    for file in std::fs::read_dir(folder)? {
        let file = file?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new(&dpkg).arg("--extract").arg(&file).arg(folder))?;
        }
    }
    Ok(())
}

pub(crate) fn install_debian_packages(apt: &Path, packages: &[&str]) -> Result<()> {
    let command = || {
        let mut command = Command::new(apt);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    run(command().arg("update"))?;
    run(command().args(["install", "-y", "--no-install-recommends"]).args(packages))
}

pub(crate) fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
