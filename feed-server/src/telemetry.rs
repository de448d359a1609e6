//! The server's own counters and gauges: `/metrics` as OpenMetrics text, and the source of its own panels.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::Bytes;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, EncodeMetric, text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};
use protocol::Interval;

use crate::duration;
use crate::process::Usage;

/// Counters and gauges of the process. Cheap to clone: all clones count together.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Rows of samples that sources sent.
    pub rows: Counter,
    /// Values that sources sent.
    pub samples: Counter,
    /// Rows dropped because of their time: repeated, too late, or too far ahead.
    pub rows_out_of_order: Counter,
    /// Rows that came after later ones and were put in their place.
    pub rows_merged: Counter,
    pub log_lines: Counter,
    pub events: Counter,
    /// `Samples` frames given a sequence number.
    pub frames_sequenced: Counter,
    /// Frames encoded, of any kind.
    pub frames_encoded: Counter,
    /// Frames written to viewers' sockets.
    pub frames_sent: Counter,
    /// Bytes written to viewers' sockets.
    pub bytes_sent: Counter,
    /// Messages read from viewers.
    pub messages_received: Counter,
    pub viewers: Gauge,
    /// Distinct subscriptions of these: each is encoded once.
    pub subscriptions: Gauge,
    /// Viewers that are sent history in place of live frames.
    pub viewers_catching_up: Level,
    /// Bytes that wait for viewers' sockets to take them.
    pub queued_bytes: Level,
    /// Viewers connected since the start.
    pub viewers_connected: Counter,
    /// Times a viewer fell so far behind that it was sent history in place of live frames.
    pub viewers_fell_behind: Counter,
    /// Gaps declared to viewers.
    pub gaps: Counter,
    /// Queries of viewers that were answered, or refused for too many summaries.
    pub queries: Counter,
    /// The cost of queries in values: those that were read, and what was passed over and compared.
    pub query_cost: Counter,
    /// Sessions closed because the viewer broke a rule, by reason.
    pub sessions_refused: Family<RefusalLabel, Counter>,
    /// Connections now, of viewers and others.
    pub connections: Level,
    /// Connections over the limits.
    pub connections_refused: Counter,
    pub http_responses: Family<StatusLabel, Counter>,
    /// Lines of the log that standard error did not accept.
    pub log_lines_dropped: Counter,
    /// Groups in the catalog.
    pub groups: Gauge,
    /// Series in the catalog.
    pub series: Gauge,
    /// Blocks of history that were encoded: sealed segments, and newer rows for viewers.
    pub history_blocks_encoded: Counter,
    /// Memory of the history, in bytes.
    pub history_bytes: Gauge<f64, AtomicU64>,
    /// Memory of the summaries in each tier, in bytes.
    summaries_bytes: Family<StepLabel, Gauge<f64, AtomicU64>>,
    /// Bound on the memory of the history and the recent frames, in bytes.
    pub history_limit_bytes: Gauge<f64, AtomicU64>,
    registry: Arc<Registry>,
}

/// A gauge of an amount held now. Cheap to clone: all clones count together.
#[derive(Clone, Debug, Default)]
pub struct Level(Gauge);

/// A part of a [`Level`] until it is dropped.
#[derive(Debug)]
pub struct LevelGuard {
    gauge: Gauge,
    amount: i64,
}

impl Level {
    pub fn enter(&self) -> LevelGuard {
        self.hold(1)
    }

    pub fn hold(&self, amount: usize) -> LevelGuard {
        let (gauge, amount) = (self.0.clone(), amount as i64);
        gauge.inc_by(amount);
        LevelGuard { gauge, amount }
    }
}

impl Drop for LevelGuard {
    fn drop(&mut self) {
        self.gauge.dec_by(self.amount);
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RefusalLabel {
    pub reason: RefusalReason,
}

/// The reason why a session was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum RefusalReason {
    /// A message that does not decode.
    Malformed,
    Text,
    /// A message above the limit.
    TooBig,
    /// Bytes that are not a WebSocket frame.
    WebSocket,
    Timeout,
    /// More messages or bytes than allowed.
    Flood,
    /// A page without the token.
    Token,
    /// A page whose browser session was revoked or has expired.
    SessionEnded,
    /// A page whose role does not include viewing.
    Role,
    /// A publisher that another connection has replaced.
    Replaced,
    /// A publisher over the limit on publishers.
    Publishers,
}

/// The step of a tier of summaries, such as `10s`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StepLabel {
    pub step: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StatusLabel {
    pub status: u16,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new()
    }
}

impl Telemetry {
    pub fn new() -> Self {
        let mut everything = Registry::default();
        everything.register_collector(Box::new(ProcessCollector));
        let registry = everything.sub_registry_with_prefix("kymograph");
        let mut counter = |name, help| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let rows = counter("rows", "Rows of samples sent by sources");
        let samples = counter("samples", "Values sent by sources");
        let rows_out_of_order = counter("rows_out_of_order", "Rows dropped because of their time");
        let rows_merged = counter("rows_merged", "Rows that came after later ones and were put in their place");
        let log_lines = counter("log_lines", "Lines of logs sent by sources");
        let events = counter("events", "Events sent by sources and by the server");
        let frames_sequenced = counter("frames_sequenced", "Frames of samples given a sequence number");
        let frames_encoded = counter("frames_encoded", "Frames encoded, of any kind");
        let history_blocks_encoded =
            counter("history_blocks_encoded", "Blocks of history encoded: sealed segments, and newer rows for viewers");
        let frames_sent = counter("frames_sent", "Frames written to viewers' sockets");
        let messages_received = counter("messages_received", "Messages read from viewers");
        let viewers_connected = counter("viewers_connected", "Viewers connected since the start");
        let viewers_fell_behind =
            counter("viewers_fell_behind", "Number of times that a viewer fell behind and was sent history");
        let connections_refused =
            counter("connections_refused", "Connections refused because a connection limit was reached");
        let gaps = counter("gaps", "Gaps declared to viewers");
        let queries = counter("queries", "Queries of viewers that were answered, or refused for too many summaries");
        let query_cost = counter(
            "query_cost_values",
            "Cost of queries in values: those that were read, and what was passed over and compared",
        );
        let log_lines_dropped =
            counter("log_lines_dropped", "Lines of the log dropped because standard error did not accept them");
        let bytes_sent = Counter::default();
        let (viewers, subscriptions, groups, series) = <(Gauge, Gauge, Gauge, Gauge)>::default();
        let (viewers_catching_up, queued_bytes, connections) = <(Level, Level, Level)>::default();
        let (history_bytes, history_limit_bytes) = <(Gauge<f64, AtomicU64>, Gauge<f64, AtomicU64>)>::default();
        let (sessions_refused, http_responses) = <(Family<_, _>, Family<_, _>)>::default();
        let summaries_bytes = Family::<StepLabel, Gauge<f64, AtomicU64>>::default();
        registry.register_with_unit("sent", "Bytes written to viewers' sockets", Unit::Bytes, bytes_sent.clone());
        registry.register("viewers", "Viewers connected", viewers.clone());
        let help = "Different subscriptions that have viewers; each frame is encoded once for each of them";
        registry.register("subscriptions", help, subscriptions.clone());
        registry.register("connections", "Connections, of viewers and others", connections.0.clone());
        let help = "Viewers that are behind and are sent history";
        registry.register("viewers_catching_up", help, viewers_catching_up.0.clone());
        let help = "Bytes that wait for viewers' sockets to take them";
        registry.register_with_unit("viewers_queued", help, Unit::Bytes, queued_bytes.0.clone());
        registry.register("groups", "Groups in the catalog", groups.clone());
        registry.register("series", "Series in the catalog", series.clone());
        registry.register_with_unit("history", "Memory of the history", Unit::Bytes, history_bytes.clone());
        let help = "Bound on the memory of the history and the recent frames";
        registry.register_with_unit("history_limit", help, Unit::Bytes, history_limit_bytes.clone());
        let help = "Memory of the summaries, by the step of their tier";
        registry.register_with_unit("summaries", help, Unit::Bytes, summaries_bytes.clone());
        let help = "Sessions closed because the viewer broke a rule, by reason";
        registry.register("sessions_refused", help, sessions_refused.clone());
        registry.register("http_responses", "HTTP responses, by status", http_responses.clone());
        Self {
            rows,
            samples,
            rows_out_of_order,
            rows_merged,
            log_lines,
            events,
            frames_sequenced,
            frames_encoded,
            history_blocks_encoded,
            frames_sent,
            bytes_sent,
            messages_received,
            viewers,
            subscriptions,
            viewers_catching_up,
            queued_bytes,
            viewers_connected,
            viewers_fell_behind,
            gaps,
            queries,
            query_cost,
            sessions_refused,
            connections,
            connections_refused,
            http_responses,
            log_lines_dropped,
            groups,
            series,
            history_bytes,
            summaries_bytes,
            history_limit_bytes,
            registry: Arc::new(everything),
        }
    }

    /// The memory of the summaries of one step.
    pub fn summaries(&self, step: Interval) -> Gauge<f64, AtomicU64> {
        let step = duration::format(Duration::from_micros(step.micros()));
        self.summaries_bytes.get_or_create(&StepLabel { step }).clone()
    }

    /// Counts frames that were written to a viewer's socket.
    pub fn sent(&self, frames: &[Bytes]) {
        self.frames_sent.inc_by(frames.len() as u64);
        self.bytes_sent.inc_by(frames.iter().map(Bytes::len).sum::<usize>() as u64);
    }

    /// Counts a session that was closed.
    pub fn refuse(&self, reason: RefusalReason) {
        self.sessions_refused.get_or_create(&RefusalLabel { reason }).inc();
    }

    /// All metrics, and those of `more`, as OpenMetrics text.
    pub fn exposition(&self, more: &Registry) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _written = text::encode_registry(&mut out, &self.registry);
        let _written = text::encode(&mut out, more);
        out
    }
}

/// Reads the usage of the process at each scrape. The names are those of Prometheus' client libraries.
#[derive(Debug)]
struct ProcessCollector;

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(usage) = Usage::now() else { return Ok(()) };
        for (name, help, time) in [
            ("process_cpu", "CPU time, user and system", usage.cpu()),
            ("process_cpu_user", "CPU time in the process's own code", usage.user),
            ("process_cpu_system", "CPU time in the kernel", usage.system),
        ] {
            let counter = ConstCounter::new(time.as_secs_f64());
            counter.encode(encoder.encode_descriptor(name, help, Some(&Unit::Seconds), counter.metric_type())?)?;
        }
        for (name, help, value) in [
            ("process_resident_memory_bytes", "Resident memory", usage.resident_bytes),
            ("process_open_fds", "Open files and sockets", usage.open_files),
        ] {
            let gauge = ConstGauge::new(value as i64);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exposition_contains_counters_with_their_values() {
        let telemetry = Telemetry::default();
        telemetry.samples.inc_by(41);
        telemetry.clone().samples.inc();
        telemetry.refuse(RefusalReason::Text);
        assert_eq!(telemetry.exposition(&Registry::default()).matches("samples_total").count(), 1);
        let text = telemetry.exposition(&Registry::default());
        assert!(text.contains("kymograph_samples_total 42\n"), "{text}");
        assert!(text.contains("kymograph_sessions_refused_total{reason=\"Text\"} 1\n"), "{text}");
        assert!(text.contains("\nprocess_cpu_seconds_total "), "{text}");
        assert!(text.contains("\nprocess_resident_memory_bytes "), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
