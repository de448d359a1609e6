//! Size of a wall, and its source.

use std::fmt;
use std::time::Duration;

use feed_server::ingest::SyntheticSettings;
use feed_server::ingest::config::SourceConfig;

/// The page holds rows for the whole of windows up to this, and of longer ones for the last part: `past_requests.rs` of the page.
const LONGEST_OF_ROWS: Duration = Duration::from_mins(10);
const ROWS_OF_LONG: Duration = Duration::from_mins(2);

/// Groups x series x Hz over a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Load {
    pub(crate) groups: u32,
    pub(crate) series: u32,
    pub(crate) hz: f64,
    /// Span of time that the charts show.
    pub(crate) window: Duration,
    /// Part of the window that is filled at the start.
    pub(crate) history: Duration,
}

impl Load {
    /// Creates a load whose window is full at the start.
    pub(crate) const fn new(groups: u32, series: u32, hz: f64, window_s: u64) -> Self {
        let window = Duration::from_secs(window_s);
        Self { groups, series, hz, window, history: window }
    }

    pub(crate) const fn all_series(&self) -> u32 {
        self.groups * self.series
    }

    /// Samples in a full window.
    pub(crate) fn samples(&self) -> f64 {
        f64::from(self.all_series()) * self.hz * self.window.as_secs_f64()
    }

    /// Samples at the start.
    pub(crate) fn history_samples(&self) -> f64 {
        f64::from(self.all_series()) * self.hz * self.history.as_secs_f64()
    }

    /// Samples that our page is sent at the start: of a long window, those of its last part.
    pub(crate) fn page_samples(&self) -> f64 {
        let sent = if self.window > LONGEST_OF_ROWS { self.history.min(ROWS_OF_LONG) } else { self.history };
        f64::from(self.all_series()) * (self.hz * sent.as_secs_f64()).floor()
    }

    /// The source, with the same samples for all competitors.
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
