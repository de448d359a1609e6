//! `cargo xtask`: see `cargo xtask help`.

use std::ffi::OsString;

use clap::{Parser, Subcommand};
use xtask::tasks;
use xtask::tasks::bench::{Effort, Tables};
use xtask::tasks::fuzz::Fuzz;
use xtask::tasks::test::Scope;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Kymograph's tasks")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build page and server quickly, then start the server. Arguments go to `feed-server serve`.
    Serve {
        /// Such as `--listen 127.0.0.1:8080` or `--source synthetic:hz=1000`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Set up the browser and Python that tests need, then run all tests. Arguments go to `cargo test`.
    Test {
        /// Run the long tests too: 1,000 seeds of the simulation, the soak, pauses of 10 s and more.
        #[arg(long)]
        long: bool,
        /// Such as `-p protocol`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Check imports, format, lints, documentation, and licences and sources of dependencies.
    Check,
    /// Run the benches and print tables of their figures. Arguments go to each of them.
    Bench {
        /// Run each bench briefly, to show that it works. The figures are not reliable.
        #[arg(long)]
        quick: bool,
        /// Write the tables into `docs/BENCHMARKS.md` too.
        #[arg(long, conflicts_with = "quick")]
        write: bool,
        /// Such as part of a bench's name.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Search for bytes that break the decoders: run the fuzz targets (Linux; needs a C++ compiler).
    Fuzz(Fuzz),
    /// Build the page into `target/dist`, and the release server with the page inside.
    Dist,
    /// Take a picture of a page in headless Chromium. Arguments: `cargo xtask screenshot -- --help`.
    Screenshot {
        /// Such as `--url http://127.0.0.1:9000/ --out page.png`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Serve { arguments } => tasks::serve::serve(&arguments),
        Task::Test { long, arguments } => tasks::test::test(if long { Scope::Long } else { Scope::Brief }, &arguments),
        Task::Check => tasks::check::check(),
        Task::Bench { quick, write, arguments } => {
            let effort = if quick { Effort::Brief } else { Effort::Full };
            tasks::bench::bench(effort, if write { Tables::Write } else { Tables::Print }, &arguments)
        }
        Task::Fuzz(wanted) => tasks::fuzz::fuzz(&wanted),
        Task::Dist => tasks::dist::dist(),
        Task::Screenshot { arguments } => tasks::screenshot::screenshot(&arguments),
    }
}
