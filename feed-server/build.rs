//! Embeds the page: every file of the folder that `KYMOGRAPH_DIST` names, as `cargo xtask dist` sets it. Without the variable
//! the server is built without the page; it then logs at start how to get one, and answers the same at `/`.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, reason = "a build script")]

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=KYMOGRAPH_DIST");
    let mut files = Vec::new();
    if let Some(dist) = env::var_os("KYMOGRAPH_DIST").map(PathBuf::from) {
        println!("cargo::rerun-if-changed={}", dist.display());
        collect(&dist, &dist, &mut files)?;
    }
    files.sort();
    let mut source = String::from("pub(super) static FILES: &[(&str, &[u8])] = &[\n");
    for (name, path) in files {
        writeln!(source, "    ({name:?}, include_bytes!({:?})),", path.display().to_string())?;
    }
    source.push_str("];\n");
    let out = PathBuf::from(env::var("OUT_DIR")?).join("embedded_page.rs");
    fs::write(out, source)?;
    Ok(())
}

/// Lists every file below `folder` by its name relative to `root`, with `/` between the parts.
fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root)?.components().map(|part| part.as_os_str().to_string_lossy());
            files.push((name.collect::<Vec<_>>().join("/"), path.clone()));
        }
    }
    Ok(())
}
