//! The product: one server binary with the page inside.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::workspace::{Workspace, cargo, heading, run};
use crate::{page, setup};

/// Builds the page and the release server that holds it; returns the server.
///
/// # Errors
/// When a step fails.
pub fn dist() -> Result<PathBuf> {
    let workspace = Workspace::find()?;
    setup::wasm_target()?;
    let dist = page::build(&workspace)?;
    heading("building the server");
    let mut command = cargo();
    command.current_dir(&workspace.root).env("KYMOGRAPH_DIST", &dist);
    run(command.args(["build", "--release", "--package", "feed-server", "--bin", "feed-server"]))?;

    let server = workspace.target.join("release").join(format!("feed-server{EXE_SUFFIX}"));
    let size = fs::metadata(&server).with_context(|| format!("cargo built no {}", server.display()))?.len();
    heading("made");
    eprintln!("    page    {}", dist.display());
    eprintln!("    server  {}, {size} bytes, page included", server.display());
    Ok(server)
}
