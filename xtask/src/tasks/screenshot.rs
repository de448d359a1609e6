//! A picture of a page, by the program of the crate `browsers`.

use std::ffi::OsString;

use anyhow::Result;

use crate::programs::CHROMIUM;
use crate::workspace::{Workspace, cargo, run};

/// Takes the picture; `arguments` go to the program.
///
/// # Errors
/// If no browser is found, or the page does not become ready.
pub fn screenshot(arguments: &[OsString]) -> Result<()> {
    let workspace = Workspace::find()?;
    let mut command = cargo();
    command.current_dir(&workspace.root).env(CHROMIUM.variable, CHROMIUM.find_or_install()?);
    command.args(["run", "--package", "browsers", "--bin", "screenshot", "--"]);
    run(command.args(arguments))
}
