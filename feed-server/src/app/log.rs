//! The log: lines on standard error, as text or JSON, at the levels of `KYMOGRAPH_LOG`.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use prometheus_client::metrics::counter::Counter;
use serde::Deserialize;
use thiserror::Error;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::log_queue::LogQueue;

/// The variable with the levels.
pub const LEVELS_VARIABLE: &str = "KYMOGRAPH_LOG";

/// The name of the thread that writes the log.
pub const THREAD: &str = "log";

/// Time for the last lines at the end of the process. A reader of the log that takes longer loses them.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line for people; with colours if standard error is a terminal and `NO_COLOR` is not set.
    #[default]
    Text,
    /// A JSON object in each line.
    Json,
}

/// The levels of `KYMOGRAPH_LOG` are invalid.
#[derive(Debug, PartialEq, Eq, Error)]
#[error(
    "{LEVELS_VARIABLE} must be a level (off, error, warn, info, debug, trace), or a list with levels of modules, such as \
     `info,feed_server::net=debug`; found `{found}`"
)]
pub struct LevelsError {
    found: String,
}

/// The log of the process.
#[derive(Debug)]
pub struct Log {
    queue: LogQueue,
    format: LogFormat,
}

impl Log {
    /// Starts the thread that writes the log. `dropped` counts the lines for which there was no room.
    ///
    /// # Errors
    /// If the system starts no further thread.
    #[expect(clippy::disallowed_methods, reason = "the thread of the log writes to it")]
    pub fn start(format: LogFormat, levels: Targets, dropped: Counter) -> io::Result<Self> {
        let notice = move |dropped| dropped_lines(format, dropped);
        let queue = LogQueue::start(THREAD, io::stderr(), notice, dropped)?;
        let writer = queue.clone();
        let lines = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
        let lines = lines.log_internal_errors(false);
        let layer = match format {
            LogFormat::Text => lines.with_ansi(has_colours()).boxed(),
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
        };
        tracing_subscriber::registry().with(layer.with_filter(levels)).init();
        Ok(Self { queue, format })
    }

    /// Reports the error that ends the process: in text without time and level, as before the log was started.
    pub fn fatal(&self, error: &anyhow::Error) {
        match self.format {
            LogFormat::Text => self.queue.push(format!("{}\n", fatal_line(error)).as_bytes()),
            LogFormat::Json => tracing::error!("{error:#}"),
        }
    }

    /// Waits for the last lines, for a limited time, which ends at `end_by`.
    pub fn finish(&self, end_by: Option<Instant>) {
        let now = Instant::now();
        let left = end_by.map_or(FLUSH_WITHIN, |end_by| end_by.saturating_duration_since(now).min(FLUSH_WITHIN));
        let _lost = self.queue.flush(left);
    }
}

/// The line about an error that ends the process.
pub fn fatal_line(error: &anyhow::Error) -> String {
    format!("feed-server: {error:#}")
}

/// Logs panics from now on. The standard library's hook writes to standard error, and would wait for it.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        tracing::error!(text, place, thread = thread.name(), backtrace, "panic");
    }));
}

/// Parses the levels: `info` if there are none, and for modules that are not named.
///
/// # Errors
/// [`LevelsError`] for anything but a list of levels and `MODULE=LEVEL`.
pub fn levels(list: &str) -> Result<Targets, LevelsError> {
    let wrong = || LevelsError { found: list.to_owned() };
    let mut levels = Targets::new().with_default(LevelFilter::INFO);
    for part in list.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let level = |name: &str| {
            let is_name = name.bytes().all(|byte| byte.is_ascii_alphabetic());
            name.parse::<LevelFilter>().ok().filter(|_| is_name && !name.is_empty()).ok_or_else(wrong)
        };
        levels = match part.split_once('=') {
            Some((module, name)) if is_module(module) => levels.with_target(module, level(name)?),
            Some(_) => return Err(wrong()),
            None => levels.with_default(level(part)?),
        };
    }
    Ok(levels)
}

fn is_module(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':')
}

/// Escape codes are for terminals only, and not for those whose user sets `NO_COLOR` (no-color.org).
#[expect(clippy::disallowed_methods, reason = "writes nothing")]
fn has_colours() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The line in place of dropped lines. It does not pass through the queue, which is full.
fn dropped_lines(format: LogFormat, dropped: u64) -> String {
    let mut time = String::new();
    // Writing to a String cannot fail.
    let _written = SystemTime.format_time(&mut Writer::new(&mut time));
    let message = format!("{dropped} log lines were dropped: standard error did not accept them");
    match format {
        LogFormat::Text => format!("{time}  WARN {}: {message}\n", module_path!()),
        LogFormat::Json => {
            let line = serde_json::json!({
                "timestamp": time, "level": "WARN", "message": message, "dropped": dropped, "target": module_path!(),
            });
            format!("{line}\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn levels_are_a_list_for_everything_and_for_modules() {
        let levels = |list| levels(list).expect("valid");
        assert!(levels("").would_enable("feed_server", &Level::INFO));
        assert!(!levels("").would_enable("feed_server", &Level::DEBUG));
        assert!(levels("trace").would_enable("hyper", &Level::TRACE));
        let one_module = levels("warn, feed_server::net=debug");
        assert!(one_module.would_enable("feed_server::net::tls", &Level::DEBUG));
        assert!(!one_module.would_enable("feed_server::http", &Level::INFO));
        assert!(!levels("off").would_enable("feed_server", &Level::ERROR));
    }

    #[test]
    fn levels_that_would_log_nothing_or_something_else_are_refused() {
        for wrong in ["inof", "nonsense[", "net=", "=debug", "net=7", "5", "[span]=debug", "info;debug", "info debug"] {
            assert_eq!(levels(wrong), Err(LevelsError { found: wrong.to_owned() }), "{wrong}");
        }
    }

    #[test]
    fn the_line_about_dropped_lines_has_the_format_of_the_log() {
        let text = dropped_lines(LogFormat::Text, 7);
        assert!(text.ends_with(": 7 log lines were dropped: standard error did not accept them\n"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&dropped_lines(LogFormat::Json, 7)).expect("a JSON object");
        assert_eq!((&json["level"], &json["dropped"]), (&"WARN".into(), &7.into()));
    }
}
