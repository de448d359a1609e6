//! The state of each source, for `/metrics` and `/readyz`.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use protocol::{Interval, SeriesId, Timestamp};

/// A source is silent after this many of its intervals without a batch: one may be late, and one may be lost.
const SILENT_INTERVALS: u64 = 3;
/// No source is silent sooner than this: a busy machine delays fast sources for seconds.
const MIN_SILENCE: Interval = Interval::from_secs(15);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceState {
    /// It has not delivered a batch yet.
    Starting,
    Running,
    /// It ended without an error.
    Stopped,
    /// It ended with the error in [`SourceStatus::last_error`].
    Failed,
}

impl fmt::Display for SourceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        })
    }
}

/// The health of one source at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceStatus {
    /// The kind, with the number of the instance from the second on: `synthetic`, `synthetic-2`.
    pub source: Arc<str>,
    pub state: SourceState,
    /// By the clock of the source's rows.
    pub newest_sample: Option<Timestamp>,
    /// By this server's clock.
    pub last_delivery: Option<Timestamp>,
    pub last_error: Option<String>,
    /// Series registered and not ended.
    pub series: usize,
    /// The source is silent after this time without a batch.
    pub silent_after: Interval,
}

/// The answer to `/readyz`: the server delivers samples or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    pub is_ready: bool,
    /// One line, without error texts: it may be read without a token.
    pub reason: String,
}

/// The server is ready if at least one source runs and is not silent.
pub fn readiness(sources: &[SourceStatus], now: Timestamp) -> Readiness {
    let refused = |reason: String| Readiness { is_ready: false, reason };
    let delivering: Vec<(&SourceStatus, Timestamp)> = sources
        .iter()
        .filter(|source| source.state == SourceState::Running)
        .filter_map(|source| Some((source, source.last_delivery?)))
        .collect();
    if delivering.iter().any(|(source, delivered)| *delivered >= now - source.silent_after) {
        return Readiness { is_ready: true, reason: "samples are received".to_owned() };
    }
    if let Some((source, _)) = delivering.first() {
        let seconds = source.silent_after.micros() / 1_000_000;
        return refused(format!("source {} delivered nothing for more than {seconds} s", source.source));
    }
    match sources.iter().find(|source| source.state != SourceState::Starting) {
        Some(source) if sources.iter().all(|source| source.state != SourceState::Starting) => {
            refused(format!("no source is running: source {} has {}", source.source, source.state))
        }
        _ => refused("no source has delivered yet".to_owned()),
    }
}

/// The health of all sources. Cheap to clone: all clones show the same sources.
#[derive(Clone, Debug, Default)]
pub struct Sources(Arc<[SourceHealth]>);

impl Sources {
    pub fn statuses(&self) -> Vec<SourceStatus> {
        self.0.iter().map(SourceHealth::status).collect()
    }
}

impl FromIterator<SourceHealth> for Sources {
    fn from_iter<I: IntoIterator<Item = SourceHealth>>(sources: I) -> Self {
        Self(sources.into_iter().collect())
    }
}

/// The health record of one source. Cheap to clone: all clones are one record.
#[derive(Clone, Debug)]
pub struct SourceHealth {
    source: Arc<str>,
    record: Arc<Mutex<Record>>,
}

#[derive(Debug)]
struct Record {
    state: SourceState,
    newest_sample: Option<Timestamp>,
    last_delivery: Option<Timestamp>,
    last_error: Option<String>,
    series: HashSet<SeriesId>,
    fastest: Option<Interval>,
}

impl SourceHealth {
    pub fn new(source: &str) -> Self {
        let record = Record {
            state: SourceState::Starting,
            newest_sample: None,
            last_delivery: None,
            last_error: None,
            series: HashSet::new(),
            fastest: None,
        };
        Self { source: source.into(), record: Arc::new(Mutex::new(record)) }
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// Records that rows are expected at `interval`. The smallest interval determines after which time the source is silent.
    pub fn expect_every(&self, interval: Interval) {
        let mut record = self.record.lock();
        record.fastest = Some(record.fastest.map_or(interval, |fastest| fastest.min(interval)));
    }

    /// Records a batch. Hot: once per batch.
    pub fn delivered(&self, newest_sample: Option<Timestamp>, now: Timestamp) {
        let mut record = self.record.lock();
        if record.state == SourceState::Starting {
            record.state = SourceState::Running;
        }
        record.newest_sample = newest_sample.or(record.newest_sample);
        record.last_delivery = Some(now);
    }

    pub fn registered(&self, series: SeriesId) {
        self.record.lock().series.insert(series);
    }

    pub fn ended(&self, series: SeriesId) {
        self.record.lock().series.remove(&series);
    }

    /// Records an error that does not end the source. Returns false if it repeats the last error.
    pub fn error(&self, error: &impl fmt::Display) -> bool {
        let error = error.to_string();
        let mut record = self.record.lock();
        let is_new = record.last_error.as_ref() != Some(&error);
        record.last_error = Some(error);
        is_new
    }

    pub fn stopped(&self) {
        self.record.lock().state = SourceState::Stopped;
    }

    pub fn failed(&self, error: &impl fmt::Display) {
        let mut record = self.record.lock();
        record.state = SourceState::Failed;
        record.last_error = Some(error.to_string());
    }

    pub fn status(&self) -> SourceStatus {
        let record = self.record.lock();
        let fastest = record.fastest.unwrap_or_default();
        SourceStatus {
            source: Arc::clone(&self.source),
            state: record.state,
            newest_sample: record.newest_sample,
            last_delivery: record.last_delivery,
            last_error: record.last_error.clone(),
            series: record.series.len(),
            silent_after: MIN_SILENCE.max(Interval::from_micros(fastest.micros().saturating_mul(SILENT_INTERVALS))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn source(interval: Interval, delivered: Timestamp) -> SourceHealth {
        let health = SourceHealth::new("host");
        health.expect_every(interval);
        health.delivered(Some(delivered), delivered);
        health
    }

    fn readiness_of(sources: &[SourceHealth], second: i64) -> Readiness {
        readiness(&sources.iter().cloned().collect::<Sources>().statuses(), at(second))
    }

    fn is_ready(sources: &[SourceHealth], second: i64) -> bool {
        readiness_of(sources, second).is_ready
    }

    #[test]
    fn a_server_is_not_ready_before_the_first_batch() {
        let readiness = readiness_of(&[SourceHealth::new("host")], 0);
        assert_eq!(readiness, Readiness { is_ready: false, reason: "no source has delivered yet".to_owned() });
    }

    #[test]
    fn a_fast_source_is_silent_after_15_seconds() {
        let fast = source(Interval::from_millis(100), at(100));
        assert!(is_ready(std::slice::from_ref(&fast), 115));
        assert!(!is_ready(&[fast], 116));
    }

    #[test]
    fn a_slow_source_is_silent_after_three_of_its_intervals() {
        let slow = source(Interval::from_secs(100), at(0));
        assert!(is_ready(std::slice::from_ref(&slow), 300));
        assert!(!is_ready(std::slice::from_ref(&slow), 301));
        slow.expect_every(Interval::from_secs(10));
        assert!(!is_ready(&[slow], 31), "the fastest group decides");
    }

    #[test]
    fn one_source_that_delivers_makes_the_server_ready() {
        let (failed, stopped) = (source(Interval::from_secs(1), at(0)), source(Interval::from_secs(1), at(0)));
        failed.failed(&"disk on fire");
        stopped.stopped();
        assert!(!is_ready(&[failed.clone(), stopped.clone()], 1));
        assert!(is_ready(&[failed, stopped, source(Interval::from_secs(1), at(0))], 1));
    }

    #[test]
    fn readiness_names_a_failed_source_without_its_error() {
        let failed = source(Interval::from_secs(1), at(0));
        failed.failed(&"/etc/secret");
        let readiness = readiness_of(std::slice::from_ref(&failed), 1);
        assert_eq!(readiness.reason, "no source is running: source host has failed");
        assert_eq!(failed.status().last_error.as_deref(), Some("/etc/secret"));
    }
}
