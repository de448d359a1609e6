//! A system for the tests of readers: files in a temporary folder in place of those of the kernel, and a clock that is set.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use protocol::column::is_missing;
use tempfile::TempDir;

use super::linux::roots::Roots;
use super::reader::Reader;
use super::test_stage::TestStage;

pub(super) const SECOND: Duration = Duration::from_secs(1);

pub(super) struct Fixture {
    folder: TempDir,
    stage: TestStage,
    elapsed: Duration,
}

/// The values of a row by the names of their series. A series without a value is left out.
pub(super) type Row = BTreeMap<String, f64>;

impl Fixture {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        Self { folder, stage: TestStage::new(), elapsed: Duration::ZERO }
    }

    pub(super) fn roots(&self) -> Roots {
        Roots::new(&self.folder.path().join("proc"), &self.folder.path().join("sys"))
    }

    /// The path of a file such as `proc/stat`.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Writes a file, and the folders above it.
    pub(super) fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        fs::write(path, text).expect("written");
    }

    /// Removes a file or a folder.
    pub(super) fn remove(&self, file: &str) {
        let path = self.path(file);
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        removed.expect("removed");
    }

    /// Reads after `pause`. Returns the rows that were sent by the names of their groups, the newest of each.
    pub(super) fn read(&mut self, reader: &mut impl Reader, pause: Duration) -> BTreeMap<String, Row> {
        self.elapsed += pause;
        reader.read(&self.stage.context, self.stage.moment(self.elapsed)).expect("reads");
        let mut rows: BTreeMap<String, Row> = BTreeMap::new();
        for ((group, name), value) in self.stage.values().into_iter().filter(|(_, value)| !is_missing(*value)) {
            rows.entry(group).or_default().insert(name, value);
        }
        rows
    }

    /// The names of the series of a group that have not ended, in order.
    pub(super) fn living(&self, group: &str) -> Vec<String> {
        let mut names = self.stage.names(group);
        names.sort();
        names
    }

    pub(super) fn title(&self, group: &str) -> String {
        self.stage.title(group)
    }

    /// What the health says is not measured.
    pub(super) fn left_out(&self) -> Vec<String> {
        self.stage.left_out()
    }
}
