//! `/metrics`: the server's own counters and gauges, and the health of its sources.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use crate::ingest::health::{SourceStatus, Sources};

/// Reads the health of the sources at each scrape.
#[derive(Debug)]
struct SourceCollector(Sources);

/// The metrics of `sources`.
pub fn source_registry(sources: Sources) -> Registry {
    let mut registry = Registry::with_prefix("kymograph_source");
    registry.register_collector(Box::new(SourceCollector(sources)));
    registry
}

impl Collector for SourceCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let statuses = self.0.statuses();
        let mut states = encoder.encode_descriptor("state", "1 for the source's state", None, MetricType::Gauge)?;
        for SourceStatus { source, state, .. } in &statuses {
            let labels = [("source", source.to_string()), ("state", state.to_string())];
            ConstGauge::new(1_i64).encode(states.encode_family(&labels)?)?;
        }
        let help = "Series that the source has registered and not ended";
        let mut series = encoder.encode_descriptor("series", help, None, MetricType::Gauge)?;
        for status in &statuses {
            let labels = [("source", &*status.source)];
            ConstGauge::new(status.series as i64).encode(series.encode_family(&labels)?)?;
        }
        let help = "Unix time of the source's newest sample";
        let unit = Some(&Unit::Seconds);
        let mut newest = encoder.encode_descriptor("newest_sample_time", help, unit, MetricType::Gauge)?;
        for (source, time) in statuses.iter().filter_map(|status| Some((&*status.source, status.newest_sample?))) {
            ConstGauge::new(time.micros() as f64 / 1e6).encode(newest.encode_family(&[("source", source)])?)?;
        }
        let help = "Resources that do not answer the source: it continues without them; the log names them";
        let mut stuck = encoder.encode_descriptor("stuck_readers", help, None, MetricType::Gauge)?;
        for status in &statuses {
            let labels = [("source", &*status.source)];
            ConstGauge::new(status.stuck.len() as i64).encode(stuck.encode_family(&labels)?)?;
        }
        let help = "1 if the source has reported an error since the start; the log has its text";
        let mut errors = encoder.encode_descriptor("has_error", help, None, MetricType::Gauge)?;
        for status in &statuses {
            let labels = [("source", &*status.source)];
            ConstGauge::new(i64::from(status.last_error.is_some())).encode(errors.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use protocol::Timestamp;

    use super::*;
    use crate::ingest::health::SourceHealth;
    use crate::telemetry::Telemetry;

    #[test]
    fn metrics_contain_the_health_of_each_source() {
        let (host, broken) = (SourceHealth::new("host"), SourceHealth::new("synthetic"));
        host.delivered(Some(Timestamp::from_micros(2_500_000)), Timestamp::from_micros(3_000_000));
        broken.failed(&"/etc/secret");
        let _stuck = host.stuck("disk space of /mnt/nas".into(), Instant::now());
        let text = Telemetry::default().exposition(&source_registry([host, broken].into_iter().collect()));
        for line in [
            "kymograph_source_state{source=\"host\",state=\"running\"} 1\n",
            "kymograph_source_state{source=\"synthetic\",state=\"failed\"} 1\n",
            "kymograph_source_series{source=\"host\"} 0\n",
            "kymograph_source_newest_sample_time_seconds{source=\"host\"} 2.5\n",
            "kymograph_source_stuck_readers{source=\"host\"} 1\n",
            "kymograph_source_stuck_readers{source=\"synthetic\"} 0\n",
            "kymograph_source_has_error{source=\"host\"} 0\n",
            "kymograph_source_has_error{source=\"synthetic\"} 1\n",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        assert!(!text.contains("secret") && text.ends_with("# EOF\n"), "{text}");
    }
}
