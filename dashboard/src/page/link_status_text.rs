//! The state of the link as the header shows it.

use std::fmt;

use protocol::Interval;

use super::frame_source::SourceStatus;
use crate::link::SyncStatus;

/// The state, with the lag while live and the age of the newest sample otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinkStatusText<'a> {
    pub(super) source: &'a SourceStatus,
    pub(super) sync: SyncStatus,
    pub(super) newest_age: Option<Interval>,
}

impl fmt::Display for LinkStatusText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            SourceStatus::Connecting => f.write_str("connecting")?,
            SourceStatus::Reconnecting { attempt } => write!(f, "reconnecting, attempt {attempt}")?,
            SourceStatus::Live => f.write_str("live")?,
            SourceStatus::Closing => f.write_str("closing")?,
            SourceStatus::Closed { reason } => write!(f, "closed: {reason}")?,
        }
        match (self.source, self.sync, self.newest_age) {
            (SourceStatus::Live, SyncStatus::UpToDate, _) => Ok(()),
            (SourceStatus::Live, sync, _) => write!(f, ", {sync}"),
            (_, _, Some(age)) => write!(f, ", data {} s old", age.micros() / 1_000_000),
            (_, _, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_link_shows_its_lag_and_any_other_the_age_of_the_data() {
        let text = |source: &SourceStatus, sync| {
            LinkStatusText { source, sync, newest_age: Some(Interval::from_millis(12_345)) }.to_string()
        };
        assert_eq!(text(&SourceStatus::Live, SyncStatus::UpToDate), "live");
        assert_eq!(text(&SourceStatus::Live, SyncStatus::CatchingUp), "live, receiving history");
        let lost = SourceStatus::Reconnecting { attempt: 3 };
        assert_eq!(text(&lost, SyncStatus::UpToDate), "reconnecting, attempt 3, data 12 s old");
    }
}
