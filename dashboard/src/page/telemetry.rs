//! Measurements of the page itself: display frames, commits, rates; for the header and for `kymograph.stats()`.

use protocol::Timestamp;

use super::feed::Feed;
use super::header::Figures;
use super::link_status_text::LinkStatusText;
use super::rate_meter::RateMeter;
use super::stats::Stats;
use crate::viewport::Viewport;

#[derive(Debug, Default)]
pub(super) struct Telemetry {
    frames: u64,
    /// Display frames in which a canvas changed.
    walls: u64,
    /// Canvases that changed, added up over all display frames.
    commits: u64,
    message_rate: RateMeter,
    byte_rate: RateMeter,
    sample_rate: RateMeter,
    frame_rate: RateMeter,
}

/// The panels of the page, in numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct PanelCounts {
    pub(super) all: usize,
    pub(super) in_view: usize,
}

impl Telemetry {
    pub(super) fn count_frame(&mut self) {
        self.frames += 1;
    }

    pub(super) fn count_commits(&mut self, commits: u64) {
        self.commits += commits;
        self.walls += u64::from(commits > 0);
    }

    /// The figures of the header. `seconds` is the time of the display frame.
    pub(super) fn figures(&mut self, feed: &mut Feed, seconds: f64, now: Timestamp) -> Figures {
        let (counts, store) = (feed.counts(), feed.store().counts());
        let sync = feed.sync_status(now);
        let (freshness, sample_age) = (feed.freshness(now), feed.sample_age(now));
        let is_down = feed.status().is_down();
        let link = LinkStatusText { source: feed.status(), sync, freshness, sample_age };
        Figures {
            link: feed.status().name(),
            link_text: link.to_string(),
            is_current: link.is_current(),
            repairs: store.repairs,
            lag_ms: feed.lag(now).filter(|_| !is_down).map(|lag| lag.p50.as_secs_f64() * 1e3),
            measured_hz: feed.store().measured_hz().filter(|_| !is_down),
            holes: store.gaps,
            bytes_per_second: self.byte_rate.update(seconds, counts.bytes),
            messages_per_second: self.message_rate.update(seconds, counts.messages),
            samples_per_second: self.sample_rate.update(seconds, store.samples),
            fps: self.frame_rate.update(seconds, self.frames),
        }
    }

    pub(super) fn stats(&self, feed: &mut Feed, panels: PanelCounts, viewport: &Viewport, now: Timestamp) -> Stats {
        let lag = feed.lag(now);
        let (counts, store) = (feed.counts(), feed.store().counts());
        let followed = || feed.store().groups().iter().filter(|group| group.is_followed());
        Stats {
            link: feed.status().name(),
            fps: self.frame_rate.per_second(),
            frames: self.frames,
            commits: self.commits,
            messages: counts.messages,
            bytes: counts.bytes,
            samples: store.samples,
            series: feed.store().series(),
            walls: self.walls,
            panels: panels.all,
            panels_in_view: panels.in_view,
            groups_followed: followed().count(),
            groups_summarized: followed().filter(|group| group.holds_buckets()).count(),
            bytes_held: feed.store().bytes(),
            gaps: store.gaps,
            repairs: store.repairs,
            duplicates: store.duplicates,
            retries: feed.retries(),
            lag_p50_ms: lag.map(|lag| lag.p50.as_secs_f64() * 1e3),
            lag_p99_ms: lag.map(|lag| lag.p99.as_secs_f64() * 1e3),
            decode_errors: counts.decode_errors,
            unknown: store.unknown,
            paused: viewport.is_fixed(),
            view: viewport.shown(),
        }
    }
}
