//! `/metrics`: the server's own counters and gauges, its version, start and certificate, and the health of its sources and publishers.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use protocol::Timestamp;

use crate::clock;
use crate::ingest::health::{SourceStatus, Sources};
use crate::net::tls::Tls;
use crate::publish::publisher::PublisherStatus;
use crate::publish::publishers::Publishers;

/// Reads the health of the sources at each scrape.
#[derive(Debug)]
struct SourceCollector(Sources);

/// Reads the counts of the publishers at each scrape.
#[derive(Debug)]
struct PublisherCollector(Arc<Publishers>);

/// The version, the start, and the certificate of the server.
#[derive(Debug)]
struct ServerCollector {
    start: Timestamp,
    tls: Option<Arc<Tls>>,
}

/// The metrics that are not counted by [`Telemetry`](crate::telemetry::Telemetry), for a server that starts now.
pub fn registry(sources: Sources, publishers: Option<Arc<Publishers>>, tls: Option<Arc<Tls>>) -> Registry {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(ServerCollector { start: clock::now(), tls }));
    registry.sub_registry_with_prefix("kymograph_source").register_collector(Box::new(SourceCollector(sources)));
    if let Some(publishers) = publishers {
        let registry = registry.sub_registry_with_prefix("kymograph_publisher");
        registry.register_collector(Box::new(PublisherCollector(publishers)));
    }
    registry
}

impl Collector for ServerCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut build =
            encoder.encode_descriptor("kymograph_build_info", "1, with the version", None, MetricType::Gauge)?;
        ConstGauge::new(1_i64).encode(build.encode_family(&[("version", env!("CARGO_PKG_VERSION"))])?)?;
        let mut unix_time = |name, help, seconds: f64| {
            let gauge = ConstGauge::new(seconds);
            gauge.encode(encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Gauge)?)
        };
        unix_time("process_start_time", "Unix time of the start of the server", self.start.micros() as f64 / 1e6)?;
        if let Some(tls) = &self.tls {
            let help = "Unix time after which clients refuse the certificate in use";
            unix_time("kymograph_tls_certificate_expiry", help, tls.validity().not_after as f64)?;
        }
        Ok(())
    }
}

type PublisherCount = fn(&PublisherStatus) -> u64;

impl Collector for PublisherCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let statuses = self.0.statuses();
        let mut connected =
            encoder.encode_descriptor("connected", "1 while the publisher is connected", None, MetricType::Gauge)?;
        for status in &statuses {
            let labels = [("publisher", &*status.name)];
            ConstGauge::new(i64::from(status.is_connected)).encode(connected.encode_family(&labels)?)?;
        }
        let counts: [(&str, &str, PublisherCount); 3] = [
            ("rows", "Rows that the stream has accepted from the publisher", |status| status.rows),
            ("lost", "Rows that the publisher lost before it sent them, by its own count", |status| status.lost),
            ("duplicates", "Messages of rows that came again and were ignored", |status| status.repeated),
        ];
        for (name, help, count) in counts {
            let mut counter = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for status in &statuses {
                let labels = [("publisher", &*status.name)];
                ConstCounter::new(count(status)).encode(counter.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

type Count = fn(&SourceStatus) -> u64;

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
        let help = "Subjects that the source does not measure; `/readyz` and the log name them";
        let mut left_out = encoder.encode_descriptor("left_out", help, None, MetricType::Gauge)?;
        for status in &statuses {
            let labels = [("source", &*status.source)];
            ConstGauge::new(status.left_out.len() as i64).encode(left_out.encode_family(&labels)?)?;
        }
        let help = "Longest time from the time of a row to its arrival, in the last seconds";
        let mut delays = encoder.encode_descriptor("delay", help, unit, MetricType::Gauge)?;
        let now = clock::now();
        for status in &statuses {
            if let Some((_, Some(delay))) = status.deliveries.recent(now) {
                let labels = [("source", &*status.source)];
                ConstGauge::new(delay.as_secs_f64()).encode(delays.encode_family(&labels)?)?;
            }
        }
        let counts: [(&str, &str, Count); 3] = [
            ("rows", "Rows that the source has delivered", |status| status.deliveries.rows()),
            ("received", "Lines or other items that the source has received", |status| status.received),
            (
                "refused",
                "Lines, values or datagrams that were not used: the log has the first reason of each kind",
                |status| status.refused,
            ),
        ];
        for (name, help, count) in counts {
            let mut counter = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for status in &statuses {
                let labels = [("source", &*status.source)];
                ConstCounter::new(count(status)).encode(counter.encode_family(&labels)?)?;
            }
        }
        let help = "Rows out of the order of time, by what became of them; all but `merged` were dropped";
        let mut rows = encoder.encode_descriptor("rows_out_of_order", help, None, MetricType::Counter)?;
        for status in &statuses {
            for (outcome, count) in status.out_of_order.named() {
                let labels = [("source", &*status.source), ("outcome", outcome)];
                ConstCounter::new(count).encode(rows.encode_family(&labels)?)?;
            }
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
    use crate::ingest::row_order::OutOfOrder;
    use crate::telemetry::Telemetry;

    #[test]
    fn metrics_contain_the_health_of_each_source() {
        let (host, broken) = (SourceHealth::new("host"), SourceHealth::new("synthetic"));
        host.delivered(4, Some(Timestamp::from_micros(2_500_000)), Timestamp::from_micros(3_000_000));
        broken.failed(&"/etc/secret");
        host.count_out_of_order(OutOfOrder { merged: 3, too_late: 2, ..OutOfOrder::default() });
        let _stuck = host.stuck("disk space of /mnt/nas".into(), Instant::now());
        let text = Telemetry::default().exposition(&registry([host, broken].into_iter().collect(), None, None));
        for line in [
            "kymograph_source_state{source=\"host\",state=\"running\"} 1\n",
            "kymograph_source_state{source=\"synthetic\",state=\"failed\"} 1\n",
            "kymograph_source_series{source=\"host\"} 0\n",
            "kymograph_source_rows_total{source=\"host\"} 4\n",
            "kymograph_source_newest_sample_time_seconds{source=\"host\"} 2.5\n",
            "kymograph_source_stuck_readers{source=\"host\"} 1\n",
            "kymograph_source_stuck_readers{source=\"synthetic\"} 0\n",
            "kymograph_source_rows_out_of_order_total{source=\"host\",outcome=\"merged\"} 3\n",
            "kymograph_source_rows_out_of_order_total{source=\"host\",outcome=\"too_late\"} 2\n",
            "kymograph_source_rows_out_of_order_total{source=\"synthetic\",outcome=\"repeated\"} 0\n",
            "kymograph_source_has_error{source=\"host\"} 0\n",
            "kymograph_source_has_error{source=\"synthetic\"} 1\n",
            concat!("kymograph_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1\n"),
            "# TYPE process_start_time_seconds gauge\n",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        assert!(!text.contains("secret") && text.ends_with("# EOF\n"), "{text}");
    }
}
