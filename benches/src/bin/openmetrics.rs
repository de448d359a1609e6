//! Reads the cases of the [OpenMetrics suite](https://github.com/prometheus/OpenMetrics/tree/main/tests/testdata/parsers) and compares the
//! verdicts: `cargo run -p benches --bin openmetrics FOLDER`, where each folder within FOLDER has `metrics` and `test.json`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use feed_server::ingest::exposition::Format;
use feed_server::ingest::exposition::check::check;
use serde::Deserialize;

#[derive(Parser)]
struct Arguments {
    /// The folder with a folder for each case.
    folder: PathBuf,
}

#[derive(Deserialize)]
struct Case {
    file: String,
    #[serde(rename = "shouldParse")]
    should_parse: bool,
}

fn main() -> Result<()> {
    let folder = Arguments::parse().folder;
    let (mut agreed, mut valid, mut others) = (0, 0, Vec::new());
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if !path.join("test.json").is_file() {
            continue;
        }
        let (is_valid, disagrees) = judge(&path).with_context(|| path.display().to_string())?;
        valid += usize::from(is_valid);
        match disagrees {
            None => agreed += 1,
            Some(how) => others.push(format!("{}: {how}", path.file_name().unwrap_or_default().display())),
        }
    }
    others.sort();
    for other in &others {
        println!("{other}");
    }
    let cases = agreed + others.len();
    println!("{agreed} of {cases} verdicts agree ({valid} texts are valid)");
    ensure!(cases > 0, "{} has no folder with a file test.json", folder.display());
    ensure!(others.is_empty(), "{} verdicts differ", others.len());
    Ok(())
}

/// The verdict of the suite, and how this parser's differs.
fn judge(case: &Path) -> Result<(bool, Option<String>)> {
    let Case { file, should_parse } = serde_json::from_slice(&fs::read(case.join("test.json"))?)?;
    let findings = check(&fs::read(case.join(file))?, Format::OpenMetrics);
    let differs = match (findings.first(), should_parse) {
        (Some(finding), true) => Some(format!("is valid, but {finding}")),
        (None, false) => Some("is not valid, but nothing was found".to_owned()),
        _ => None,
    };
    Ok((should_parse, differs))
}
