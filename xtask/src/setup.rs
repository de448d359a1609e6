//! The Wasm target, a browser, reverse proxies, and Prometheus' tool: found, or installed if possible.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::steps::heading;
use crate::workspace::{in_path, output, run};

pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Path of a browser; takes precedence over `PATH`.
pub(crate) const BROWSER_VARIABLE: &str = "KYMOGRAPH_CHROMIUM";
const BROWSERS: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
/// A browser without a font draws no text.
const DEBIAN_PACKAGES: [&str; 2] = ["chromium", "fonts-dejavu-core"];

/// A reverse proxy that tests start themselves, on free ports. Its Debian package has its name.
#[derive(Clone, Copy, Debug)]
pub struct ReverseProxy {
    name: &'static str,
    /// Names the program; takes precedence over `PATH`.
    pub(crate) variable: &'static str,
    /// Where Debian has it; not always in the `PATH` of ordinary users.
    debian: &'static str,
}

pub const NGINX: ReverseProxy = ReverseProxy { name: "nginx", variable: "KYMOGRAPH_NGINX", debian: "/usr/sbin/nginx" };
pub const CADDY: ReverseProxy = ReverseProxy { name: "caddy", variable: "KYMOGRAPH_CADDY", debian: "/usr/bin/caddy" };

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

/// Finds a Chromium, or installs Debian's if this is Debian and the user is root.
///
/// # Errors
/// When none is found or can be installed.
pub fn browser() -> Result<PathBuf> {
    if let Some(browser) = find_browser()? {
        return Ok(browser);
    }
    let Some(apt) = in_path("apt-get").filter(|_| is_root()) else {
        bail!(
            "the browser tests need Chromium or Chrome, and none of {BROWSERS:?} is in PATH: install it (Debian: \
             `sudo apt-get install chromium`; Fedora: `sudo dnf install chromium`; macOS: `brew install --cask \
             chromium`), or set {BROWSER_VARIABLE} to its path"
        );
    };
    heading("installing chromium");
    install_debian_packages(&apt, &DEBIAN_PACKAGES).with_context(|| {
        format!("cannot install chromium: install it by hand, or set {BROWSER_VARIABLE} to the path of a browser")
    })?;
    find_browser()?.with_context(|| format!("chromium was installed, but none of {BROWSERS:?} is in PATH"))
}

/// Finds the browser that `KYMOGRAPH_CHROMIUM` names, or the first known name in `PATH`.
///
/// # Errors
/// When `KYMOGRAPH_CHROMIUM` names no file.
pub fn find_browser() -> Result<Option<PathBuf>> {
    let Some(named) = std::env::var_os(BROWSER_VARIABLE).map(PathBuf::from) else {
        return Ok(BROWSERS.iter().find_map(|name| in_path(name)));
    };
    if !named.is_file() {
        bail!("{BROWSER_VARIABLE} is set to {}, which is not a file", named.display());
    }
    // Tests run in the folder of their crate.
    Ok(Some(std::path::absolute(named)?))
}

/// Finds Prometheus' `promtool`, or unpacks it from Debian's package into `folder`. The package is not installed: that would
/// start Prometheus as a service.
///
/// # Errors
/// When it is neither found nor can be unpacked.
pub fn promtool(folder: &Path) -> Result<PathBuf> {
    let unpacked = folder.join("usr/bin/promtool");
    if let Some(found) = in_path("promtool").or_else(|| unpacked.is_file().then(|| unpacked.clone())) {
        return Ok(found);
    }
    let by_hand = "the tests of /metrics need promtool, and it is not in PATH: install Prometheus (Debian: `sudo apt-get \
                   install prometheus`; macOS: `brew install prometheus`)";
    heading("unpacking promtool from Debian's package prometheus");
    unpack_debian_package("prometheus", folder).context(by_hand)?;
    if !unpacked.is_file() {
        bail!("Debian's package prometheus has no {}: {by_hand}", unpacked.display());
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

impl ReverseProxy {
    /// Finds it, or installs Debian's package if this is Debian and the user is root.
    ///
    /// # Errors
    /// When none is found or can be installed.
    pub fn find_or_install(self) -> Result<PathBuf> {
        if let Some(found) = self.find()? {
            return Ok(found);
        }
        let Self { name, variable, .. } = self;
        let Some(apt) = in_path("apt-get").filter(|_| is_root()) else {
            bail!(
                "the tests of reverse proxies need {name}, which is not in PATH: install it (Debian: `sudo apt-get install {name}`; \
                 Fedora: `sudo dnf install {name}`; macOS: `brew install {name}`), or set {variable} to its path"
            );
        };
        heading(&format!("installing {name}"));
        install_debian_packages(&apt, &[name])
            .with_context(|| format!("cannot install {name}: install it by hand, or set {variable} to its path"))?;
        self.find()?.with_context(|| format!("{name} was installed, but it is not in PATH"))
    }

    fn find(self) -> Result<Option<PathBuf>> {
        let Some(named) = std::env::var_os(self.variable).map(PathBuf::from) else {
            let debian = Some(PathBuf::from(self.debian)).filter(|path| path.is_file());
            return Ok(in_path(self.name).or(debian));
        };
        if !named.is_file() {
            bail!("{} is set to {}, which is not a file", self.variable, named.display());
        }
        // Tests run in the folder of their crate.
        Ok(Some(std::path::absolute(named)?))
    }
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
