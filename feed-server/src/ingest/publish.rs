//! Rows of other programs: the settings of the source, and its place in the list of sources.
//!
//! Its rows arrive over connections, which the room `publish` serves. The source itself only waits for the end.

use std::ops::RangeInclusive;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use protocol::Interval;
use serde::{Deserialize, Deserializer};

use super::context::SourceContext;
use super::settings::{self, SourceSettings};
use super::source::{Source, SourceError};
use crate::telemetry::Telemetry;

const MAX_MERGE: Duration = Duration::from_mins(5);
const PUBLISHERS: RangeInclusive<usize> = 1..=10_000;
const SERIES: RangeInclusive<usize> = 1..=1_000_000;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublishSettings {
    /// A row may be older than the newest of its group by at most this.
    #[serde(deserialize_with = "merge")]
    pub merge: Duration,
    /// A limit on publishers that are connected, and a bound on those that are remembered.
    #[serde(deserialize_with = "publishers")]
    pub publishers: usize,
    /// A limit on the series of one publisher.
    #[serde(deserialize_with = "series")]
    pub series: usize,
}

impl Default for PublishSettings {
    fn default() -> Self {
        Self { merge: Duration::ZERO, publishers: 64, series: 10_000 }
    }
}

fn merge<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    settings::duration(deserializer, "merge", MAX_MERGE)
}

fn publishers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    settings::whole_number(deserializer, "publishers", &PUBLISHERS)
}

fn series<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    settings::whole_number(deserializer, "series", &SERIES)
}

impl PublishSettings {
    pub fn merge_window(&self) -> Interval {
        Interval::from_micros(u64::try_from(self.merge.as_micros()).unwrap_or(u64::MAX))
    }
}

impl SourceSettings for PublishSettings {
    fn source(&self, _telemetry: &Telemetry) -> Box<dyn Source> {
        Box::new(PublishSource)
    }
}

const HOW_TO_PUBLISH: &str = "rows of other programs: `some-program | python3 docs/examples/kymograph_publish.py ADDRESS --publisher NAME \
     --group GROUP`, where each line of the program is a name and a value, such as `latency 3.2`";

#[derive(Debug)]
struct PublishSource;

impl Source for PublishSource {
    fn run(self: Box<Self>, context: SourceContext) -> BoxFuture<'static, Result<(), SourceError>> {
        async move {
            context.registrar.health().listening();
            context.registrar.health().hint(HOW_TO_PUBLISH, true);
            context.cancellation.cancelled().await;
            Ok(())
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::config::SourceConfig;

    fn parsed(spec: &str) -> Result<SourceConfig, String> {
        spec.parse::<SourceConfig>().map_err(|error| error.to_string())
    }

    #[test]
    fn settings_are_read_and_refused_with_the_values_allowed() {
        assert_eq!(parsed("publish"), Ok(SourceConfig::Publish(PublishSettings::default())));
        let settings = PublishSettings { merge: Duration::from_secs(2), publishers: 3, series: 40 };
        assert_eq!(parsed("publish:merge=2s,publishers=3,series=40"), Ok(SourceConfig::Publish(settings)));
        for (spec, refusal) in [
            ("publish:merge=6m", "merge must be a duration from 0s to 5m, such as 60s or 5m, found 6m"),
            ("publish:publishers=0", "publishers must be a whole number from 1 to 10000, found 0"),
            ("publish:series=x", "series must be a whole number from 1 to 1000000, found x"),
            ("publish:hz=1", "unknown setting `hz`, expected one of `merge`, `publishers`, `series`"),
        ] {
            assert_eq!(parsed(spec), Err(refusal.to_owned()));
        }
    }
}
