//! The criterion benches.

use std::ffi::OsString;

use anyhow::Result;

use crate::workspace::{Workspace, cargo, heading, run};

/// How long each bench runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Long enough for figures.
    Full,
    /// Just long enough to prove that it works: a tenth of a second to warm up, two tenths to measure.
    Brief,
}

/// Runs the criterion benches. `arguments` go to criterion.
///
/// # Errors
/// When one fails.
pub fn bench(effort: Effort, arguments: &[OsString]) -> Result<()> {
    let workspace = Workspace::find()?;
    heading("running the benches");
    let mut command = cargo();
    // Bench targets only: the test harness of a library or a binary does not know criterion's arguments.
    command.current_dir(&workspace.root).args(["bench", "--package", "benches", "--bench", "*", "--"]);
    if effort == Effort::Brief {
        command.args(["--warm-up-time", "0.1", "--measurement-time", "0.2", "--sample-size", "10"]);
    }
    run(command.args(arguments))
}
