//! The status of the page: it shows current samples or is behind.

use std::fmt;

use protocol::{Interval, Timestamp};

/// A larger lag is shown, since a reader would otherwise take an old value for a current one.
pub const BEHIND: Interval = Interval::from_secs(1);

/// A status other than up to date is shown for at least this long, so that it can be read.
const SHOWN_FOR: Interval = Interval::from_secs(2);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncStatus {
    #[default]
    UpToDate,
    /// The lag exceeds [`BEHIND`].
    Behind(Interval),
    /// The server sends history in place of samples.
    CatchingUp,
}

/// Observations of a link at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkSample {
    /// Lag of the newest samples; `None` if none arrived recently.
    pub lag: Option<Interval>,
    /// Samples arrive, not history.
    pub is_live: bool,
    /// The number of transfers of history since the page was loaded.
    pub fills: u64,
}

/// Derives the status from observations and keeps it readable.
#[derive(Clone, Debug, Default)]
pub struct SyncTracker {
    shown: SyncStatus,
    until: Timestamp,
    fills: u64,
}

impl SyncTracker {
    /// The status to show at `now`, by the page's clock.
    pub fn update(&mut self, now: Timestamp, sample: LinkSample) -> SyncStatus {
        // History that started and ended between two updates counts too; the first history is the page's start.
        let is_filling = sample.fills > 1 && (!sample.is_live || sample.fills > self.fills);
        self.fills = sample.fills;
        let status = match sample.lag.filter(|&lag| lag > BEHIND) {
            _ if is_filling => SyncStatus::CatchingUp,
            Some(lag) => SyncStatus::Behind(lag),
            None => SyncStatus::UpToDate,
        };
        if status != SyncStatus::UpToDate {
            self.until = now + SHOWN_FOR;
        }
        if status != SyncStatus::UpToDate || now >= self.until {
            self.shown = status;
        }
        self.shown
    }
}

impl fmt::Display for SyncStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpToDate => f.write_str("up to date"),
            Self::Behind(lag) => write!(f, "{:.0} s behind", lag.as_secs_f64()),
            Self::CatchingUp => f.write_str("receiving history"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: LinkSample = LinkSample { lag: Some(Interval::from_millis(20)), is_live: true, fills: 1 };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(millis * 1_000)
    }

    fn live() -> SyncTracker {
        let mut tracker = SyncTracker::default();
        assert_eq!(tracker.update(at(0), LIVE), SyncStatus::UpToDate);
        tracker
    }

    #[test]
    fn a_lag_of_more_than_a_second_is_shown_as_behind() {
        let mut tracker = live();
        assert_eq!(tracker.update(at(250), LinkSample { lag: Some(BEHIND), ..LIVE }), SyncStatus::UpToDate);
        let lag = Interval::from_millis(2_600);
        let shown = tracker.update(at(500), LinkSample { lag: Some(lag), ..LIVE });
        assert_eq!((shown, shown.to_string().as_str()), (SyncStatus::Behind(lag), "3 s behind"));
        assert_eq!(tracker.update(at(2_499), LIVE), shown, "kept long enough to be read");
        assert_eq!(tracker.update(at(2_500), LIVE), SyncStatus::UpToDate);
    }

    #[test]
    fn history_in_place_of_samples_is_shown_even_if_short() {
        let mut tracker = live();
        let shown = tracker.update(at(250), LinkSample { fills: 2, ..LIVE });
        assert_eq!((shown, shown.to_string().as_str()), (SyncStatus::CatchingUp, "receiving history"));
        assert_eq!(tracker.update(at(2_250), LinkSample { fills: 2, ..LIVE }), SyncStatus::UpToDate);
        let filling = LinkSample { is_live: false, fills: 3, ..LIVE };
        assert_eq!(tracker.update(at(2_500), filling), SyncStatus::CatchingUp);
        assert_eq!(tracker.update(at(9_000), filling), SyncStatus::CatchingUp);
    }

    #[test]
    fn a_starting_page_is_up_to_date() {
        let mut tracker = SyncTracker::default();
        let sample = |is_live, fills| LinkSample { lag: None, is_live, fills };
        assert_eq!(tracker.update(at(0), sample(false, 0)), SyncStatus::UpToDate);
        assert_eq!(tracker.update(at(250), sample(false, 1)), SyncStatus::UpToDate);
        assert_eq!(tracker.update(at(500), LIVE), SyncStatus::UpToDate);
    }

    #[test]
    fn a_stopped_source_does_not_make_the_page_behind() {
        assert_eq!(live().update(at(250), LinkSample { lag: None, ..LIVE }), SyncStatus::UpToDate);
    }
}
