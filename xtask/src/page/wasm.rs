//! From Rust to a `.wasm` and the JavaScript that loads it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::tools::Tools;
use crate::setup::WASM_TARGET;
use crate::workspace::{Workspace, cargo, in_path, run};

/// All supported browsers have SIMD. With the compiler's own threshold for inlining, the page is 5 % larger, and not faster: the hot loops
/// are within functions, or have `#[inline]`.
pub const PAGE_RUSTFLAGS: &str = "-C target-feature=+simd128 -C llvm-args=-inline-threshold=50";

/// The page has a separate target folder, so that it can be built while cargo holds the lock of the other one.
pub fn target_folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("page")
}

/// Compiles a target of `dashboard` and returns the file, named relative to the profile's folder.
pub(super) fn compile(workspace: &Workspace, target: &[&str], file: &str) -> Result<PathBuf> {
    let folder = target_folder(workspace);
    let mut command = cargo();
    // CARGO_ENCODED_RUSTFLAGS, if set, takes precedence over RUSTFLAGS.
    command.current_dir(&workspace.root).env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", PAGE_RUSTFLAGS);
    command.args(["build", "--package", "dashboard"]).args(target);
    run(command.args(["--profile", "page", "--target", WASM_TARGET, "--target-dir"]).arg(&folder))?;
    Ok(folder.join(WASM_TARGET).join("page").join(file))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Optimise {
    IfInstalled,
    Never,
}

/// Writes `<name>.js` and `<name>_bg.wasm` into a folder.
pub(super) fn bind(tools: &Tools, wasm: &Path, folder: &Path, name: &str, optimise: Optimise) -> Result<()> {
    let mut command = Command::new(&tools.bind);
    command.arg(wasm).arg(folder).arg(name);
    if optimise == Optimise::IfInstalled {
        match in_path("wasm-opt") {
            Some(wasm_opt) => drop(command.arg(wasm_opt)),
            None => eprintln!("    wasm-opt (binaryen) is not installed: the page is larger without it"),
        }
    }
    run(&mut command)
}
