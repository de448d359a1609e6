//! `cargo xtask`: see `cargo xtask help`.

use std::ffi::OsString;

use clap::{Parser, Subcommand};
use xtask::tasks;
use xtask::tasks::bench::{Effort, Tables};
use xtask::tasks::fuzz::Fuzz;
use xtask::tasks::screenshot::Screenshot;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Kymograph's tasks")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build page and server in release, then start the server. Arguments go to `feed-server serve`.
    Serve {
        /// Such as `--listen 127.0.0.1:8080` or `--source synthetic:hz=1000`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Set up what tests need, then run every test, the browser's included. Arguments go to `cargo test`.
    Test {
        /// Such as `-p protocol`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Check format, lints, documentation, licences and sources of dependencies.
    Check,
    /// Run the benches and print tables of what they measure. Arguments go to each of them.
    Bench {
        /// Run each only briefly, to prove that it works: its figures mean nothing.
        #[arg(long)]
        quick: bool,
        /// Put the tables into `docs/BENCHMARKS.md`, too.
        #[arg(long, conflicts_with = "quick")]
        write: bool,
        /// Such as part of a bench's name.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Look for bytes that break the wire: run the fuzz targets (Linux; needs a C++ compiler).
    Fuzz(Fuzz),
    /// Build the page into `target/dist` and the release server that holds it.
    Dist,
    /// Take a picture of a page in headless Chromium.
    Screenshot(Screenshot),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Serve { arguments } => tasks::serve::serve(&arguments),
        Task::Test { arguments } => tasks::test::test(&arguments),
        Task::Check => tasks::check::check(),
        Task::Bench { quick, write, arguments } => {
            let effort = if quick { Effort::Brief } else { Effort::Full };
            tasks::bench::bench(effort, if write { Tables::Write } else { Tables::Print }, &arguments)
        }
        Task::Fuzz(wanted) => tasks::fuzz::fuzz(&wanted),
        Task::Dist => tasks::dist::dist().map(drop),
        Task::Screenshot(wanted) => tasks::screenshot::screenshot(&wanted),
    }
}
