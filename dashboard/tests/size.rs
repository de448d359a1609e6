//! The size of the page's Wasm. Run by `cargo xtask test`, which builds it and passes its path in an environment variable.
//!
//! These made it much larger and are not linked any more: the tables of `f64::from_str` (`series::decimal` instead), of `str::to_lowercase`
//! and `to_uppercase` (those for ASCII instead), and a copy of `slice::sort` for each type (`store::sorted` instead).

use std::{env, fs, io};

use anyhow::{Context, Result, ensure};
use brotli::enc::BrotliEncoderParams;

const LIMIT_KIB: usize = 300;

#[test]
fn the_wasm_is_at_most_300_kib_by_brotli() -> Result<()> {
    let page =
        env::var_os("KYMOGRAPH_PAGE").context("KYMOGRAPH_PAGE is not set: run this test by `cargo xtask test`")?;
    let assets: Vec<_> = fs::read_dir(std::path::Path::new(&page).join("assets"))?.collect::<io::Result<_>>()?;
    let [assets] = &assets[..] else { anyhow::bail!("found {} folders of assets, expected one", assets.len()) };
    let wasm = fs::read(assets.path().join("dashboard_bg.wasm"))?;
    let parameters = BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut wasm.as_slice(), &mut packed, &parameters)?;
    println!("{} bytes, {} by brotli: {:.1} KiB", wasm.len(), packed.len(), packed.len() as f64 / 1024.0);
    ensure!(packed.len() <= LIMIT_KIB * 1024, "{} bytes by brotli, allowed: {LIMIT_KIB} KiB", packed.len());
    Ok(())
}
