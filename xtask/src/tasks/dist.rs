//! The product: one server binary with the page inside.

use std::fs;

use anyhow::{Context, Result};

use crate::page::{self, Compression};
use crate::server::{self, Profile};
use crate::setup;
use crate::steps::{Steps, heading};
use crate::workspace::Workspace;

/// Builds the page and the release server that holds it.
///
/// # Errors
/// When a step fails.
pub fn dist() -> Result<()> {
    let (workspace, steps) = (Workspace::find()?, Steps::default());
    setup::wasm_target()?;
    let dist = page::build(&workspace, Compression::Best, &steps)?;
    let server = steps.run("building the server", || server::build(&workspace, Profile::Release, Some(&dist)))?;
    let size = fs::metadata(&server).with_context(|| format!("cargo built no {}", server.display()))?.len();
    steps.print();
    heading("done");
    eprintln!("    page    {}", dist.display());
    eprintln!("    server  {}, {size} bytes, page included", server.display());
    Ok(())
}
