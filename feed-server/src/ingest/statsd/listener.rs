//! The source: receives datagrams on its thread.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use protocol::{EventKind, Interval, Timestamp};

use super::bad_line::BadLine;
use super::line::{self, Line};
use super::meters::Meters;
use super::notice::Notice;
use super::settings::StatsdSettings;
use crate::clock;
use crate::ingest::blocking::{Blocking, BlockingContext, BlockingSource};
use crate::ingest::context::Stopped;
use crate::ingest::datagrams::{Datagrams, MAX_BYTES};
use crate::ingest::entry::{Event, LogLine};
use crate::ingest::settings::SourceSettings;
use crate::ingest::source::{Source, SourceError};
use crate::telemetry::Telemetry;

/// Rows are sent this often.
const TICK: Duration = Duration::from_millis(100);
/// The kernel's count of lost datagrams is read this often.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// Values of timers are placed before those that have been sent, by at most this.
const MERGE: Interval = Interval::from_secs(2);
/// Events and checks of one second. Further ones are left out.
const MAX_NOTICES: u32 = 100;
/// The beginning of a line that is not understood, in characters.
const SHOWN: usize = 80;

#[derive(Debug)]
struct Listener {
    settings: StatsdSettings,
}

impl SourceSettings for StatsdSettings {
    fn source(&self, _telemetry: &Telemetry) -> Box<dyn Source> {
        Box::new(Blocking::new("statsd", Listener { settings: self.clone() }))
    }

    fn name(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }

    fn check(&self) -> Result<(), String> {
        self.address().map(|_| ())
    }
}

impl BlockingSource for Listener {
    fn merge_window(&self) -> Interval {
        MERGE
    }

    fn run(self, context: &BlockingContext) -> Result<(), SourceError> {
        let address = self.settings.address().map_err(|error| SourceError::Other(error.into()))?;
        let cannot =
            |what: &str, error: std::io::Error| SourceError::Other(format!("cannot {what} {address}: {error}").into());
        let mut datagrams = Datagrams::bind(&address).map_err(|error| cannot("listen on", error))?;
        let health = context.registrar.health();
        health.listening();
        let tick = Interval::from_micros(TICK.as_micros() as u64);
        let mut intake = Intake::new(context, Meters::new(&self.settings.name, self.settings.series, tick));
        let mut bytes = vec![0; MAX_BYTES];
        let (mut due, mut count_due) = (Instant::now() + TICK, Instant::now() + COUNT_EVERY);
        loop {
            // The time is past: this call only checks whether the server stops.
            context.wait_until(Instant::now())?;
            let wait = due.saturating_duration_since(Instant::now());
            if !wait.is_zero()
                && let Some(length) = datagrams.receive(&mut bytes, TICK).map_err(|error| cannot("read", error))?
            {
                intake.datagram(&bytes[..length], clock::now())?;
            }
            let now = Instant::now();
            if now >= due {
                due = (due + TICK).max(now);
                intake.end_tick(clock::now())?;
            }
            if now >= count_due {
                count_due = now + COUNT_EVERY;
                intake.notices = 0;
                datagrams.report_lost(&context.registrar);
            }
        }
    }
}

struct Intake<'c> {
    context: &'c BlockingContext,
    meters: Meters,
    /// Of this second.
    notices: u32,
    /// A line that is not understood has been named.
    is_reported: bool,
}

impl<'c> Intake<'c> {
    const fn new(context: &'c BlockingContext, meters: Meters) -> Self {
        Self { context, meters, notices: 0, is_reported: false }
    }

    fn datagram(&mut self, bytes: &[u8], now: Timestamp) -> Result<(), Stopped> {
        let registrar = &self.context.registrar;
        let (mut lines, mut refused) = (0, 0);
        for bytes in bytes.split(|&byte| byte == b'\n') {
            let bytes = bytes.trim_ascii();
            if bytes.is_empty() {
                continue;
            }
            lines += 1;
            let text = str::from_utf8(bytes).map_err(|_| BadLine::NotUtf8);
            match text.and_then(line::parse) {
                Ok(Line::Metric(metric)) => self.meters.add(&metric, registrar, now),
                Ok(Line::Notice(notice)) => {
                    self.notices += 1;
                    if self.notices <= MAX_NOTICES {
                        self.notice(notice, now)?;
                    } else {
                        refused += 1;
                    }
                }
                Err(error) => {
                    refused += 1;
                    if !std::mem::replace(&mut self.is_reported, true) {
                        let begin: String = String::from_utf8_lossy(bytes).chars().take(SHOWN).collect();
                        registrar.report(&format!("{error}: {begin:?}. Further ones are counted"));
                    }
                }
            }
        }
        self.meters.end_datagram(registrar, now);
        registrar.health().received(lines);
        registrar.health().refused(refused + self.meters.take_refused());
        Ok(())
    }

    fn notice(&self, notice: Notice<'_>, time: Timestamp) -> Result<(), Stopped> {
        let Notice { severity, text, tags, is_event } = notice;
        let labels: Vec<(String, String)> =
            tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        if is_event {
            self.context.event(Event { time, kind: EventKind::Annotation, text, labels })
        } else {
            self.context.log(vec![LogLine { time, severity, text, labels }])
        }
    }

    fn end_tick(&mut self, now: Timestamp) -> Result<(), Stopped> {
        let batches = self.meters.end_tick(&self.context.registrar, now);
        batches.into_iter().try_for_each(|batch| self.context.send(batch))
    }
}
