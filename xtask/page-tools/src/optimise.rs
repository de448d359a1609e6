//! Reduces the size of a Wasm file by `wasm-opt` (binaryen), if it is installed.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wasmparser::{ExternalKind, Parser, Payload};

/// The features that rustc uses for the target, and SIMD: `wasm-opt` refuses a feature that is not named.
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

/// Optimises a file in place. The page works without it, so an old `wasm-opt` that refuses or damages the module is not an
/// error: the file stays as it was.
///
/// # Errors
/// If the file cannot be read or replaced.
pub fn optimise(wasm_opt: &Path, wasm: &Path) -> Result<()> {
    let optimised = wasm.with_extension("optimised");
    let mut command = Command::new(wasm_opt);
    command.args(WASM_OPT).arg(wasm).arg("-o").arg(&optimised);
    let done = succeed(&mut command).and_then(|()| same_tables(&fs::read(wasm)?, &fs::read(&optimised)?));
    match done {
        Ok(()) => fs::rename(optimised, wasm)?,
        Err(error) => {
            eprintln!("    the page is larger, since it is not optimised: {error:#}");
            // The folder becomes the page: an incomplete file must not stay in it.
            fs::remove_file(optimised).or_else(|error| match error.kind() {
                ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?;
        }
    }
    Ok(())
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    ensure!(status.success(), "wasm-opt failed: {status}");
    Ok(())
}

/// Fails if a module no longer exports the same tables. Binaryen before 110, which Debian 12 has, swaps the table of
/// JavaScript values and the table of functions, and the page then fails at its first call.
fn same_tables(before: &[u8], after: &[u8]) -> Result<()> {
    let (before, after) = (exported_tables(before)?, exported_tables(after)?);
    ensure!(
        before == after,
        "wasm-opt changed the exported tables {before:?} to {after:?}: install binaryen 110 or later"
    );
    Ok(())
}

/// Exported tables by name, with the type of their elements. wasm-bindgen's modules import no table, so a table's index is
/// its position in the table section.
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
        assert!(error.to_string().contains(r#"{"t": "externref"} to {"t": "funcref"}"#), "{error}");
    }
}
