//! A source, and what it sends: for tests of sources without a server.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use feed_server::ingest::batch::Batch;
use feed_server::ingest::batch_queue::{BatchReceiver, batch_queue};
use feed_server::ingest::config::SourceConfig;
use feed_server::ingest::health::SourceStatus;
use feed_server::ingest::start::{RunningSources, start};
use feed_server::stream::catalog::Catalog;
use feed_server::telemetry::Telemetry;
use protocol::column::is_missing;
use protocol::{SeriesId, Timestamp};

/// By group and series, oldest first.
pub(crate) type Received = BTreeMap<(String, String), Vec<(Timestamp, f64)>>;

/// A source, and what it sends.
pub(crate) struct Watch {
    pub(crate) catalog: Catalog,
    batches: BatchReceiver,
    pub(crate) running: RunningSources,
    received: BTreeMap<SeriesId, Vec<(Timestamp, f64)>>,
}

impl Watch {
    pub(crate) fn start(source: &str) -> Self {
        Self::with(source.parse().expect("a valid source"))
    }

    pub(crate) fn with(config: SourceConfig) -> Self {
        let (sender, batches) = batch_queue();
        let catalog = Catalog::default();
        let running = start(&[config], Arc::new(catalog.clone()), sender, &Telemetry::default());
        Self { catalog, batches, running, received: BTreeMap::new() }
    }

    pub(crate) fn status(&self) -> SourceStatus {
        self.running.health().statuses().remove(0)
    }

    /// Takes batches until what was received is enough.
    pub(crate) async fn until(&mut self, is_enough: impl Fn(&Received) -> bool) -> Received {
        loop {
            let received = self.named();
            if is_enough(&received) {
                return received;
            }
            let batch = self.batches.recv().await.expect("the source runs");
            self.take(batch);
        }
    }

    /// Takes batches until the status of the source is so.
    pub(crate) async fn until_status(&mut self, is_so: impl Fn(&SourceStatus) -> bool) -> SourceStatus {
        loop {
            let status = self.status();
            if is_so(&status) {
                return status;
            }
            match tokio::time::timeout(Duration::from_millis(20), self.batches.recv()).await {
                Ok(Some(batch)) => self.take(batch),
                // It has ended.
                Ok(None) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(_elapsed) => {}
            }
        }
    }

    fn take(&mut self, batch: Batch) {
        for column in batch.columns {
            let values = batch.times.iter().copied().zip(column.values).filter(|(_, value)| !is_missing(*value));
            self.received.entry(column.series).or_default().extend(values);
        }
    }

    pub(crate) fn named(&self) -> Received {
        let whole = self.catalog.whole();
        let groups: BTreeMap<_, _> = whole.groups.iter().map(|(id, group)| (*id, group.name.clone())).collect();
        let named = whole.series.iter().filter_map(|(id, series)| {
            Some(((groups.get(&series.group)?.clone(), series.name.clone()), self.received.get(id)?.clone()))
        });
        named.collect()
    }
}

pub(crate) fn program(variable: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| panic!("`cargo xtask test` sets {variable}"), PathBuf::from)
}

/// Returns true if this series has so many values.
pub(crate) fn has(received: &Received, group: &str, series: &str, count: usize) -> bool {
    received.get(&(group.to_owned(), series.to_owned())).is_some_and(|values| values.len() >= count)
}
