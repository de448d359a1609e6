//! The page: Wasm and its bindings, every file named by its content and compressed.
//!
//! ```text
//! target/dist/index.html
//! target/dist/assets/<hash>/{main.js, dashboard.js, dashboard_bg.wasm, style/..., icons/...}
//! ```
//! The hash covers all assets, so a browser may keep them for ever. Beside each file lie its `.gz` and `.br`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::workspace::{Workspace, cargo, heading, in_path, run};

/// Where `index.html` wants the path of the assets.
const PLACEHOLDER: &str = "{assets}";

/// A file of the page: its name, with `/` between the parts, and its bytes.
type File = (String, Vec<u8>);

/// Builds the page into `target/dist` and returns that folder.
///
/// # Errors
/// When a step fails.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    heading("building the page");
    let wasm = compile(workspace, &["--lib"], "dashboard.wasm")?;
    let bound = tempfile::tempdir()?;
    bind(&wasm, bound.path(), "dashboard")?;
    optimise(&bound.path().join("dashboard_bg.wasm"))?;

    let mut assets = read_folder(&workspace.root.join("www"))?;
    assets.extend(read_folder(bound.path())?);
    assets.sort();
    let index = assets.iter().position(|(name, _)| name == "index.html").context("www/ has no index.html")?;
    let (_, index) = assets.remove(index);
    let folder = format!("assets/{:012x}", hash(&assets) >> 16);
    let index = String::from_utf8(index)?.replace(PLACEHOLDER, &format!("/{folder}"));
    let mut files: Vec<File> = vec![("index.html".to_owned(), index.into_bytes())];
    files.extend(assets.into_iter().map(|(name, bytes)| (format!("{folder}/{name}"), bytes)));

    let dist = workspace.dist();
    if fs::read_dir(dist.join(&folder)).is_ok() && fs::read(dist.join("index.html")).ok() == Some(files[0].1.clone()) {
        eprintln!("    page unchanged");
        return Ok(dist);
    }
    write(&dist, &files)?;
    for (name, bytes) in files.iter().filter(|(name, _)| Path::new(name).extension().is_some_and(|end| end == "wasm")) {
        let packed = |end: &str| fs::metadata(dist.join(format!("{name}{end}"))).map_or(0, |file| file.len());
        eprintln!("    wasm: {} bytes, gzip {}, brotli {}", bytes.len(), packed(".gz"), packed(".br"));
    }
    Ok(dist)
}

/// Builds the page that drives the WebSocket client by itself, for the browser tests, and returns its folder.
///
/// # Errors
/// When a step fails.
pub fn build_socket_probe(workspace: &Workspace) -> Result<PathBuf> {
    heading("building the socket probe");
    let wasm = compile(workspace, &["--example", "socket_probe"], "examples/socket_probe.wasm")?;
    let folder = workspace.target.join("socket-probe");
    fs::create_dir_all(&folder)?;
    bind(&wasm, &folder, "socket_probe")?;
    for (name, bytes) in read_folder(&workspace.root.join("dashboard/tests/browser/socket_probe"))? {
        fs::write(folder.join(name), bytes)?;
    }
    Ok(folder)
}

fn compile(workspace: &Workspace, what: &[&str], wasm: &str) -> Result<PathBuf> {
    let target = workspace.page_target();
    let mut command = cargo();
    command.current_dir(&workspace.root).env("RUSTFLAGS", "-C target-feature=+simd128").args([
        "build",
        "--package",
        "dashboard",
        "--profile",
        "page",
        "--target",
        "wasm32-unknown-unknown",
    ]);
    run(command.args(what).arg("--target-dir").arg(&target))?;
    Ok(target.join("wasm32-unknown-unknown/page").join(wasm))
}

fn bind(wasm: &Path, folder: &Path, name: &str) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name(name).web(true)?.typescript(false).omit_default_module_path(true);
    bindgen.remove_name_section(true).remove_producers_section(true).generate(folder)
}

/// `wasm-opt` makes the page smaller where it is installed; nothing depends on it.
fn optimise(wasm: &Path) -> Result<()> {
    let Some(wasm_opt) = in_path("wasm-opt") else {
        eprintln!("    wasm-opt (binaryen) is not installed: the page is a little larger without it");
        return Ok(());
    };
    let features = ["--enable-simd", "--enable-bulk-memory", "--enable-nontrapping-float-to-int", "--enable-sign-ext"];
    run(Command::new(wasm_opt)
        .args(["-O3", "--enable-reference-types", "--enable-mutable-globals"])
        .args(features)
        .arg("--enable-multivalue")
        .arg(wasm)
        .arg("-o")
        .arg(wasm))
}

fn read_folder(root: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let parts = path.strip_prefix(root)?.components();
            let name = parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            files.push((name, fs::read(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

/// Writes a folder anew beside the old one and puts it in its place, so that a failed build leaves the old one whole.
fn write(dist: &Path, files: &[File]) -> Result<()> {
    let fresh = dist.with_extension("new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    for (name, bytes) in files {
        let path = fresh.join(name);
        fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        fs::write(&path, bytes)?;
        fs::write(fresh.join(format!("{name}.gz")), gzip(bytes)?)?;
        fs::write(fresh.join(format!("{name}.br")), brotli(bytes)?)?;
    }
    if dist.exists() {
        fs::remove_dir_all(dist)?;
    }
    fs::rename(&fresh, dist).with_context(|| format!("cannot put {} in place", dist.display()))
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &parameters)?;
    Ok(packed)
}

/// FNV-1a, 64 bits: the same on every machine, which the standard library does not promise of its own.
fn hash(files: &[File]) -> u64 {
    let bytes = files.iter().flat_map(|(name, bytes)| name.bytes().chain([0]).chain(bytes.iter().copied()));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
