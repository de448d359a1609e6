//! How much is on a wall, and where it comes from.

use std::fmt;
use std::time::Duration;

use feed_server::ingest::SyntheticSettings;
use feed_server::ingest::config::SourceConfig;

/// Groups x series x Hz, over a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Load {
    /// A chart each.
    pub(crate) groups: u32,
    /// Series of each group.
    pub(crate) series: u32,
    /// Rows a second.
    pub(crate) hz: f64,
    /// How much time the charts show.
    pub(crate) window: Duration,
    /// How much of that is there at the start.
    pub(crate) history: Duration,
}

impl Load {
    /// A load whose window is full at the start.
    pub(crate) const fn new(groups: u32, series: u32, hz: f64, window_s: u64) -> Self {
        let window = Duration::from_secs(window_s);
        Self { groups, series, hz, window, history: window }
    }

    pub(crate) const fn all_series(&self) -> u32 {
        self.groups * self.series
    }

    /// Samples in a full window.
    pub(crate) fn points(&self) -> f64 {
        f64::from(self.all_series()) * self.hz * self.window.as_secs_f64()
    }

    /// Samples that are there at the start.
    pub(crate) fn history_points(&self) -> f64 {
        f64::from(self.all_series()) * self.hz * self.history.as_secs_f64()
    }

    /// The source: the same samples for everybody.
    pub(crate) fn source(&self) -> SourceConfig {
        let Self { groups, series, hz, history, .. } = *self;
        let settings = SyntheticSettings { groups, series, hz, prefill: history, ..SyntheticSettings::default() };
        SourceConfig::Synthetic(settings)
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { groups, series, hz, window, .. } = self;
        write!(f, "{groups} x {series} series, {hz} Hz, {} s", window.as_secs())
    }
}
