//! `compress FILE...`: writes a `.br` beside each file.

use std::{env, fs};

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;

fn main() -> Result<()> {
    for file in env::args_os().skip(1) {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut packed = Vec::new();
        let parameters = BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
        brotli::BrotliCompress(&mut bytes.as_slice(), &mut packed, &parameters)?;
        let mut name = file;
        name.push(".br");
        fs::write(&name, packed).with_context(|| format!("cannot write {}", name.display()))?;
    }
    Ok(())
}
