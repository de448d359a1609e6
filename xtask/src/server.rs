//! The feed server, built in one of two profiles.

use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::workspace::{Workspace, cargo, run};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// The fastest code: one codegen unit, link-time optimisation over all crates.
    Release,
    /// Built in half the time, for `cargo xtask serve`.
    Serve,
}

impl Profile {
    const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Serve => "serve",
        }
    }
}

/// Builds the server, with a page inside if one is given, and returns the binary.
///
/// # Errors
/// If `cargo build` fails.
pub fn build(workspace: &Workspace, profile: Profile, page: Option<&Path>) -> Result<PathBuf> {
    let mut command = cargo();
    command.current_dir(&workspace.root).env_remove("KYMOGRAPH_DIST");
    if let Some(page) = page {
        command.env("KYMOGRAPH_DIST", page);
    }
    command.args(["build", "--package", "feed-server", "--bin", "feed-server", "--profile", profile.name()]);
    run(&mut command)?;
    Ok(workspace.target.join(profile.name()).join(format!("feed-server{EXE_SUFFIX}")))
}
