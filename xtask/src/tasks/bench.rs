//! The criterion benches.

use std::ffi::OsString;
use std::time::SystemTime;

use anyhow::Result;

use crate::steps::heading;
use crate::workspace::{Workspace, cargo, run};

/// How long each bench runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Long enough for figures.
    Full,
    /// Just long enough to prove that it works: a fiftieth of a second to warm up, a twentieth to measure.
    Brief,
}

/// What becomes of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// They are printed.
    Print,
    /// They are printed, and replace those in `docs/BENCHMARKS.md`.
    Write,
}

/// Where the tables are kept.
const DOCUMENT: &str = "docs/BENCHMARKS.md";

/// Runs the criterion benches, then makes tables of what this run has measured. `arguments` go to criterion.
///
/// # Errors
/// When one fails, or when the tables are to be written and `arguments` left out a figure that they need.
pub fn bench(effort: Effort, tables: Tables, arguments: &[OsString]) -> Result<()> {
    let workspace = Workspace::find()?;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    heading("running the benches");
    let mut command = cargo();
    // Bench targets only: the test harness of a library or a binary does not know criterion's arguments.
    command.current_dir(&workspace.root).args(["bench", "--package", "benches", "--bench", "*", "--"]);
    if effort == Effort::Brief {
        command.args(["--warm-up-time", "0.02", "--measurement-time", "0.05", "--sample-size", "10"]);
        // Without this, criterion thinks half a second about each.
        command.args(["--nresamples", "1000"]);
    }
    run(command.args(arguments))?;
    heading("what they have measured");
    let mut command = cargo();
    command.current_dir(&workspace.root).args(["run", "--release", "--package", "benches", "--bin", "summary", "--"]);
    command.arg(workspace.target.join("criterion")).arg("--since").arg(since.to_string());
    if tables == Tables::Write {
        command.args(["--write", DOCUMENT]);
    }
    run(&mut command)
}
