//! Tables of benches without criterion, which write a file for each of their parts.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};

/// File and section of each part.
const PARTS: [(&str, &str); 10] = [
    ("wall/beside", "wall beside"),
    ("wall/sweep", "wall sweep"),
    ("wall/extremes", "wall extremes"),
    ("wall/marker", "wall marker"),
    ("wall/rest", "wall rest"),
    ("host/rates", "host rates"),
    ("host/intervals", "host intervals"),
    ("host/interfaces", "host interfaces"),
    ("host/processes", "host processes"),
    ("host/beside", "host beside"),
];

/// The sections of the files in cargo's target folder that are not older than `since`.
pub(crate) fn sections(folder: &Path, since: SystemTime) -> Result<Vec<(&'static str, String)>> {
    let mut sections = Vec::new();
    for (file, section) in PARTS {
        let file = folder.join(file).with_extension("md");
        let name = || format!("cannot read {}", file.display());
        if file.is_file() && fs::metadata(&file).and_then(|file| file.modified()).with_context(name)? >= since {
            sections.push((section, fs::read_to_string(&file).with_context(name)?));
        }
    }
    Ok(sections)
}
