//! Checks that do not run the product.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::imports::{RULES, violations};
use crate::page::PAGE_RUSTFLAGS;
use crate::steps::heading;
use crate::workspace::{Workspace, cargo, run};
use crate::{page, setup};

/// A fixed version: an update may report more, and is made in a separate change.
const CARGO_DENY: &str = "0.20.2";

const OTHER_TARGET: &str = "x86_64-apple-darwin";

const FUZZ_MANIFEST: &str = "fuzz/Cargo.toml";

/// Checks imports, format, lints, documentation and dependencies.
///
/// # Errors
/// At the first check that fails.
pub fn check() -> Result<()> {
    let workspace = Workspace::find()?;
    let step = |what: &str, command: &mut Command| {
        heading(what);
        run(command.current_dir(&workspace.root)).with_context(|| format!("`cargo xtask check` stopped at: {what}"))
    };
    heading("imports");
    imports(&workspace.root).context("`cargo xtask check` stopped at: imports")?;
    step("format", cargo().args(["fmt", "--all", "--check"]))?;
    step("lints", cargo().args(["clippy", "--workspace", "--all-targets", "--", "-Dwarnings"]))?;
    setup::wasm_target()?;
    let mut lints = cargo();
    lints.env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", PAGE_RUSTFLAGS);
    lints.args(["clippy", "--package", "dashboard", "--lib", "--examples", "--target", setup::WASM_TARGET]);
    lints.arg("--target-dir").arg(page::target_folder(&workspace)).args(["--", "-Dwarnings"]);
    step("lints of the page", &mut lints)?;
    step("documentation", cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-Dwarnings"))?;
    if !has_cargo_deny() {
        let install = ["install", "--locked", "cargo-deny", "--version", CARGO_DENY];
        step("installing cargo-deny", cargo().args(install))?;
    }
    step("licences and sources of dependencies", cargo().args(["deny", "check", "bans", "licenses", "sources"]))?;
    fuzz_targets(&workspace, step)?;
    another_system(step)?;
    advisories(step)
}

/// Checks the imports of every crate that has rules.
fn imports(root: &Path) -> Result<()> {
    let mut found = Vec::new();
    for rules in &RULES {
        let folder = root.join(rules.sources);
        if folder.is_dir() {
            found.extend(violations(rules, &sources(&folder)?)?);
        }
    }
    for violation in &found {
        eprintln!("    {violation}");
    }
    ensure!(found.is_empty(), "{} imports break the rules of xtask/src/imports/rooms.rs", found.len());
    Ok(())
}

/// The Rust files below a folder, as (path below it, text).
fn sources(folder: &Path) -> Result<Vec<(String, String)>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("cannot read {}", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                let below = path.strip_prefix(folder)?.components().map(|part| part.as_os_str().to_string_lossy());
                found.push((below.collect::<Vec<_>>().join("/"), text));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Checks the fuzz targets, which are outside the workspace. Without libFuzzer, which needs a C++ compiler.
fn fuzz_targets(workspace: &Workspace, step: impl Fn(&str, &mut Command) -> Result<()>) -> Result<()> {
    let manifest = ["--manifest-path", FUZZ_MANIFEST];
    step("format of the fuzz targets", cargo().arg("fmt").args(manifest).arg("--check"))?;
    let mut lints = cargo();
    lints.arg("clippy").args(manifest).args(["--no-default-features", "--target-dir"]).arg(&workspace.target);
    step("lints of the fuzz targets", lints.args(["--", "-Dwarnings"]))?;
    let mut deny = cargo();
    deny.arg("deny").args(manifest).args(["check", "--allow", "license-not-encountered"]);
    step("licences and sources of their dependencies", deny.args(["bans", "licenses", "sources"]))
}

/// Checks that the server compiles for a system other than Linux, whose host source has other readers.
fn another_system(step: impl Fn(&str, &mut Command) -> Result<()>) -> Result<()> {
    if !setup::other_target(OTHER_TARGET) {
        eprintln!("    the target {OTHER_TARGET} cannot be had: macOS is NOT checked");
        return Ok(());
    }
    let mut compile = cargo();
    compile.args(["check", "--package", "feed-server", "--target", OTHER_TARGET]).env("RUSTFLAGS", "-Dwarnings");
    // Nothing is linked: the C code of dependencies needs no compiler for that system.
    step("the server on macOS", compile.env("CC_x86_64_apple_darwin", "true").env("AR_x86_64_apple_darwin", "true"))
}

/// Checks the advisories of all dependencies if their database can be fetched.
fn advisories(step: impl Fn(&str, &mut Command) -> Result<()>) -> Result<()> {
    heading("advisory database");
    let mut fetch = cargo();
    fetch.args(["deny", "fetch", "db"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !fetch.status().is_ok_and(|status| status.success()) {
        eprintln!("    the database cannot be fetched: advisories are NOT checked");
        return Ok(());
    }
    let check = ["--offline", "check", "advisories"];
    step("advisories", cargo().arg("deny").args(check))?;
    step("advisories of the fuzz targets", cargo().args(["deny", "--manifest-path", FUZZ_MANIFEST]).args(check))
}

fn has_cargo_deny() -> bool {
    let mut command = cargo();
    command.args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
