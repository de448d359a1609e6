//! The page: Wasm and its bindings, every asset named by its content, compressed.
//!
//! ```text
//! target/dist/index.html
//! target/dist/assets/<hash>/{main.js, dashboard.js, dashboard_bg.wasm, style/..., icons/...}
//! ```
//! The hash covers all assets, so a browser may keep them for ever: a changed page has other addresses. Beside each file
//! that can be compressed is its `.gz` and, in a distribution, its `.br`: the server does not compress.
//!
//! | module | subject |
//! | --- | --- |
//! | `wasm` | from Rust to a `.wasm` and the JavaScript that loads it |
//! | `tools` | the programs that bind and compress |
//! | `files` | the files of a folder, their hash, their compressed forms; writing them to disk |

mod files;
mod tools;
mod wasm;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, anyhow};

use crate::steps::Steps;
use crate::workspace::Workspace;
pub use files::Compression;
use files::{File, Written};
use tools::Tools;
use wasm::Optimise;
pub use wasm::{PAGE_RUSTFLAGS, target_folder};

/// Replaced in `index.html` by the path of the assets, relative to the page: a proxy may show the page below any path.
const PLACEHOLDER: &str = "{assets}";

/// Builds the page into `target/dist` and returns that folder. An unchanged page is not written again, so that cargo does
/// not build the server again either.
///
/// # Errors
/// If a step fails; the folder is then unchanged.
pub fn build(workspace: &Workspace, compression: Compression, steps: &Steps) -> Result<PathBuf> {
    let (tools, wasm) = compile(workspace, compression, steps, &["--lib"], "dashboard.wasm")?;
    steps.run("assembling the page", || {
        let bound = tempfile::tempdir()?;
        wasm::bind(&tools, &wasm, bound.path(), "dashboard", Optimise::IfInstalled)?;
        let mut assets = files::read(&workspace.root.join("www"))?;
        assets.extend(files::read(bound.path())?);
        let files = lay_out(assets)?;
        let dist = workspace.target.join("dist");
        if files::replace(&dist, &files, compression, &tools.compress)? == Written::Unchanged {
            eprintln!("    unchanged");
        }
        report_sizes(&dist, &files);
        Ok(dist)
    })
}

/// Compiles a target of `dashboard` and, at the same time, the tools that bind and compress it.
fn compile(
    workspace: &Workspace,
    compression: Compression,
    steps: &Steps,
    target: &[&str],
    file: &str,
) -> Result<(Tools, PathBuf)> {
    thread::scope(|scope| {
        let tools = scope.spawn(|| steps.run("building wasm-bindgen", || Tools::build(workspace, compression)));
        let wasm = steps.run(&format!("compiling {file}"), || wasm::compile(workspace, target, file));
        let tools = tools.join().map_err(|_| anyhow!("the thread that built wasm-bindgen panicked"))?;
        Ok((tools?, wasm?))
    })
}

/// A page with one part of the dashboard: an example of that crate, and the files of its page.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    pub example: &'static str,
    /// Folder of its page, below the repository.
    pub files: &'static str,
}

/// Drives the WebSocket client, for the browser tests.
pub const SOCKET_PROBE: Probe = Probe { example: "socket_probe", files: "dashboard/tests/browser/socket_probe" };

/// Measures the decoder, for the benches.
pub const DECODE_PROBE: Probe = Probe { example: "decode_probe", files: "benches/browser" };

/// Builds a probe's page and returns its folder.
///
/// # Errors
/// When a step fails.
pub fn build_probe(workspace: &Workspace, probe: Probe, steps: &Steps) -> Result<PathBuf> {
    let Probe { example, files } = probe;
    let file = format!("examples/{example}.wasm");
    let (tools, wasm) = compile(workspace, Compression::Quick, steps, &["--example", example], &file)?;
    let folder = workspace.target.join(example);
    fs::create_dir_all(&folder)?;
    wasm::bind(&tools, &wasm, &folder, example, Optimise::Never)?;
    for file in files::read(&workspace.root.join(files))? {
        file.write_below(&folder)?;
    }
    Ok(folder)
}

/// Moves the assets below their hash and writes that path into `index.html`.
fn lay_out(mut assets: Vec<File>) -> Result<Vec<File>> {
    let index = assets.iter().position(|file| file.name == "index.html").context("www/ has no index.html")?;
    let index = assets.remove(index);
    assets.sort();
    let folder = format!("assets/{:012x}", files::hash(&assets) >> 16);
    let html = String::from_utf8(index.bytes).context("www/index.html is not UTF-8")?;
    let bytes = html.replace(PLACEHOLDER, &folder).into_bytes();
    let assets = assets.into_iter().map(|file| File { name: format!("{folder}/{}", file.name), ..file });
    Ok(std::iter::once(File { name: index.name, bytes }).chain(assets).collect())
}

fn report_sizes(dist: &Path, files: &[File]) {
    for file in files.iter().filter(|file| file.extension() == "wasm") {
        eprintln!("    wasm {} bytes", file.bytes.len());
        for (name, suffix) in [("gzip", ".gz"), ("brotli", ".br")] {
            if let Ok(packed) = fs::metadata(dist.join(format!("{}{suffix}", file.name))) {
                eprintln!("    {name} {} bytes", packed.len());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(script: &str) -> Vec<File> {
        let file = |name: &str, text: &str| File { name: name.to_owned(), bytes: text.as_bytes().to_owned() };
        let index = file("index.html", "<link href={assets}/style/base.css><script src={assets}/main.js></script>");
        lay_out(vec![file("style/base.css", "body {}"), index, file("main.js", script)]).expect("it has an index")
    }

    #[test]
    fn index_refers_to_the_assets_by_their_hashed_relative_path() {
        let files = page("start()");
        let html = String::from_utf8_lossy(&files[0].bytes);
        assert_eq!(files[0].name, "index.html");
        assert_eq!(html, format!("<link href={}><script src={}></script>", files[2].name, files[1].name));
        let hash = files[1].name.strip_prefix("assets/").and_then(|name| name.strip_suffix("/main.js"));
        assert_eq!(hash.map(str::len), Some(12));
    }

    #[test]
    fn a_changed_asset_changes_the_path_of_all_assets() {
        assert_eq!(page("start()"), page("start()"));
        let (before, after) = (page("start()"), page("start(1)"));
        assert!(before.iter().zip(&after).skip(1).all(|(before, after)| before.name != after.name));
    }
}
