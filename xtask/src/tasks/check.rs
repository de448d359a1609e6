//! Everything that is checked without running the product.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::page::PAGE_RUSTFLAGS;
use crate::workspace::{Workspace, cargo, heading, run};
use crate::{page, setup};

/// The version whose findings are known: a newer one may find more, which is a change of its own.
const CARGO_DENY: &str = "0.20.2";

const FUZZ_MANIFEST: &str = "fuzz/Cargo.toml";

/// Checks format, lints, documentation and dependencies.
///
/// # Errors
/// At the first check that fails.
pub fn check() -> Result<()> {
    let workspace = Workspace::find()?;
    let step = |what: &str, command: &mut Command| {
        heading(what);
        run(command.current_dir(&workspace.root)).with_context(|| format!("`cargo xtask check` stopped at: {what}"))
    };
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
        step("installing cargo-deny, which is missing", cargo().args(install))?;
    }
    step("licences and sources of dependencies", cargo().args(["deny", "check", "bans", "licenses", "sources"]))?;
    fuzz_targets(&workspace, step)?;
    advisories(step)
}

/// They stand outside the workspace, so nothing above has seen them. Checked without libFuzzer, which is C++.
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

/// The advisories of all dependencies, where their database can be had.
fn advisories(step: impl Fn(&str, &mut Command) -> Result<()>) -> Result<()> {
    heading("advisory database");
    let mut fetch = cargo();
    fetch.args(["deny", "fetch", "db"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !fetch.status().is_ok_and(|status| status.success()) {
        eprintln!("    it cannot be had from here: advisories are NOT checked");
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
