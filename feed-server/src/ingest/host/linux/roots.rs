//! The roots of `/proc` and `/sys`. Tests use folders of their own.

use std::path::{Path, PathBuf};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ingest::host) struct Roots {
    proc: PathBuf,
    sys: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self::new(Path::new("/proc"), Path::new("/sys"))
    }
}

impl Roots {
    pub(in crate::ingest::host) fn new(proc: &Path, sys: &Path) -> Self {
        Self { proc: proc.to_owned(), sys: sys.to_owned() }
    }

    pub(super) fn proc(&self, file: &str) -> PathBuf {
        self.proc.join(file)
    }

    pub(super) fn sys(&self, file: &str) -> PathBuf {
        self.sys.join(file)
    }
}
