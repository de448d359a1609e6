//! Prints tables of criterion's measurements: `cargo run -p benches --bin summary -- --help`.
//!
//! | module | subject |
//! | --- | --- |
//! | [`estimates`] | criterion's medians |
//! | [`machine`] | processor, system and compiler |
//! | [`codecs`] | encoding and decoding beside other codecs, and the targets |
//! | [`packed`] | compressible blocks beside pco |
//! | [`parts`] | tables that the wall and the host bench write |
//! | [`table`] | Markdown tables |
//! | [`document`] | replaces sections of a document |

mod codecs;
mod document;
mod estimates;
mod machine;
mod packed;
mod parts;
mod table;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use clap::Parser;

use crate::estimates::Estimates;

#[derive(Parser)]
#[command(about = "Prints tables of the benches' measurements in Markdown")]
struct Cli {
    /// Folder of criterion's estimates: `criterion` in cargo's target folder. The tables of other benches are beside it.
    #[arg(default_value = "target/criterion")]
    criterion: PathBuf,
    /// Ignore older measurements than this time, in seconds since the Unix epoch.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    since: u64,
    /// Also replace the tables in this document. Fails if a figure is missing, unless only the wall or the host were measured.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let since = SystemTime::UNIX_EPOCH + Duration::from_secs(cli.since);
    let estimates = Estimates::read(&cli.criterion, since)?;
    let sections = [
        ("machine", machine::section()?),
        ("codecs", codecs::section(&estimates)),
        ("packed", packed::section(&estimates)),
    ];
    if estimates.found_any() {
        for (_, text) in &sections {
            println!("{text}");
        }
    }
    let Some(file) = cli.write else { return Ok(()) };
    let mut fresh = parts::sections(cli.criterion.parent().unwrap_or(Path::new("")), since)?;
    if estimates.found_any() || fresh.is_empty() {
        estimates.require_all()?;
        fresh.extend(sections);
    }
    document::replace(&file, &fresh).with_context(|| format!("cannot write the tables to {}", file.display()))
}
