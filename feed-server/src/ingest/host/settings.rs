//! What the source measures, and how often.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::percent_of::{self, PercentOf};
use crate::ingest::settings;
use crate::telemetry::Telemetry;

/// A bound on `1 / hz`, for the clock's arithmetic.
const MAX_INTERVAL: Duration = Duration::from_hours(24);
/// Above, a reading takes a tenth of the time from one to the next.
const MAX_HZ: f64 = 1_000.0;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostSettings {
    /// Rows a second. Slowly changing values are read less often.
    #[serde(deserialize_with = "hz")]
    pub hz: f64,
    /// Also measures what does not move: idle interfaces, unused disks, error counters that are zero.
    #[serde(deserialize_with = "idle")]
    pub idle: bool,
    /// What the CPU time of processes is in percent of.
    #[serde(deserialize_with = "percent_of::setting")]
    pub processes: PercentOf,
}

fn hz<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    settings::hz_up_to(deserializer, MAX_HZ)
}

fn idle<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    settings::flag(deserializer, "idle")
}

impl Default for HostSettings {
    fn default() -> Self {
        Self { hz: 10.0, idle: false, processes: PercentOf::default() }
    }
}

impl HostSettings {
    pub(super) fn wanted(&self, telemetry: Telemetry) -> Wanted {
        let fastest = Duration::try_from_secs_f64(self.hz.recip()).unwrap_or(MAX_INTERVAL);
        // With an interval of zero the schedule would never advance.
        let fastest = fastest.clamp(Duration::from_micros(1), MAX_INTERVAL);
        Wanted { fastest, shows_all: self.idle, processes: self.processes, telemetry }
    }
}

/// What the readers are made for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) fastest: Duration,
    /// Also what does not move.
    pub(super) shows_all: bool,
    pub(super) processes: PercentOf,
    pub(super) telemetry: Telemetry,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_beyond_the_clock_s_range_is_clamped() {
        let fastest = |hz| HostSettings { hz, ..HostSettings::default() }.wanted(Telemetry::default()).fastest;
        assert_eq!(fastest(10.0), Duration::from_millis(100));
        assert_eq!(fastest(1e-300), MAX_INTERVAL);
        assert_eq!(fastest(f64::INFINITY), Duration::from_micros(1));
    }
}
