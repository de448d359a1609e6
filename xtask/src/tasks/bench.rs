//! The criterion benches.

use std::ffi::OsString;
use std::time::SystemTime;

use anyhow::Result;

use crate::steps::heading;
use crate::workspace::{Workspace, cargo, run};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Long enough for figures.
    Full,
    /// Long enough to show that it works: 20 ms to warm up, 50 ms to measure.
    Brief,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    Print,
    /// Printed, and written into `docs/BENCHMARKS.md`.
    Write,
}

const DOCUMENT: &str = "docs/BENCHMARKS.md";

/// A brief run shows no figures that count, and full LTO of ten programs takes minutes.
const QUICK_TO_BUILD: [(&str, &str); 2] =
    [("CARGO_PROFILE_BENCH_LTO", "off"), ("CARGO_PROFILE_BENCH_CODEGEN_UNITS", "16")];

/// Runs the criterion benches, then makes tables of this run's figures. `arguments` go to criterion.
///
/// # Errors
/// When a bench fails, or when tables are to be written and `arguments` excluded a figure that they need.
pub fn bench(effort: Effort, tables: Tables, arguments: &[OsString]) -> Result<()> {
    let workspace = Workspace::find()?;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    heading("running the benches");
    let mut command = cargo();
    // Bench targets only: the test harness of a library or a binary refuses criterion's arguments.
    command.current_dir(&workspace.root).args(["bench", "--package", "benches", "--bench", "*", "--"]);
    if effort == Effort::Brief {
        command.args(["--warm-up-time", "0.02", "--measurement-time", "0.05", "--sample-size", "10"]);
        // By default, criterion computes for half a second after each bench.
        command.args(["--nresamples", "1000"]).envs(QUICK_TO_BUILD);
    }
    run(command.args(arguments))?;
    heading("printing the tables");
    let mut command = cargo();
    command.current_dir(&workspace.root);
    if effort == Effort::Brief {
        command.envs(QUICK_TO_BUILD);
    }
    command.args(["run", "--profile", "bench", "--package", "benches", "--bin", "summary", "--"]);
    command.arg(workspace.target.join("criterion")).arg("--since").arg(since.to_string());
    if tables == Tables::Write {
        command.args(["--write", DOCUMENT]);
    }
    run(&mut command)
}
