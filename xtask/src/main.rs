//! `cargo xtask`: see `cargo xtask help`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use xtask::tasks::{self, Screenshot};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Kymograph's tasks")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build page and server in release, start the server, print its URL. Arguments go to `feed-server serve`.
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
    /// Run the criterion benches. Arguments go to them.
    Bench {
        /// Run each only briefly, to prove that it works.
        #[arg(long)]
        quick: bool,
        /// Such as a bench's name.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Build the page into `target/dist` and the release server that holds it.
    Dist,
    /// Take a picture of a page in headless Chromium.
    Screenshot {
        /// The page.
        #[arg(long)]
        url: String,
        /// The PNG file to write.
        #[arg(long)]
        out: PathBuf,
        /// Width in CSS pixels.
        #[arg(long, default_value_t = 1280)]
        width: u32,
        /// Height in CSS pixels.
        #[arg(long, default_value_t = 800)]
        height: u32,
        /// Device pixels a CSS pixel.
        #[arg(long, default_value_t = 1.0)]
        scale: f64,
        /// Wait until this JavaScript is true.
        #[arg(long, default_value = "document.readyState === 'complete'")]
        wait: String,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Serve { arguments } => tasks::serve(&arguments),
        Task::Test { arguments } => tasks::test(&arguments),
        Task::Check => tasks::check(),
        Task::Bench { quick, arguments } => tasks::bench(quick, &arguments),
        Task::Dist => tasks::dist().map(drop),
        Task::Screenshot { url, out, width, height, scale, wait } => {
            tasks::screenshot(&Screenshot { url, out, width, height, scale, wait })
        }
    }
}
