//! The rows of the synthetic source.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use feed_server::ingest::config::SourceConfig;
use feed_server::ingest::{self, SyntheticSettings};
use feed_server::stream::catalog::Catalog;
use feed_server::telemetry::Telemetry;
use protocol::GroupId;

use crate::recording::Rows;

/// `rows` rows of 12 groups of 8 series at a rate, rounded to two decimals.
///
/// # Errors
/// If the source ends before, or there is no runtime.
pub fn synthetic(hz: f64, rows: usize) -> Result<BTreeMap<GroupId, Rows>> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(hz, rows))
}

async fn run(hz: f64, rows: usize) -> Result<BTreeMap<GroupId, Rows>> {
    let prefill = Duration::from_secs_f64(rows as f64 / hz);
    let settings = SyntheticSettings { hz, prefill, ..SyntheticSettings::default() };
    let (sender, mut batches) = ingest::batch_queue::batch_queue();
    let config = [SourceConfig::Synthetic(settings)];
    let source = ingest::start(&config, Arc::new(Catalog::default()), sender, &Telemetry::default());
    let mut groups: BTreeMap<GroupId, Rows> = BTreeMap::new();
    while groups.len() < 12 || groups.values().any(|group| group.times.len() < rows) {
        let batch = batches.recv().await.context("the source ended")?;
        let group = groups.entry(batch.group).or_default();
        group.times.extend(&batch.times);
        for column in batch.columns {
            let values = column.values.iter().map(|value| (value * 100.0).round() / 100.0);
            group.columns.entry(column.series).or_default().extend(values);
        }
    }
    drop(batches);
    source.stop().await;
    for group in groups.values_mut() {
        group.times.truncate(rows);
        for values in group.columns.values_mut() {
            values.truncate(rows);
        }
    }
    Ok(groups)
}
