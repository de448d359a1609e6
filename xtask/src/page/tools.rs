//! The programs of the crate `page-tools`. They are programs, so that `cargo xtask` starts before wasm-bindgen is built.

use std::env::consts::EXE_SUFFIX;
use std::path::PathBuf;

use anyhow::Result;

use super::Compression;
use crate::workspace::{Workspace, cargo, run};

#[derive(Debug)]
pub(super) struct Tools {
    pub(super) bind: PathBuf,
    pub(super) compress: PathBuf,
}

impl Tools {
    pub(super) fn build(workspace: &Workspace, compression: Compression) -> Result<Self> {
        let mut command = cargo();
        command.current_dir(&workspace.root).args(["build", "--package", "page-tools", "--bin", "bind"]);
        if compression == Compression::Best {
            command.args(["--bin", "compress", "--features", "compress"]);
        }
        run(&mut command)?;
        let program = |name: &str| workspace.target.join("debug").join(format!("{name}{EXE_SUFFIX}"));
        Ok(Self { bind: program("bind"), compress: program("compress") })
    }
}
