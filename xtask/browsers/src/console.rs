//! Messages of pages: console calls, uncaught exceptions, and entries of the browser's log.

use std::collections::HashMap;
use std::fmt;

/// The number of first messages of each page that are kept: a limit on memory for a page in a loop.
const MAX_MESSAGES: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleMessage {
    pub level: Level,
    pub text: String,
    /// The file that caused the message or that it names; empty if unknown.
    pub url: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Debug,
    /// `console.log`, `console.info` and all other levels.
    Info,
    /// `console.warn`, and the browser's own warnings.
    Warning,
    /// `console.error`, a failed `console.assert`, and the browser's own errors, such as a file that was not found.
    Error,
    Exception,
}

impl fmt::Display for ConsoleMessage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {} ({})", self.level, self.text, self.url)
    }
}

/// The messages of each page.
#[derive(Debug, Default)]
pub(crate) struct Console(HashMap<String, Vec<ConsoleMessage>>);

impl Console {
    pub(crate) fn record(&mut self, page: String, message: ConsoleMessage) {
        let messages = self.0.entry(page).or_default();
        if messages.len() < MAX_MESSAGES {
            messages.push(message);
        }
    }

    pub(crate) fn of_page(&self, page: &str) -> Vec<ConsoleMessage> {
        self.0.get(page).cloned().unwrap_or_default()
    }
}
