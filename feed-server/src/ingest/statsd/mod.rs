//! The source `statsd`: datagrams of StatsD and DogStatsD.
//!
//! - StatsD: <https://github.com/statsd/statsd/blob/master/docs/metric_types.md>
//! - DogStatsD: <https://docs.datadoghq.com/developers/dogstatsd/datagram_shell/>
//!
//! ```text
//! datagram -> lines -> Line::Metric -> meters (counters, gauges, timers, sets) -> rows, 10 times a second -> batches
//!                  \-> Line::Event, Line::Check -> events and lines of logs
//! ```
//! Other servers flush every 10 s. Here each value of a timer is a sample, as long as there are few enough.
//!
//! | file | subject |
//! | --- | --- |
//! | `settings` | the settings |
//! | `line`, `tags`, `notice` | one line; its tags in four dialects; events and service checks |
//! | `bad_line` | the reason why a line is not understood |
//! | `meters`, `timer` | the state of each series; that of a timer |
//! | `listener` | the source |

mod bad_line;
mod line;
mod listener;
mod meters;
mod notice;
mod settings;
mod tags;
mod timer;

pub use settings::StatsdSettings;

/// Reads all lines of a datagram. Returns the number of lines that are understood, and of their values: for the fuzzer.
pub fn read(datagram: &[u8]) -> (usize, usize) {
    let lines = datagram.split(|&byte| byte == b'\n').filter_map(|line| str::from_utf8(line).ok());
    lines.filter_map(|line| line::parse(line).ok()).fold((0, 0), |(lines, values), line| match line {
        line::Line::Metric(metric) => (lines + 1, values + metric.values.len()),
        line::Line::Notice(_) => (lines + 1, values),
    })
}
