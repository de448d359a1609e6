//! From Rust to a `.wasm` and the JavaScript that loads it.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;
use wasmparser::{ExternalKind, Parser, Payload};

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
/// emits, or spoils it, is no error.
pub(super) fn optimise(wasm: &Path) -> Result<()> {
    let Some(wasm_opt) = in_path("wasm-opt") else {
        eprintln!("    wasm-opt (binaryen) is not installed: the page is a little larger without it");
        return Ok(());
    };
    let optimised = wasm.with_extension("optimised");
    let mut command = Command::new(wasm_opt);
    let done = run(command.args(WASM_OPT).arg(wasm).arg("-o").arg(&optimised))
        .and_then(|()| same_tables(&fs::read(wasm)?, &fs::read(&optimised)?));
    match done {
        Ok(()) => fs::rename(optimised, wasm)?,
        Err(error) => {
            eprintln!("    the page is a little larger than it could be: {error:#}");
            // The folder becomes the page: nothing that is half done may stay in it.
            fs::remove_file(optimised).or_else(|error| match error.kind() {
                ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?;
        }
    }
    Ok(())
}

/// Demands that a module exports the tables that it did before. Binaryen before 110, which Debian 12 has, swaps the table
/// of JavaScript values for that of functions, and the page then fails at its first call.
fn same_tables(before: &[u8], after: &[u8]) -> Result<()> {
    let (before, after) = (exported_tables(before)?, exported_tables(after)?);
    ensure!(
        before == after,
        "wasm-opt made of the exported tables {before:?} {after:?}; binaryen 110 or later does not"
    );
    Ok(())
}

/// The tables that a module exports, by name, with the type of their elements. wasm-bindgen's modules import none, so
/// that a table's index is its place in the table section.
fn exported_tables(module: &[u8]) -> Result<BTreeMap<String, String>> {
    let (mut types, mut exported) = (Vec::new(), BTreeMap::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::TableSection(tables) => {
                for table in tables {
                    types.push(table?.ty.element_type.to_string());
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.kind == ExternalKind::Table {
                        let element = types.get(export.index as usize).context("an exported table is not defined")?;
                        exported.insert(export.name.to_owned(), element.clone());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(exported)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with a table of functions and one of JavaScript values, of which it exports one as `t`.
    fn module(exported: u8) -> Vec<u8> {
        let tables = [0x04, 7, 2, 0x70, 0, 1, 0x6f, 0, 1];
        let exports = [0x07, 5, 1, 1, b't', 1, exported];
        [b"\0asm\x01\0\0\0", &tables[..], &exports[..]].concat()
    }

    #[test]
    fn a_module_whose_exported_table_was_swapped_is_refused() {
        assert!(same_tables(&module(1), &module(1)).is_ok());
        let error = same_tables(&module(1), &module(0)).expect_err("functions in place of values");
        assert!(error.to_string().contains(r#"{"t": "externref"} {"t": "funcref"}"#), "{error}");
    }
}
