//! Makes tables of what criterion has measured: `cargo run -p benches --bin summary -- --help`.
//!
//! | module | subject |
//! | --- | --- |
//! | [`estimates`] | criterion's medians |
//! | [`machine`] | what they were measured on |
//! | [`codecs`] | encoding and decoding beside other codecs, and the targets |
//! | [`packed`] | blocks whose values can be shortened, beside pco |
//! | [`wall`] | the wall's tables, which its bench makes itself |
//! | [`table`] | Markdown tables |
//! | [`document`] | sections of a document that are replaced |

mod codecs;
mod document;
mod estimates;
mod machine;
mod packed;
mod table;
mod wall;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use clap::Parser;

use crate::estimates::Estimates;

#[derive(Parser)]
#[command(about = "Tables of what the benches have measured, in Markdown")]
struct Cli {
    /// Where criterion keeps its estimates: `criterion` in cargo's target folder. The wall's tables are beside it.
    #[arg(default_value = "target/criterion")]
    criterion: PathBuf,
    /// Use only what was measured since then, in seconds since the Unix epoch.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    since: u64,
    /// Replace the tables in this document, too. Fails when a figure is missing, unless the wall alone was measured.
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
    let mut fresh = wall::sections(&cli.criterion.with_file_name("wall"), since)?;
    if estimates.found_any() || fresh.is_empty() {
        estimates.demand_all()?;
        fresh.extend(sections);
    }
    document::replace(&file, &fresh).with_context(|| format!("cannot write the tables to {}", file.display()))
}
