//! The state of the link as the header shows it.

use std::fmt;

use super::foreign_text::isolated;
use super::frame_source::SourceStatus;
use crate::link::SyncStatus;
use crate::store::{Freshness, SampleAge};

/// The state; while live, whether the samples are current, otherwise the age of the newest one. The panels show the same age.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinkStatusText<'a> {
    pub(super) source: &'a SourceStatus,
    pub(super) sync: SyncStatus,
    pub(super) freshness: Freshness,
    pub(super) sample_age: SampleAge,
}

impl LinkStatusText<'_> {
    /// Returns true if the page shows current samples of some group.
    pub(super) fn is_current(&self) -> bool {
        let receives_samples = matches!(self.freshness, Freshness::Fresh | Freshness::SomeStale { .. });
        self.sync == SyncStatus::UpToDate && receives_samples
    }
}

impl fmt::Display for LinkStatusText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            SourceStatus::Connecting => f.write_str("connecting")?,
            SourceStatus::Reconnecting { attempt } => write!(f, "reconnecting, attempt {attempt}")?,
            SourceStatus::Refused { attempt } => write!(f, "refused, attempt {attempt}")?,
            SourceStatus::Live => f.write_str("live")?,
            SourceStatus::Closing => f.write_str("closing")?,
            SourceStatus::Closed { reason } => write!(f, "closed: {}", isolated(reason))?,
        }
        match (self.source, self.sync, self.freshness, self.sample_age) {
            (SourceStatus::Live, SyncStatus::UpToDate, Freshness::Fresh, _) => Ok(()),
            (SourceStatus::Live, SyncStatus::UpToDate, freshness, _) => write!(f, ", {freshness}"),
            (SourceStatus::Live, sync, ..) => write!(f, ", {sync}"),
            (.., SampleAge::Never) => Ok(()),
            (.., age @ SampleAge::Newest(_)) => write!(f, ", {age}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::Interval;

    use super::*;

    const FRESH: LinkStatusText<'static> = LinkStatusText {
        source: &SourceStatus::Live,
        sync: SyncStatus::UpToDate,
        freshness: Freshness::Fresh,
        sample_age: SampleAge::Newest(Interval::from_millis(12_345)),
    };

    #[test]
    fn a_live_link_shows_its_lag_and_any_other_the_age_of_the_data() {
        assert_eq!(FRESH.to_string(), "live");
        assert_eq!(LinkStatusText { sync: SyncStatus::CatchingUp, ..FRESH }.to_string(), "live, receiving history");
        let lost = LinkStatusText { source: &SourceStatus::Reconnecting { attempt: 3 }, ..FRESH };
        assert_eq!(lost.to_string(), "reconnecting, attempt 3, last sample 12 s ago");
        let refused = LinkStatusText { source: &SourceStatus::Refused { attempt: 3 }, ..FRESH };
        assert_eq!(refused.to_string(), "refused, attempt 3, last sample 12 s ago");
        assert_eq!(LinkStatusText { sample_age: SampleAge::Never, ..lost }.to_string(), "reconnecting, attempt 3");
    }

    #[test]
    fn a_live_link_without_new_samples_is_not_current() {
        let silent = LinkStatusText { freshness: Freshness::AllStale(FRESH.sample_age), ..FRESH };
        assert_eq!((silent.to_string().as_str(), silent.is_current()), ("live, last sample 12 s ago", false));
        let never = LinkStatusText { freshness: Freshness::AllStale(SampleAge::Never), ..FRESH };
        assert_eq!((never.to_string().as_str(), never.is_current()), ("live, no sample yet", false));
        let empty = LinkStatusText { freshness: Freshness::NoGroups, ..FRESH };
        assert_eq!((empty.to_string().as_str(), empty.is_current()), ("live, no data", false));
        let some = LinkStatusText { freshness: Freshness::SomeStale { stale: 2, groups: 16 }, ..FRESH };
        assert_eq!((some.to_string().as_str(), some.is_current()), ("live, 2 of 16 groups stale", true));
    }
}
