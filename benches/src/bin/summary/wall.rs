//! The wall's tables, which `benches/wall` writes to a file per part.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};

/// File and section of each part.
const PARTS: [(&str, &str); 4] =
    [("beside", "wall beside"), ("sweep", "wall sweep"), ("extremes", "wall extremes"), ("marker", "wall marker")];

/// The sections of files that are not older than `since`.
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
