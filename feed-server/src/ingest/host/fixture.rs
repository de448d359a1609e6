//! A system for the tests of readers: files in a temporary folder in place of those of the kernel, and a clock that is set.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::Timestamp;
use protocol::column::is_missing;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::linux::roots::Roots;
use super::reader::{Moment, Reader};
use crate::ingest::batch_queue::{BatchReceiver, Received, batch_queue};
use crate::ingest::blocking::BlockingContext;
use crate::ingest::test_registry::TestRegistry;

pub(super) struct Fixture {
    folder: TempDir,
    registry: Arc<TestRegistry>,
    batches: BatchReceiver,
    context: BlockingContext,
    _runtime: Runtime,
    start: Instant,
    elapsed: Duration,
}

/// The values of a row by the names of their series. A series without a value is left out.
pub(super) type Row = BTreeMap<String, f64>;

impl Fixture {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let registry = Arc::new(TestRegistry::default());
        let (sender, batches) = batch_queue();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let context = registry.context(sender.clone());
        let context = BlockingContext::of_test(&context, runtime.handle().clone());
        // The context does not keep the queue open.
        std::mem::forget(sender);
        let start = Instant::now();
        Self { folder, registry, batches, context, _runtime: runtime, start, elapsed: Duration::ZERO }
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
        let time = Timestamp::from_micros(1_700_000_000_000_000 + self.elapsed.as_micros() as i64);
        let now = Moment { time, instant: self.start + self.elapsed };
        reader.read(&self.context, now).expect("reads");
        let (groups, series) = (self.registry.groups(), self.registry.series());
        let mut rows = BTreeMap::new();
        while let Received::Batch(batch) = self.batches.take() {
            let values = batch.columns.iter().filter_map(|column| {
                let value = *column.values.last().expect("a value");
                let name = series[column.series.0 as usize - 1].name.clone();
                (!is_missing(value)).then_some((name, value))
            });
            rows.insert(groups[batch.group.0 as usize - 1].name.clone(), values.collect());
        }
        rows
    }

    /// The names of the series of a group that have not ended, in order.
    pub(super) fn living(&self, group: &str) -> Vec<String> {
        let groups = self.registry.groups();
        let series = self.registry.living().into_iter();
        let of_group = series.filter(|series| groups[series.group.0 as usize - 1].name == group);
        let mut names: Vec<String> = of_group.map(|series| series.name).collect();
        names.sort();
        names
    }

    pub(super) fn title(&self, group: &str) -> String {
        self.registry.groups().into_iter().find(|held| held.name == group).expect("is registered").title
    }

    /// What the health says is not measured.
    pub(super) fn left_out(&self) -> Vec<String> {
        self.context.registrar.health().status().left_out.iter().map(ToString::to_string).collect()
    }
}

pub(super) const SECOND: Duration = Duration::from_secs(1);
