//! Bytes of lines to the stream.

use std::time::Duration;

use protocol::Timestamp;

use super::line::LineError;
use super::line_settings::{Format, LineSettings};
use super::parser::Parser;
use super::rows::{Rest, Rows};
use super::splitter::{MAX_LINE_BYTES, Splitter};
use crate::ingest::blocking::BlockingContext;
use crate::ingest::context::Stopped;

/// Lines that arrive within this time after another may belong to its row.
pub(super) const ROW_OPEN: Duration = Duration::from_millis(20);
/// The server's end is noticed within this time.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(100);
pub(super) const READ_BYTES: usize = 65_536;

/// Headers have fewer lines.
const HEADERS: u32 = 5;
const NOTHING_UNDERSTOOD: &str = "lines arrive, but none has a number: expected columns, JSON or key=value, with a decimal point; see \
     docs/guide/lines.md";

/// The beginning of a line that is not understood, in characters.
const SHOWN: usize = 80;

/// Reads the lines of one source, on its thread.
#[derive(Debug)]
pub(super) struct Intake<'c> {
    context: &'c BlockingContext,
    splitter: Splitter,
    format: Format,
    parser: Parser,
    rows: Rows,
    cut: u64,
    /// A row may be open.
    is_open: bool,
    /// A line that is not understood has been named.
    is_reported: bool,
    has_values: bool,
    /// Lines without values, before the first with one.
    without_values: u32,
}

impl<'c> Intake<'c> {
    pub(super) fn new(context: &'c BlockingContext, settings: LineSettings) -> Self {
        Self {
            context,
            splitter: Splitter::default(),
            format: settings.format,
            parser: Parser::new(settings.format),
            rows: Rows::new(settings),
            cut: 0,
            is_open: false,
            is_reported: false,
            has_values: false,
            without_values: 0,
        }
    }

    /// Forgets the header of an earlier run.
    pub(super) fn begin_anew(&mut self) {
        self.parser = Parser::new(self.format);
    }

    /// Returns true if lines may be waiting for others that belong to the same row.
    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Takes bytes that arrived at `now`.
    ///
    /// # Errors
    /// [`Stopped`] if the server stops.
    pub(super) fn push(&mut self, bytes: &[u8], now: Timestamp) -> Result<(), Stopped> {
        self.take(Some(bytes), now);
        self.send(Rest::Open, now)
    }

    /// Takes what has no end, as at the end of a file or a datagram.
    ///
    /// # Errors
    /// [`Stopped`] if the server stops.
    pub(super) fn finish(&mut self, now: Timestamp) -> Result<(), Stopped> {
        self.take(None, now);
        self.send(Rest::Open, now)
    }

    /// Sends the last rows: nothing has arrived for a while.
    ///
    /// # Errors
    /// [`Stopped`] if the server stops.
    pub(super) fn close(&mut self, now: Timestamp) -> Result<(), Stopped> {
        self.is_open = false;
        self.send(Rest::Closed, now)
    }

    fn take(&mut self, bytes: Option<&[u8]>, now: Timestamp) {
        let Self { context, splitter, parser, rows, is_open, is_reported, has_values, without_values, .. } = self;
        let registrar = &context.registrar;
        let (mut lines, mut refused) = (0, 0);
        let take = |text: &str| {
            lines += 1;
            match parser.parse(text) {
                Ok(Some(line)) => {
                    *is_open = true;
                    if !std::mem::replace(has_values, true) {
                        registrar.health().hint(NOTHING_UNDERSTOOD, false);
                    }
                    rows.add(&line, registrar, now);
                }
                Ok(None) => *without_values = without_values.saturating_add(1),
                Err(error) => {
                    refused += 1;
                    if !std::mem::replace(is_reported, true) {
                        registrar.report(&NotUnderstood { error, text });
                    }
                }
            }
        };
        match bytes {
            Some(bytes) => splitter.push(bytes, take),
            None => splitter.finish(take),
        }
        let cut = splitter.cut() - std::mem::replace(&mut self.cut, splitter.cut());
        if cut > 0 && cut == splitter.cut() {
            registrar.report(&format!("a line is longer than {MAX_LINE_BYTES} bytes: its end is skipped"));
        }
        refused += cut;
        if !*has_values && *without_values >= HEADERS {
            registrar.health().hint(NOTHING_UNDERSTOOD, true);
        }
        registrar.health().received(lines);
        registrar.health().refused(refused + rows.take_refused());
    }

    fn send(&mut self, rest: Rest, now: Timestamp) -> Result<(), Stopped> {
        self.rows.settle(rest, &self.context.registrar, now).into_iter().try_for_each(|batch| self.context.send(batch))
    }
}

/// The first line that is not understood, for people. Others are counted.
struct NotUnderstood<'t> {
    error: LineError,
    text: &'t str,
}

impl std::fmt::Display for NotUnderstood<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let begin: String = self.text.chars().take(SHOWN).collect();
        write!(f, "{}: {begin:?}", self.error)
    }
}
