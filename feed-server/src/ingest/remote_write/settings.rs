//! The settings of the source.

use std::time::Duration;

use protocol::Interval;
use serde::{Deserialize, Deserializer};

use crate::ingest::settings;

const MAX_MERGE: Duration = Duration::from_mins(5);
const MAX_SERIES: usize = 1_000_000;

/// Receives what Prometheus sends to `/api/v1/write`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RemoteWriteSettings {
    /// The beginning of the names of groups.
    #[serde(deserialize_with = "name")]
    pub(super) name: String,
    /// A limit on living series.
    #[serde(deserialize_with = "series")]
    pub(super) series: usize,
    /// A sample may be older than the newest of its metric by this.
    #[serde(deserialize_with = "merge")]
    merge: Duration,
    /// Labels that are removed: those that tell two Prometheus servers apart that send the same.
    #[serde(deserialize_with = "drop_labels")]
    pub(super) drop_labels: Vec<String>,
}

impl Default for RemoteWriteSettings {
    fn default() -> Self {
        let (name, merge) = ("remote_write".to_owned(), Duration::from_secs(30));
        Self { name, series: 50_000, merge, drop_labels: Vec::new() }
    }
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    settings::name(deserializer, "name")
}

fn series<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    settings::whole_number(deserializer, "series", &(1..=MAX_SERIES))
}

fn merge<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    settings::duration(deserializer, "merge", MAX_MERGE)
}

fn drop_labels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    settings::texts(deserializer, "drop_labels")
}

impl RemoteWriteSettings {
    pub(super) fn merge_window(&self) -> Interval {
        Interval::from_micros(u64::try_from(self.merge.as_micros()).unwrap_or(u64::MAX))
    }
}
