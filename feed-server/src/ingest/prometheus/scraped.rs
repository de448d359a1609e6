//! The state of one target.

use std::time::{Duration, Instant};

use memchr::memchr;
use protocol::{Interval, Prominence, SeriesKind, Timestamp};

use super::asking::Asking;
use super::client::{Answer, AskError, Client};
use super::reader::Reader;
use super::sink::Sink;
use super::tally::Tally;
use super::target::Target;
use crate::ingest::exposition::check::check;
use crate::ingest::exposition::{BadLine, Format};
use crate::ingest::health::{LeftOut, SourceHealth};
use crate::ingest::known_metrics::{Metric, Place};

/// So many lines are read before other tasks run: half a millisecond.
const LINES_AT_ONCE: usize = 1_000;
/// A series ends if it is missing in so many answers, and for at least this time.
const MISSES: u64 = 3;
const MISSING_FOR: Duration = Duration::from_secs(5);
/// The reason why a target does not answer is logged again no sooner: one that comes and goes would fill the log.
const LOG_AGAIN_AFTER: Interval = Interval::from_secs(60);
/// The rules on lines that belong together are checked in an answer of at most so many bytes.
const CHECKED_BYTES: usize = 1 << 20;

/// The source's own metrics of a target, as Prometheus has them.
const UP: Metric<'static> = own("up", "1");
const DURATION: Metric<'static> = own("scrape_duration_seconds", "s");
const SAMPLES: Metric<'static> = own("scrape_samples_scraped", "1");

const fn own(name: &'static str, unit: &'static str) -> Metric<'static> {
    Metric { name, unit, kind: SeriesKind::Gauge, prominence: Prominence::Detail }
}

/// A target, its connection, and what is known of its series.
#[derive(Debug)]
pub(super) struct Scraped {
    pub(super) target: Target,
    pub(super) client: Client,
    pub(super) state: State,
}

/// What is known of a target, beside its connection.
#[derive(Debug, Default)]
pub(super) struct State {
    reader: Reader,
    own: Option<[Place; 3]>,
    /// The last request was answered.
    pub(super) is_up: bool,
    /// Why it does not answer.
    down: LeftOut,
    down_logged: Option<Timestamp>,
    /// The rules on lines that belong together have been checked.
    is_checked: bool,
    /// A line of the last answer could not be read.
    is_bad: bool,
}

impl Scraped {
    pub(super) fn new(target: Target) -> Self {
        let client = Client::new(target.url.clone());
        Self { target, client, state: State::default() }
    }

    /// The number of answers without a series after which it ends.
    pub(super) fn misses(interval: Duration) -> u64 {
        let of_time = MISSING_FOR.as_micros().div_ceil(interval.as_micros().max(1));
        MISSES.max(u64::try_from(of_time).unwrap_or(u64::MAX))
    }
}

/// An answer, and the time that it took.
pub(super) type Asked = (Result<Answer, AskError>, Duration);

/// Asks for the metrics once.
pub(super) async fn ask(client: &mut Client, asking: &Asking) -> Asked {
    let began = Instant::now();
    (client.ask(asking).await, began.elapsed())
}

impl State {
    /// Takes the answer of a target, or the reason why there is none.
    pub(super) async fn take(
        &mut self,
        target: &Target,
        (answered, duration): Asked,
        misses: u64,
        samples: Option<usize>,
        sink: &mut Sink<'_>,
    ) {
        // Before the series of the target, so that they have a place.
        self.own = self.own.or_else(|| place_own(sink));
        let answered = answered.and_then(Answer::whole).and_then(|answer| match samples {
            Some(allowed) => within(answer, allowed),
            None => Ok(answer),
        });
        self.is_up = answered.is_ok();
        let (up, count) = match answered {
            Ok(answer) => {
                let tally = self.read(&answer, misses, sink).await;
                self.report(target, &answer, &tally, sink);
                let is_empty = tally.samples > 0 && !self.reader.keeps_any();
                let none = is_empty.then(|| format!("{}: rules keep none of {} samples", target.url, tally.samples));
                self.down.state(sink.registrar.health(), none);
                (1.0, tally.samples)
            }
            Err(error) => {
                self.reader.miss(misses, sink);
                self.state_down(target, &error.to_string(), sink);
                (0.0, 0)
            }
        };
        for (place, value) in self.own.into_iter().flatten().zip([up, duration.as_secs_f64(), count as f64]) {
            sink.rows.add(place, value, None);
        }
    }

    async fn read(&mut self, answer: &Answer, misses: u64, sink: &mut Sink<'_>) -> Tally {
        let mut tally = self.reader.begin();
        let (text, is_cut) = answer.lines();
        let (mut rest, mut has_more) = (text, !text.is_empty());
        while has_more {
            for _ in 0..LINES_AT_ONCE {
                let end = memchr(b'\n', rest);
                self.reader.line(&rest[..end.unwrap_or(rest.len())], answer.format, &mut tally, sink);
                match end {
                    Some(end) => rest = &rest[end + 1..],
                    None => has_more = false,
                }
                if !has_more {
                    break;
                }
            }
            tokio::task::yield_now().await;
        }
        if is_cut {
            tally.bad(BadLine::Cut);
        }
        self.reader.finish(misses, sink);
        tally
    }

    /// Counts what an answer had, and names the first line of it that is wrong.
    fn report(&mut self, target: &Target, answer: &Answer, tally: &Tally, sink: &Sink<'_>) {
        let health: &SourceHealth = sink.registrar.health();
        health.received(tally.samples);
        health.refused(tally.refused);
        let is_first = !std::mem::replace(&mut self.is_checked, true);
        if tally.first_bad.is_some() {
            // Until an answer is good again.
            if !std::mem::replace(&mut self.is_bad, true) {
                sink.registrar.report(&format!("{}: {tally}", target.url));
            }
            return;
        }
        self.is_bad = false;
        if is_first && answer.format == Format::OpenMetrics && answer.body.bytes.len() <= CHECKED_BYTES {
            let findings = check(&answer.body.bytes, answer.format);
            if let Some(first) = findings.first() {
                sink.registrar.report(&format!("{}: its answer breaks a rule of OpenMetrics in {first}", target.url));
            }
        }
    }

    /// States why a target does not answer.
    fn state_down(&mut self, target: &Target, error: &str, sink: &Sink<'_>) {
        let text = format!("{}: {error}", target.url);
        // It stays when the target answers again.
        sink.registrar.health().error(&text);
        let what = Some(text);
        if self.down_logged.is_none_or(|logged| sink.now.since(logged) >= LOG_AGAIN_AFTER) {
            self.down_logged = Some(sink.now);
            self.down.state(sink.registrar.health(), what);
        } else {
            self.down.state_without_log(sink.registrar.health(), what);
        }
    }

    /// Places all series again, with the next answer.
    pub(super) fn forget(&mut self, sink: &mut Sink<'_>) {
        self.reader.forget();
        self.end_own(sink);
    }

    /// Ends all series: the target is no longer asked.
    pub(super) fn end(&mut self, sink: &mut Sink<'_>) {
        self.reader.end(sink);
        self.end_own(sink);
    }

    fn end_own(&mut self, sink: &mut Sink<'_>) {
        for place in self.own.take().into_iter().flatten() {
            sink.known.end(place, sink.registrar, sink.now);
        }
    }
}

fn place_own(sink: &mut Sink<'_>) -> Option<[Place; 3]> {
    let name = sink.labels.get(super::target::INSTANCE).cloned().unwrap_or_default();
    let mut place = |metric| {
        let labels = sink.labels.clone().into_iter().collect();
        sink.known.place(&metric, name.clone(), labels, sink.registrar, sink.now)
    };
    let places = [place(UP), place(DURATION), place(SAMPLES)];
    if let [Some(up), Some(duration), Some(samples)] = places {
        return Some([up, duration, samples]);
    }
    for place in places.into_iter().flatten() {
        sink.known.end(place, sink.registrar, sink.now);
    }
    None
}

/// The answer, if it has few enough samples.
fn within(answer: Answer, allowed: usize) -> Result<Answer, AskError> {
    let lines = answer.body.bytes.split(|&byte| byte == b'\n');
    let found = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")).count();
    if found > allowed { Err(AskError::Samples { found, allowed }) } else { Ok(answer) }
}
