//! The source `exec`: the output of a command.

use std::time::{Duration, Instant};

use protocol::limits::MAX_TEXT_BYTES;
use protocol::{Interval, Severity};

use super::intake::{Intake, LOOK_EVERY, READ_BYTES, ROW_OPEN};
use super::line_settings::LineSettings;
use super::process::{Arrived, Process};
use super::splitter::Splitter;
use crate::clock;
use crate::ingest::blocking::{BlockingContext, BlockingSource};
use crate::ingest::context::Stopped;
use crate::ingest::entry::LogLine;
use crate::ingest::source::SourceError;

/// A command that ends is started again after this time, and twice as much each time that it ends soon.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// A command that ran for this long has not ended soon.
const RAN_LONG: Duration = Duration::from_mins(1);

/// Lines of the error output that are sent in a second. Further ones are counted as refused.
const ERROR_LINES_PER_S: u32 = 100;

#[derive(Debug)]
pub(super) struct Exec {
    pub(super) command: String,
    pub(super) lines: LineSettings,
}

impl BlockingSource for Exec {
    fn merge_window(&self) -> Interval {
        self.lines.merge
    }

    fn run(self, context: &BlockingContext) -> Result<(), SourceError> {
        // It knows the series of earlier runs too.
        let mut intake = Intake::new(context, self.lines.clone());
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            let ended = match Process::start(&self.command) {
                Ok(process) => self.read(process, &mut intake, context)?,
                Err(error) => format!("cannot be started: {error}"),
            };
            if began.elapsed() >= RAN_LONG {
                pause = FIRST_PAUSE;
            }
            let command = &self.command;
            context
                .registrar
                .report(&format!("the command `{command}` {ended}; it is started again in {} s", pause.as_secs()));
            context.wait_until(Instant::now() + pause)?;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

impl Exec {
    /// Reads until the command ends. Returns how it ended.
    fn read(
        &self,
        mut process: Process,
        intake: &mut Intake<'_>,
        context: &BlockingContext,
    ) -> Result<String, Stopped> {
        intake.begin_anew();
        let mut errors = ErrorOutput::new(&self.lines.name);
        let mut bytes = vec![0; READ_BYTES];
        loop {
            // The time is past: this call only checks whether the server stops.
            context.wait_until(Instant::now())?;
            let wait = if intake.is_open() { ROW_OPEN } else { LOOK_EVERY };
            match process.read(&mut bytes, wait) {
                Ok(Arrived::Output(read)) => intake.push(&bytes[..read], clock::now())?,
                Ok(Arrived::Errors(read)) => errors.push(&bytes[..read], context)?,
                Ok(Arrived::Nothing) => intake.close(clock::now())?,
                Ok(Arrived::End) => break,
                Err(error) => {
                    intake.close(clock::now())?;
                    return Ok(format!("cannot be read: {error}"));
                }
            }
        }
        intake.finish(clock::now())?;
        intake.close(clock::now())?;
        let status = process.status();
        let said = errors.last.map(|line| format!(": {line}")).unwrap_or_default();
        Ok(match status {
            Some(status) => format!("has ended ({status}){said}"),
            None => format!("has closed its output{said}"),
        })
    }
}

/// Sends the error output as lines of a log.
#[derive(Debug)]
struct ErrorOutput {
    splitter: Splitter,
    source: String,
    second: Instant,
    sent: u32,
    last: Option<String>,
    is_reported: bool,
}

impl ErrorOutput {
    fn new(source: &str) -> Self {
        Self {
            splitter: Splitter::default(),
            source: source.to_owned(),
            second: Instant::now(),
            sent: 0,
            last: None,
            is_reported: false,
        }
    }

    fn push(&mut self, bytes: &[u8], context: &BlockingContext) -> Result<(), Stopped> {
        if self.second.elapsed() >= Duration::from_secs(1) {
            (self.second, self.sent) = (Instant::now(), 0);
        }
        let Self { splitter, source, sent, last, is_reported, .. } = self;
        let (mut lines, mut refused) = (Vec::new(), 0);
        splitter.push(bytes, |text| {
            let text = text[..text.floor_char_boundary(MAX_TEXT_BYTES)].to_owned();
            *last = Some(text.clone());
            if *sent == ERROR_LINES_PER_S {
                refused += 1;
                return;
            }
            *sent += 1;
            let labels = vec![("command".to_owned(), source.clone())];
            lines.push(LogLine { time: clock::now(), severity: Severity::Warn, text, labels });
        });
        if refused > 0 && !std::mem::replace(is_reported, true) {
            let reason =
                format!("more than {ERROR_LINES_PER_S} lines a second of error output: further ones are left out");
            context.registrar.report(&reason);
        }
        context.registrar.health().refused(refused);
        if lines.is_empty() { Ok(()) } else { context.log(lines) }
    }
}
