//! Whether the server and each of its sources deliver samples: the answer to `/readyz`. Time is an argument.

use protocol::Timestamp;

use crate::ingest::health::{SourceState, SourceStatus};

/// The server, or one source, delivers samples or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    pub is_ready: bool,
    /// One line, without error texts: it may be read without a token.
    pub reason: String,
}

impl Readiness {
    fn ready(reason: &str) -> Self {
        Self { is_ready: true, reason: reason.to_owned() }
    }

    const fn refused(reason: String) -> Self {
        Self { is_ready: false, reason }
    }
}

const RECEIVED: &str = "samples are received";

/// The server is ready if at least one of its sources is.
pub fn readiness(sources: &[SourceStatus], now: Timestamp) -> Readiness {
    let mut ready = sources.iter().map(|source| readiness_of(source, now)).filter(|readiness| readiness.is_ready);
    if let Some(first) = ready.next() {
        // A source that only listens is named last.
        return ready.find(|readiness| readiness.reason == RECEIVED).unwrap_or(first);
    }
    let in_state = |state| sources.iter().find(|source| source.state == state);
    if let Some(silent) = in_state(SourceState::Running) {
        return Readiness::refused(format!("source {} {}", silent.source, readiness_of(silent, now).reason));
    }
    match sources.first() {
        Some(ended) if in_state(SourceState::Starting).is_none() => {
            Readiness::refused(format!("no source is running: source {} has {}", ended.source, ended.state))
        }
        _ => Readiness::refused("no source has delivered yet".to_owned()),
    }
}

/// A source is ready if it runs and is not silent.
pub fn readiness_of(source: &SourceStatus, now: Timestamp) -> Readiness {
    let limit = source.silent_after.micros() / 1_000_000;
    match (source.state, source.last_delivery) {
        (SourceState::Running | SourceState::Listening, Some(delivered)) if delivered >= now - source.silent_after => {
            Readiness::ready(RECEIVED)
        }
        (SourceState::Listening, _) => Readiness::ready("waits for data"),
        (SourceState::Running, _) => Readiness::refused(format!("delivered nothing for more than {limit} s")),
        (SourceState::Starting, _) if source.started >= now - source.silent_after => {
            Readiness::refused("is starting and has not delivered yet".to_owned())
        }
        (SourceState::Starting, _) => {
            Readiness::refused(format!("has delivered nothing since its start more than {limit} s ago"))
        }
        (ended @ (SourceState::Stopped | SourceState::Failed), _) => Readiness::refused(format!("has {ended}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::health::{SourceHealth, Sources};
    use protocol::Interval;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn source(interval: Interval, delivered: Timestamp) -> SourceHealth {
        let health = SourceHealth::new("host");
        health.expect_every(interval);
        health.delivered(1, Some(delivered), delivered);
        health
    }

    fn readiness_of(sources: &[SourceHealth], second: i64) -> Readiness {
        readiness(&sources.iter().cloned().collect::<Sources>().statuses(), at(second))
    }

    fn is_ready(sources: &[SourceHealth], second: i64) -> bool {
        readiness_of(sources, second).is_ready
    }

    #[test]
    fn a_server_is_not_ready_before_the_first_batch() {
        let readiness = readiness_of(&[SourceHealth::new("host")], 0);
        assert_eq!(readiness, Readiness { is_ready: false, reason: "no source has delivered yet".to_owned() });
    }

    #[test]
    fn a_fast_source_is_silent_after_15_seconds() {
        let fast = source(Interval::from_millis(100), at(100));
        assert!(is_ready(std::slice::from_ref(&fast), 115));
        assert!(!is_ready(&[fast], 116));
    }

    #[test]
    fn a_slow_source_is_silent_after_three_of_its_intervals() {
        let slow = source(Interval::from_secs(100), at(0));
        assert!(is_ready(std::slice::from_ref(&slow), 300));
        assert!(!is_ready(std::slice::from_ref(&slow), 301));
        slow.expect_every(Interval::from_secs(10));
        assert!(!is_ready(&[slow], 31), "the fastest group decides");
    }

    #[test]
    fn one_source_that_delivers_makes_the_server_ready() {
        let (failed, stopped) = (source(Interval::from_secs(1), at(0)), source(Interval::from_secs(1), at(0)));
        failed.failed(&"disk on fire");
        stopped.stopped();
        assert!(!is_ready(&[failed.clone(), stopped.clone()], 1));
        assert!(is_ready(&[failed, stopped, source(Interval::from_secs(1), at(0))], 1));
    }

    #[test]
    fn each_source_has_its_own_readiness_and_reason() {
        let starting = SourceHealth::started_at("starting", at(0));
        let silent = source(Interval::from_secs(1), at(0));
        let (delivering, failed) = (source(Interval::from_secs(1), at(90)), source(Interval::from_secs(1), at(90)));
        failed.failed(&"/etc/secret");
        let of = |source: &SourceHealth, second| {
            let Readiness { is_ready, reason } = super::readiness_of(&source.status(), at(second));
            (is_ready, reason)
        };
        let refused = |reason: &str| (false, reason.to_owned());
        assert_eq!(of(&delivering, 100), (true, "samples are received".to_owned()));
        assert_eq!(of(&silent, 100), refused("delivered nothing for more than 15 s"));
        assert_eq!(of(&failed, 100), refused("has failed"));
        assert_eq!(of(&starting, 15), refused("is starting and has not delivered yet"));
        assert_eq!(of(&starting, 16), refused("has delivered nothing since its start more than 15 s ago"));
        assert_eq!(starting.status().state, SourceState::Starting);
        assert!(is_ready(&[silent, delivering, failed, starting], 100), "one source is sufficient");
    }

    #[test]
    fn a_server_that_waits_for_publishers_is_ready_and_says_so_until_samples_are_received() {
        let listening = SourceHealth::new("publish");
        listening.listening();
        let reason = |sources: &[SourceHealth]| readiness_of(sources, 100).reason;
        assert!(is_ready(std::slice::from_ref(&listening), 100));
        assert_eq!(reason(std::slice::from_ref(&listening)), "waits for data");
        listening.delivered(1, Some(at(95)), at(95));
        assert_eq!(reason(std::slice::from_ref(&listening)), "samples are received");
        let delivering = source(Interval::from_secs(1), at(90));
        assert_eq!(reason(&[listening, delivering]), "samples are received");
    }

    #[test]
    fn readiness_names_a_failed_source_without_its_error() {
        let failed = source(Interval::from_secs(1), at(0));
        failed.failed(&"/etc/secret");
        let readiness = readiness_of(std::slice::from_ref(&failed), 1);
        assert_eq!(readiness.reason, "no source is running: source host has failed");
        assert_eq!(failed.status().last_error.as_deref(), Some("/etc/secret"));
    }
}
