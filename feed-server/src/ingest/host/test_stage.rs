//! Calls a reader as the source does, at times of the test, and shows what it sent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use protocol::Timestamp;
use tokio::runtime::{Builder, Runtime};

use super::reader::{Moment, Reader};
use crate::ingest::batch_queue::{BatchReceiver, BatchSender, Received, batch_queue};
use crate::ingest::blocking::BlockingContext;
use crate::ingest::context::SourceContext;
use crate::ingest::registry::Series;
use crate::ingest::test_registry::TestRegistry;

/// A reader that does not answer within this time fails the test.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

pub(super) struct TestStage {
    pub(super) context: BlockingContext,
    pub(super) registry: Arc<TestRegistry>,
    batches: Mutex<BatchReceiver>,
    start: Instant,
    _sender: BatchSender,
    _runtime: Runtime,
}

/// The values of rows, by group and name of the series.
pub(super) type Values = BTreeMap<(String, String), f64>;

/// The values of rows by name of the group, and then by name of the series.
pub(super) type Rows = BTreeMap<String, BTreeMap<String, f64>>;

impl TestStage {
    pub(super) fn new() -> Self {
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        let registry = Arc::new(TestRegistry::default());
        let (sender, batches) = batch_queue();
        let context: SourceContext = registry.context(sender.clone());
        let context = BlockingContext::of_test(&context, runtime.handle().clone());
        let batches = Mutex::new(batches);
        Self { context, registry, batches, start: Instant::now(), _sender: sender, _runtime: runtime }
    }

    pub(super) fn moment(&self, after: Duration) -> Moment {
        let time = Timestamp::from_micros(after.as_micros() as i64);
        Moment { time, instant: self.start + after }
    }

    /// Calls the reader until its turn is over, and returns the values that it sent.
    pub(super) fn turn(&self, reader: &mut impl Reader) -> Values {
        self.finish(reader, Moment::now);
        self.values()
    }

    /// Calls the reader at `now` until its turn is over, and returns the newest row of each group that it sent.
    pub(super) fn read(&self, reader: &mut dyn Reader, now: Moment) -> Rows {
        self.finish(reader, || now);
        let mut rows = Rows::new();
        for ((group, name), value) in self.values() {
            rows.entry(group).or_default().insert(name, value);
        }
        rows
    }

    fn finish(&self, reader: &mut dyn Reader, now: impl Fn() -> Moment) {
        let began = Instant::now();
        loop {
            reader.read(&self.context, now()).expect("registers and sends");
            match reader.awaits() {
                Some(pause) => std::thread::sleep(pause),
                None => return,
            }
            assert!(began.elapsed() < ANSWERS_WITHIN, "no answer");
        }
    }

    /// What was sent since the last call. Of several rows of a group, the last.
    pub(super) fn values(&self) -> Values {
        let (groups, series) = (self.registry.groups(), self.registry.series());
        let mut values = Values::new();
        while let Received::Batch(batch) = self.batches.lock().take() {
            let group = &groups[batch.group.0 as usize - 1].name;
            for column in batch.columns {
                let name = &series[column.series.0 as usize - 1].name;
                values.insert((group.clone(), name.clone()), *column.values.last().expect("a row"));
            }
        }
        values
    }

    /// The series of a group that have not ended.
    pub(super) fn live(&self, group: &str) -> Vec<Series> {
        let groups = self.registry.groups();
        let is_of_group = |series: &Series| groups[series.group.0 as usize - 1].name == group;
        self.registry.live_series().into_iter().map(|(_, series)| series).filter(is_of_group).collect()
    }

    /// The names of the series of a group that have not ended.
    pub(super) fn names(&self, group: &str) -> Vec<String> {
        self.live(group).into_iter().map(|series| series.name).collect()
    }

    pub(super) fn title(&self, group: &str) -> String {
        self.registry.groups().into_iter().find(|held| held.name == group).expect("is registered").title
    }

    /// What the health says is not measured.
    pub(super) fn left_out(&self) -> Vec<String> {
        self.context.registrar.health().status().left_out.iter().map(ToString::to_string).collect()
    }
}
