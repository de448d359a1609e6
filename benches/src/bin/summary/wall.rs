//! The wall's tables: its bench, `benches/wall`, prints them itself and keeps them, a file a part.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};

/// The parts, by the names of their files and of their sections.
const PARTS: [(&str, &str); 4] =
    [("beside", "wall beside"), ("sweep", "wall sweep"), ("extremes", "wall extremes"), ("marker", "wall marker")];

/// The parts that were made at `since` or later.
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
