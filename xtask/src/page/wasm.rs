//! From Rust to a `.wasm` and the JavaScript that loads it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::setup::WASM_TARGET;
use crate::workspace::{Workspace, cargo, in_path, run};

/// How the page is compiled: every browser that is still supported by its maker has SIMD.
pub const PAGE_RUSTFLAGS: &str = "-C target-feature=+simd128";

/// What rustc emits for the target without being asked, and SIMD: `wasm-opt` refuses what it is not told of.
const WASM_OPT: [&str; 8] = [
    "-O3",
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Where Wasm is built: apart from the rest, so that neither waits for the other's lock.
pub fn target_folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("page")
}

/// Compiles a target of `dashboard` and returns the file that it makes, named relative to the profile's folder.
pub(super) fn compile(workspace: &Workspace, target: &[&str], file: &str) -> Result<PathBuf> {
    let folder = target_folder(workspace);
    let mut command = cargo();
    // The encoded form, where set, would outrank RUSTFLAGS.
    command.current_dir(&workspace.root).env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", PAGE_RUSTFLAGS);
    command.args(["build", "--package", "dashboard"]).args(target);
    run(command.args(["--profile", "page", "--target", WASM_TARGET, "--target-dir"]).arg(&folder))?;
    Ok(folder.join(WASM_TARGET).join("page").join(file))
}

/// Writes `<name>.js` and `<name>_bg.wasm` into a folder. The script's `init` must be given the address of the Wasm: it
/// assumes none.
pub(super) fn bind(wasm: &Path, folder: &Path, name: &str) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name(name).web(true)?.typescript(false).omit_default_module_path(true);
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen.generate(folder).with_context(|| format!("wasm-bindgen cannot bind {}", wasm.display()))
}

/// Makes the Wasm smaller where `wasm-opt` is installed. Nothing depends on it, so one that is too old for what rustc
/// emits is no error.
pub(super) fn optimise(wasm: &Path) -> Result<()> {
    let Some(wasm_opt) = in_path("wasm-opt") else {
        eprintln!("    wasm-opt (binaryen) is not installed: the page is a little larger without it");
        return Ok(());
    };
    let optimised = wasm.with_extension("optimised");
    match run(Command::new(wasm_opt).args(WASM_OPT).arg(wasm).arg("-o").arg(&optimised)) {
        Ok(()) => Ok(std::fs::rename(optimised, wasm)?),
        Err(error) => {
            eprintln!("    the page is a little larger than it could be: {error:#}");
            Ok(())
        }
    }
}
