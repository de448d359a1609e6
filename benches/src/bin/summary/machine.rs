//! Describes the machine.

use std::process::Command;
use std::{env, fs, thread};

use anyhow::{Context, Result, ensure};

/// One line: processor, cores, system, compiler.
pub(crate) fn section() -> Result<String> {
    let cores = thread::available_parallelism().context("cannot count the cores")?;
    let (os, arch) = (env::consts::OS, env::consts::ARCH);
    let rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("--version").output();
    let rustc = rustc.context("cannot run rustc")?;
    ensure!(rustc.status.success(), "`rustc --version` failed: {}", rustc.status);
    let rustc = String::from_utf8(rustc.stdout).context("`rustc --version` did not print UTF-8")?;
    Ok(format!("{}, {cores} cores; {os} {arch}; {}\n", processor(), rustc.trim()))
}

/// The processor's name from `/proc/cpuinfo`.
fn processor() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| "unnamed processor".into(), |(_, name)| name.trim().into())
}
