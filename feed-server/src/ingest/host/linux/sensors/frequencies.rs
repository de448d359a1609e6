//! The frequency of each processor. On some machines the kernel asks the processor itself, which takes milliseconds and wakes it up.

use std::path::{Path, PathBuf};

use super::chips::numbered;
use crate::ingest::host::kernel::fields::number;
use crate::ingest::host::linux::cpu::Core;
use crate::ingest::host::linux::text_file::TextBuffer;

/// Finds the processors that state their frequency.
pub(super) fn list(folder: &Path) -> Vec<(Core, PathBuf)> {
    let cores = numbered(folder, "cpu", "").map(|(core, path)| (Core(core), path.join("cpufreq/scaling_cur_freq")));
    cores.filter(|(_, file)| file.exists()).collect()
}

/// In Hz.
pub(super) fn read(file: &Path, text: &mut TextBuffer) -> Option<f64> {
    Some(number(text.read(file).ok()?.trim_ascii())? as f64 * 1e3)
}
