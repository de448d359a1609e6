//! `bind WASM FOLDER NAME [WASM_OPT]`: writes `NAME.js` and `NAME_bg.wasm` into a folder, the latter optimised by
//! the program `WASM_OPT`.

use std::env;
use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result, bail};
use page_tools::optimise::optimise;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let [wasm, folder, name, wasm_opt @ ..] = arguments.as_slice() else {
        bail!("expected WASM FOLDER NAME [WASM_OPT], found {} arguments", arguments.len());
    };
    let (wasm, folder, name) = (Path::new(wasm), Path::new(folder), name.to_str().context("NAME is not UTF-8")?);
    bind(wasm, folder, name)?;
    if let Some(wasm_opt) = wasm_opt.first() {
        optimise(Path::new(wasm_opt), &folder.join(format!("{name}_bg.wasm")))?;
    }
    Ok(())
}

/// The script's `init` requires the address of the Wasm file as an argument.
fn bind(wasm: &Path, folder: &Path, name: &str) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name(name).web(true)?.typescript(false).omit_default_module_path(true);
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen.generate(folder).with_context(|| format!("wasm-bindgen cannot bind {}", wasm.display()))
}
