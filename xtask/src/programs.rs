//! Browsers and reverse proxies, which tests start themselves: found, or installed if possible.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::setup::{install_debian_packages, is_root};
use crate::steps::heading;
use crate::workspace::in_path;

#[derive(Clone, Copy, Debug)]
pub struct Program {
    name: &'static str,
    /// Names its path; takes precedence over `PATH`.
    pub(crate) variable: &'static str,
    commands: &'static [&'static str],
    /// Where Debian has it if that is not always in the `PATH` of ordinary users.
    debian_path: Option<&'static str>,
    /// The program's own is first.
    debian_packages: &'static [&'static str],
    fedora_package: &'static str,
    /// The arguments of `brew install`.
    homebrew: &'static str,
}

pub const CHROMIUM: Program = Program {
    name: "Chromium",
    variable: "KYMOGRAPH_CHROMIUM",
    commands: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"],
    debian_path: None,
    // A browser without a font draws no text.
    debian_packages: &["chromium", "fonts-dejavu-core"],
    fedora_package: "chromium",
    homebrew: "--cask chromium",
};

pub const FIREFOX: Program = Program {
    name: "Firefox",
    variable: "KYMOGRAPH_FIREFOX",
    commands: &["firefox-esr", "firefox"],
    debian_path: None,
    debian_packages: &["firefox-esr", "fonts-dejavu-core"],
    fedora_package: "firefox",
    homebrew: "--cask firefox",
};

pub const NGINX: Program = Program {
    name: "nginx",
    variable: "KYMOGRAPH_NGINX",
    commands: &["nginx"],
    debian_path: Some("/usr/sbin/nginx"),
    debian_packages: &["nginx"],
    fedora_package: "nginx",
    homebrew: "nginx",
};

pub const CADDY: Program = Program {
    name: "Caddy",
    variable: "KYMOGRAPH_CADDY",
    commands: &["caddy"],
    debian_path: None,
    debian_packages: &["caddy"],
    fedora_package: "caddy",
    homebrew: "caddy",
};

/// Programs that the sources under test read from, on Linux.
pub const SOURCE_PEERS: [Program; 4] = [
    source_peer("vmstat", "KYMOGRAPH_VMSTAT", &["vmstat"], &["procps"]),
    source_peer("iostat", "KYMOGRAPH_IOSTAT", &["iostat"], &["sysstat"]),
    source_peer("mpstat", "KYMOGRAPH_MPSTAT", &["mpstat"], &["sysstat"]),
    source_peer("ping", "KYMOGRAPH_PING", &["ping"], &["iputils-ping"]),
];

const fn source_peer(
    name: &'static str,
    variable: &'static str,
    commands: &'static [&'static str],
    debian_packages: &'static [&'static str],
) -> Program {
    Program {
        name,
        variable,
        commands,
        debian_path: None,
        debian_packages,
        fedora_package: debian_packages[0],
        homebrew: name,
    }
}

impl Program {
    /// Finds it, or installs Debian's package if this is Debian and the user is root.
    ///
    /// # Errors
    /// When it is neither found nor can be installed, or its variable names no file.
    pub fn find_or_install(self) -> Result<PathBuf> {
        if let Some(found) = self.find()? {
            return Ok(found);
        }
        let Self { name, variable, commands, debian_packages, fedora_package, homebrew, .. } = self;
        let Some(apt) = in_path("apt-get").filter(|_| is_root()) else {
            bail!(
                "{name} is needed, and none of {commands:?} is in PATH: install it (Debian: `sudo apt-get install \
                 {}`; Fedora: `sudo dnf install {fedora_package}`; macOS: `brew install {homebrew}`), or set {variable} \
                 to its path",
                debian_packages[0]
            );
        };
        heading(&format!("installing {name}"));
        install_debian_packages(&apt, debian_packages)
            .with_context(|| format!("cannot install {name}: install it by hand, or set {variable} to its path"))?;
        self.find()?.with_context(|| format!("{name} was installed, but none of {commands:?} is in PATH"))
    }

    fn find(self) -> Result<Option<PathBuf>> {
        let Some(named) = std::env::var_os(self.variable).map(PathBuf::from) else {
            let debian = self.debian_path.map(PathBuf::from).filter(|path| path.is_file());
            return Ok(self.commands.iter().find_map(|command| in_path(command)).or(debian));
        };
        if !named.is_file() {
            bail!("{} is set to {}, which is not a file", self.variable, named.display());
        }
        // Tests run in the folder of their crate.
        Ok(Some(std::path::absolute(named)?))
    }
}
