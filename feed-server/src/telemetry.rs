//! What the server measures of itself: `/metrics` in Prometheus exposition, and the source of its own panels.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::Bytes;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::process::Usage;

/// Counters and gauges, one of each for the process. Cheap to clone: all clones count together.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    /// Rows of samples that sources handed over.
    pub rows: Counter,
    /// Values that sources handed over.
    pub samples: Counter,
    /// Rows dropped because their time did not rise.
    pub rows_out_of_order: Counter,
    /// `Samples` frames given a sequence number.
    pub frames_sequenced: Counter,
    /// Frames encoded, of any kind.
    pub frames_encoded: Counter,
    /// Frames handed to viewers' sockets.
    pub frames_sent: Counter,
    /// Bytes handed to viewers' sockets.
    pub bytes_sent: Counter,
    /// Messages read from viewers.
    pub messages_received: Counter,
    /// Viewers connected.
    pub viewers: Gauge,
    /// Viewers that are being sent what they lack, in place of live frames.
    pub viewers_catching_up: Level,
    /// Bytes that wait for viewers' sockets to take them.
    pub queued_bytes: Level,
    /// Viewers ever connected.
    pub viewers_connected: Counter,
    /// Times a viewer fell so far behind that it was sent history in place of live frames.
    pub viewers_fell_behind: Counter,
    /// Gaps declared to viewers.
    pub gaps: Counter,
    /// Sessions closed for breaking the protocol, by reason.
    pub sessions_refused: Family<RefusalLabel, Counter>,
    /// Connections refused, there being as many as there may be.
    pub connections_refused: Counter,
    /// Requests answered over HTTP, by status.
    pub http_responses: Family<StatusLabel, Counter>,
    /// Groups in the catalog.
    pub groups: Gauge,
    /// Series in the catalog.
    pub series: Gauge,
    /// Bytes of samples held in history.
    pub history_bytes: Gauge<f64, AtomicU64>,
    /// Bytes that history may hold.
    pub history_limit_bytes: Gauge<f64, AtomicU64>,
}

/// A gauge of what is held just now. Cheap to clone: all clones count together.
#[derive(Clone, Debug, Default)]
pub struct Level(Gauge);

/// A part of a [`Level`], until it is dropped.
#[derive(Debug)]
pub struct Held {
    gauge: Gauge,
    amount: i64,
}

impl Level {
    /// One more.
    pub fn enter(&self) -> Held {
        self.hold(1)
    }

    /// So much more.
    pub fn hold(&self, amount: usize) -> Held {
        let (gauge, amount) = (self.0.clone(), amount as i64);
        gauge.inc_by(amount);
        Held { gauge, amount }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.gauge.dec_by(self.amount);
    }
}

/// Why a session was closed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RefusalLabel {
    /// The reason.
    pub reason: Refusal,
}

/// Why a session was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Refusal {
    /// A message that does not decode.
    Malformed,
    /// A text message.
    Text,
    /// A message that is too large.
    TooBig,
    /// Bytes that are no WebSocket frame.
    WebSocket,
    /// A peer that took too long.
    Timeout,
    /// More messages than allowed.
    Flood,
    /// A page without the token.
    Token,
}

/// An HTTP status.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StatusLabel {
    /// Such as 200.
    pub status: u16,
}

impl Telemetry {
    /// Counts frames that were handed to a viewer's socket.
    pub fn sent(&self, frames: &[Bytes]) {
        self.frames_sent.inc_by(frames.len() as u64);
        self.bytes_sent.inc_by(frames.iter().map(Bytes::len).sum::<usize>() as u64);
    }

    /// Counts a session that was closed for breaking the protocol.
    pub fn refuse(&self, reason: Refusal) {
        self.sessions_refused.get_or_create(&RefusalLabel { reason }).inc();
    }

    /// Everything, in Prometheus' text format.
    pub fn exposition(&self) -> String {
        let mut everything = Registry::default();
        register_process(&mut everything);
        let registry = everything.sub_registry_with_prefix("kymograph");
        let mut counter = |name, help, counter: &Counter| registry.register(name, help, counter.clone());
        counter("rows", "Rows of samples handed over by sources", &self.rows);
        counter("samples", "Values handed over by sources", &self.samples);
        counter("rows_out_of_order", "Rows dropped because their time did not rise", &self.rows_out_of_order);
        counter("frames_sequenced", "Frames of samples given a sequence number", &self.frames_sequenced);
        counter("frames_encoded", "Frames encoded, of any kind", &self.frames_encoded);
        counter("frames_sent", "Frames handed to viewers' sockets", &self.frames_sent);
        counter("messages_received", "Messages read from viewers", &self.messages_received);
        counter("viewers_connected", "Viewers that ever connected", &self.viewers_connected);
        counter("viewers_fell_behind", "Times a viewer was sent history in place of frames", &self.viewers_fell_behind);
        counter("connections_refused", "Connections refused for want of a place", &self.connections_refused);
        counter("gaps", "Gaps declared to viewers", &self.gaps);
        registry.register_with_unit("sent", "Bytes handed to viewers' sockets", Unit::Bytes, self.bytes_sent.clone());
        registry.register("viewers", "Viewers connected", self.viewers.clone());
        registry.register(
            "viewers_catching_up",
            "Viewers being sent what they lack in place of live frames",
            self.viewers_catching_up.0.clone(),
        );
        registry.register_with_unit(
            "viewers_queued",
            "Waiting for viewers' sockets to take them",
            Unit::Bytes,
            self.queued_bytes.0.clone(),
        );
        registry.register("groups", "Groups in the catalog", self.groups.clone());
        registry.register("series", "Series in the catalog", self.series.clone());
        registry.register_with_unit("history", "Samples held in history", Unit::Bytes, self.history_bytes.clone());
        registry.register_with_unit(
            "history_limit",
            "Samples that history may hold",
            Unit::Bytes,
            self.history_limit_bytes.clone(),
        );
        registry.register(
            "sessions_refused",
            "Sessions closed for breaking the protocol",
            self.sessions_refused.clone(),
        );
        registry.register("http_responses", "Requests answered, by status", self.http_responses.clone());
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _written = text::encode(&mut out, &everything);
        out
    }
}

/// What the process takes, under the names that Prometheus' client libraries share.
fn register_process(registry: &mut Registry) {
    let Some(usage) = Usage::now() else { return };
    let mut seconds = |name, help, time: Duration| {
        let counter = Counter::<f64, AtomicU64>::default();
        counter.inc_by(time.as_secs_f64());
        registry.register_with_unit(name, help, Unit::Seconds, counter);
    };
    seconds("process_cpu", "CPU time, user and system", usage.cpu());
    seconds("process_cpu_user", "CPU time in the process's own code", usage.user);
    seconds("process_cpu_system", "CPU time in the kernel", usage.system);
    let mut level = |name, help, value: u64| {
        let gauge = Gauge::<i64>::default();
        gauge.set(value as i64);
        registry.register(name, help, gauge);
    };
    level("process_resident_memory_bytes", "Memory held", usage.resident_bytes);
    level("process_open_fds", "Open files and sockets", usage.open_files);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exposition_names_every_counter_with_its_value() {
        let telemetry = Telemetry::default();
        telemetry.samples.inc_by(41);
        telemetry.clone().samples.inc();
        telemetry.refuse(Refusal::Text);
        let text = telemetry.exposition();
        assert!(text.contains("kymograph_samples_total 42\n"), "{text}");
        assert!(text.contains("kymograph_sessions_refused_total{reason=\"Text\"} 1\n"), "{text}");
        assert!(text.contains("\nprocess_cpu_seconds_total "), "{text}");
        assert!(text.contains("\nprocess_resident_memory_bytes "), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
