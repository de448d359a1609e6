//! The state of each source, for `/metrics` and `/readyz`.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use protocol::{Interval, SeriesId, Timestamp};

use crate::clock;
use crate::ingest::deliveries::Deliveries;
use crate::ingest::row_order::OutOfOrder;

/// A source is silent after this many of its intervals without a batch: one may be late, and one may be lost.
const SILENT_INTERVALS: u64 = 3;
/// No source is silent sooner than this: a busy machine delays fast sources for seconds.
const MIN_SILENCE: Interval = Interval::from_secs(15);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceState {
    /// It has not delivered a batch yet.
    Starting,
    /// It waits for other programs, each of which has a record of its own.
    Listening,
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
            Self::Listening => "listening",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        })
    }
}

/// The health of one source at one moment.
#[derive(Clone, Debug)]
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
    /// Since the start.
    pub out_of_order: OutOfOrder,
    /// The source is silent after this time without a batch.
    pub silent_after: Interval,
    /// By this server's clock.
    pub started: Timestamp,
    pub stuck: Vec<StuckPart>,
    /// What the source does not measure, each with the reason.
    pub left_out: Vec<Arc<str>>,
    /// What is not there to measure, each with how to add it.
    pub hints: Vec<&'static str>,
    /// What arrived since the start, in units of `counted`.
    pub received: u64,
    /// What was not used: lines that are not understood, values beyond a limit, lost datagrams.
    pub refused: u64,
    /// What is counted, such as lines.
    pub counted: &'static str,
    pub deliveries: Deliveries,
    /// What is wrong although samples are received.
    pub impaired: Option<String>,
}

/// A resource that does not answer its source. The source continues without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StuckPart {
    /// Such as `disk space of /mnt/nas`.
    pub part: Arc<str>,
    pub unanswered_for: Duration,
}

/// The health of all sources. Cheap to clone: all clones show the same sources.
#[derive(Clone, Debug, Default)]
pub struct Sources(Arc<RwLock<Vec<SourceHealth>>>);

impl Sources {
    pub fn statuses(&self) -> Vec<SourceStatus> {
        self.0.read().iter().map(SourceHealth::status).collect()
    }

    pub fn add(&self, health: SourceHealth) {
        self.0.write().push(health);
    }

    pub fn remove(&self, health: &SourceHealth) {
        self.0.write().retain(|listed| !Arc::ptr_eq(&listed.record, &health.record));
    }
}

impl FromIterator<SourceHealth> for Sources {
    fn from_iter<I: IntoIterator<Item = SourceHealth>>(sources: I) -> Self {
        Self(Arc::new(RwLock::new(sources.into_iter().collect())))
    }
}

/// The health record of one source. Cheap to clone: all clones are one record.
#[derive(Clone, Debug)]
pub struct SourceHealth {
    source: Arc<str>,
    record: Arc<Mutex<Record>>,
}

/// A part is listed as stuck until this is dropped.
#[derive(Debug)]
pub struct StuckMark {
    health: SourceHealth,
    part: Arc<str>,
}

impl Drop for StuckMark {
    fn drop(&mut self) {
        let stuck = &mut self.health.record.lock().stuck;
        if let Some(place) = stuck.iter().position(|(part, _)| *part == self.part) {
            stuck.remove(place);
        }
    }
}

/// What a part of a source does not measure, in the health of the source until this is dropped.
#[derive(Debug, Default)]
pub struct LeftOut(Option<LeftOutMark>);

#[derive(Debug)]
struct LeftOutMark {
    health: SourceHealth,
    what: Arc<str>,
}

impl LeftOut {
    /// States what is not measured, in place of what was stated before. What is new is logged.
    pub fn state(&mut self, health: &SourceHealth, what: Option<String>) {
        if let Some(what) = what.as_deref().filter(|what| !self.is(what)) {
            tracing::warn!(source = health.source(), "{}", what.escape_debug());
        }
        self.state_without_log(health, what);
    }

    /// The same for what may change often.
    pub fn state_without_log(&mut self, health: &SourceHealth, what: Option<String>) {
        if what.as_deref().is_some_and(|what| self.is(what)) {
            return;
        }
        self.0 = what.map(|what| {
            let what: Arc<str> = what.into();
            health.record.lock().left_out.push(Arc::clone(&what));
            LeftOutMark { health: health.clone(), what }
        });
    }

    fn is(&self, what: &str) -> bool {
        self.0.as_ref().is_some_and(|mark| &*mark.what == what)
    }
}

impl Drop for LeftOutMark {
    fn drop(&mut self) {
        let left_out = &mut self.health.record.lock().left_out;
        if let Some(place) = left_out.iter().position(|what| *what == self.what) {
            left_out.remove(place);
        }
    }
}

#[derive(Debug)]
struct Record {
    started: Timestamp,
    state: SourceState,
    newest_sample: Option<Timestamp>,
    last_delivery: Option<Timestamp>,
    last_error: Option<String>,
    series: HashSet<SeriesId>,
    fastest: Option<Interval>,
    out_of_order: OutOfOrder,
    /// Each with the time of the request that has no answer.
    stuck: Vec<(Arc<str>, Instant)>,
    left_out: Vec<Arc<str>>,
    hints: Vec<&'static str>,
    received: u64,
    refused: u64,
    counted: &'static str,
    deliveries: Deliveries,
    impaired: Option<String>,
}

impl SourceHealth {
    pub fn new(source: &str) -> Self {
        Self::started_at(source, clock::now())
    }

    pub fn started_at(source: &str, started: Timestamp) -> Self {
        let record = Record {
            started,
            state: SourceState::Starting,
            newest_sample: None,
            last_delivery: None,
            last_error: None,
            series: HashSet::new(),
            fastest: None,
            out_of_order: OutOfOrder::default(),
            stuck: Vec::new(),
            left_out: Vec::new(),
            hints: Vec::new(),
            received: 0,
            refused: 0,
            counted: "lines",
            deliveries: Deliveries::default(),
            impaired: None,
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

    /// Records rows. Hot: once per batch.
    pub fn delivered(&self, rows: u64, newest_sample: Option<Timestamp>, now: Timestamp) {
        let mut record = self.record.lock();
        record.deliveries.add(rows, newest_sample, now);
        if record.state == SourceState::Starting {
            record.state = SourceState::Running;
        }
        // A late row is not the newest; one from before the clock was set back is no longer.
        record.newest_sample =
            newest_sample.max(record.newest_sample.filter(|held| *held <= now)).or(record.newest_sample);
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

    /// Counts rows out of the order of time. The first that is dropped is logged.
    pub fn count_out_of_order(&self, rows: OutOfOrder) {
        let mut record = self.record.lock();
        let is_first = record.out_of_order.dropped() == 0 && rows.dropped() > 0;
        record.out_of_order += rows;
        drop(record);
        if is_first {
            let OutOfOrder { repeated, too_late, ahead, .. } = rows;
            tracing::warn!(
                source = self.source(),
                repeated,
                too_late,
                ahead,
                "rows out of the order of time dropped: /metrics counts further ones"
            );
        }
    }

    /// Lists `part` as stuck since the request at `since`, until the mark is dropped.
    pub fn stuck(&self, part: Arc<str>, since: Instant) -> StuckMark {
        self.record.lock().stuck.push((Arc::clone(&part), since));
        StuckMark { health: self.clone(), part }
    }

    /// States what is not there to measure, and how to add it, as long as it `applies`. It is no fault, so it is not logged.
    pub fn hint(&self, text: &'static str, applies: bool) {
        let hints = &mut self.record.lock().hints;
        let place = hints.iter().position(|given| *given == text);
        match (applies, place) {
            (true, None) => hints.push(text),
            (false, Some(place)) => {
                hints.remove(place);
            }
            _ => {}
        }
    }

    /// States what is wrong although samples are received, in place of what was stated before.
    pub fn impaired(&self, what: Option<String>) {
        self.record.lock().impaired = what;
    }

    /// Sets what is counted as received; lines by default.
    pub fn counts(&self, what: &'static str) {
        self.record.lock().counted = what;
    }

    /// Counts what has arrived, such as lines.
    pub fn received(&self, count: u64) {
        self.record.lock().received += count;
    }

    /// Counts what was not used. The first reason of each kind is reported.
    pub fn refused(&self, count: u64) {
        if count > 0 {
            self.record.lock().refused += count;
        }
    }

    pub fn listening(&self) {
        self.record.lock().state = SourceState::Listening;
    }

    /// The source starts again at `now`, after it has stopped.
    pub fn restarted(&self, now: Timestamp) {
        let mut record = self.record.lock();
        (record.state, record.started) = (SourceState::Starting, now);
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
        let stuck = record.stuck.iter();
        // Threads state them in any order.
        let mut hints = record.hints.clone();
        hints.sort_unstable();
        SourceStatus {
            source: Arc::clone(&self.source),
            state: record.state,
            newest_sample: record.newest_sample,
            last_delivery: record.last_delivery,
            last_error: record.last_error.clone(),
            series: record.series.len(),
            out_of_order: record.out_of_order,
            silent_after: MIN_SILENCE.max(Interval::from_micros(fastest.micros().saturating_mul(SILENT_INTERVALS))),
            started: record.started,
            stuck: stuck
                .map(|(part, since)| StuckPart { part: Arc::clone(part), unanswered_for: since.elapsed() })
                .collect(),
            left_out: record.left_out.clone(),
            hints,
            received: record.received,
            refused: record.refused,
            counted: record.counted,
            deliveries: record.deliveries,
            impaired: record.impaired.clone(),
        }
    }
}
