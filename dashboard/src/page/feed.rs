//! The feed: applies the frames of a source to the store, and keeps server clock, lag and status.
//!
//! No I/O: time is an argument, requests go to a [`FrameSource`].

mod requests;

use protocol::{Body, CatalogScope, ClientMessage, Frame, Interval, Start, Timestamp};

use super::export::requests::ExportRequests;
use super::foreign_text::isolated;
use super::frame_source::{FrameEvent, FrameSource, Refusal, SourceStatus};
use super::overview_requests::OverviewRequests;
use super::past_requests::{PastRequests, window_of_rows};
use super::probe_schedule::ProbeSchedule;
use crate::link::{Exchange, Lag, LagQuantiles, LinkSample, ServerClock, SyncStatus, SyncTracker};
use crate::store::{Applied, Following, Freshness, SampleAge, Store, Support};

/// A change that the rest of the page must follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FeedChange {
    None,
    /// Groups or series were added or removed.
    Catalog,
    /// A message for the user.
    Notice(String),
    /// The user must sign in.
    SignInNeeded(Refusal),
    /// The reason for which the server refuses the stream; `None` when it accepts it again.
    StreamRefused(Option<String>),
}

/// Counters since the page was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FeedCounts {
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) decode_errors: u64,
}

pub(super) struct Feed {
    /// Samples older than this are dropped.
    span: Interval,
    following: Following,
    /// A connection is open, and its first message has not arrived.
    awaits_message: bool,
    past: PastRequests,
    /// The time of the last query for earlier times.
    asked_for_past: Timestamp,
    /// One was put off.
    asks_later: bool,
    has_answer: bool,
    overview: OverviewRequests,
    export: ExportRequests,
    store: Store,
    clock: ServerClock,
    lag: Lag,
    sync: SyncTracker,
    probes: ProbeSchedule,
    status: SourceStatus,
    host: String,
    counts: FeedCounts,
    source: Option<Box<dyn FrameSource>>,
}

impl Feed {
    /// A feed without a source, for a window of `span`.
    pub(super) fn new(span: Interval) -> Self {
        Self {
            span,
            following: Following::default(),
            awaits_message: false,
            past: PastRequests::default(),
            asked_for_past: Timestamp::default(),
            asks_later: false,
            has_answer: false,
            overview: OverviewRequests::default(),
            export: ExportRequests::default(),
            store: Store::new(window_of_rows(span)),
            clock: ServerClock::default(),
            lag: Lag::default(),
            sync: SyncTracker::default(),
            probes: ProbeSchedule::default(),
            status: SourceStatus::default(),
            host: String::new(),
            counts: FeedCounts::default(),
            source: None,
        }
    }

    /// Sets the source that receives the requests.
    pub(super) fn attach(&mut self, source: Box<dyn FrameSource>) {
        self.source = Some(source);
    }

    /// The span of the live view.
    pub(super) const fn span(&self) -> Interval {
        self.span
    }

    /// Sets the span of the live view. What it needs is requested when the screen is followed.
    pub(super) fn set_span(&mut self, span: Interval) {
        self.span = span;
        self.store.set_window(window_of_rows(span));
    }

    /// Returns true if a query was answered since the last call.
    pub(super) const fn take_answered(&mut self) -> bool {
        std::mem::replace(&mut self.has_answer, false)
    }

    pub(super) const fn has_source(&self) -> bool {
        self.source.is_some()
    }

    /// Connects after the source has ended.
    pub(super) fn reconnect(&self) {
        if let Some(source) = &self.source {
            source.reconnect();
        }
    }

    /// Values that are collected for a file.
    pub(super) const fn export(&mut self) -> &mut ExportRequests {
        &mut self.export
    }

    pub(super) const fn overview(&self) -> &OverviewRequests {
        &self.overview
    }

    pub(super) const fn store(&self) -> &Store {
        &self.store
    }

    pub(super) const fn store_mut(&mut self) -> &mut Store {
        &mut self.store
    }

    pub(super) const fn counts(&self) -> FeedCounts {
        self.counts
    }

    pub(super) const fn status(&self) -> &SourceStatus {
        &self.status
    }

    /// The host name of the server; empty before its `Hello`.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn retries(&self) -> u64 {
        self.source.as_ref().map_or(0, |source| source.retries())
    }

    pub(super) fn server_now(&self, now: Timestamp) -> Timestamp {
        self.clock.server_now(now)
    }

    pub(super) fn lag(&mut self, now: Timestamp) -> Option<LagQuantiles> {
        self.lag.recent(now)
    }

    /// Returns false while history arrives: until its end the held samples are older than those of the server.
    pub(super) fn has_all_samples(&self) -> bool {
        self.status != SourceStatus::Live || self.store.position().is_live()
    }

    /// The age of the newest sample.
    pub(super) fn sample_age(&self, now: Timestamp) -> SampleAge {
        self.store.sample_age(self.server_now(now))
    }

    /// The groups that receive samples, as far as is known: while history arrives, all.
    pub(super) fn freshness(&self, now: Timestamp) -> Freshness {
        if self.has_all_samples() { self.store.freshness(self.server_now(now)) } else { Freshness::Fresh }
    }

    /// The status to show at `now`.
    pub(super) fn sync_status(&mut self, now: Timestamp) -> SyncStatus {
        let (is_live, fills) = (self.store.position().is_live(), self.store.counts().fills);
        self.sync.update(now, LinkSample { lag: self.lag.latest(now), is_live, fills })
    }

    /// Hot: once a message.
    pub(super) fn handle(&mut self, event: FrameEvent<'_>, now: Timestamp) -> FeedChange {
        match event {
            FrameEvent::Opened => {
                self.store.connected();
                self.past.disconnected();
                self.overview.disconnected();
                self.export.disconnected();
                if matches!(self.store.start(), Start::Window(_)) {
                    self.following.begin_anew();
                }
                self.awaits_message = true;
                self.compare_clocks(now);
            }
            FrameEvent::Frame { frame, bytes } => {
                self.counts.bytes += bytes as u64;
                let change = self.frame(&frame, now);
                self.message_arrived();
                return change;
            }
            FrameEvent::BadFrame { reason } => {
                let change = self.bad_frame(&reason);
                self.message_arrived();
                return change;
            }
            FrameEvent::StatusChanged(status) => self.status = status,
            FrameEvent::SignInNeeded(refusal) => return FeedChange::SignInNeeded(refusal),
            FrameEvent::StreamRefused(reason) => return FeedChange::StreamRefused(reason),
            FrameEvent::Ended { reason } => {
                return FeedChange::Notice(format!("The stream has ended: {}", isolated(&reason)));
            }
        }
        FeedChange::None
    }

    /// Handles a wake: the page is shown again or the network is back. It may have slept while its clock was stopped.
    pub(super) fn wake(&mut self, now: Timestamp) {
        self.compare_clocks(now);
        if let Some(source) = &self.source {
            source.wake();
        }
    }

    /// Sends a probe if one is due, and drops old series. Returns true if series were dropped.
    pub(super) fn tick(&mut self, now: Timestamp) -> bool {
        if self.probes.take_due(now) {
            self.probe(now);
        }
        self.prune(now)
    }

    fn frame(&mut self, frame: &Frame<'_>, now: Timestamp) -> FeedChange {
        self.counts.messages += 1;
        // Entries are sent again as they were, with the time of their first sending.
        if !matches!(frame.body, Body::Logs(_) | Body::Event(_)) {
            self.clock.message_arrived(frame.header.sent, now);
        }
        match &frame.body {
            Body::Hello(hello) => {
                hello.host.clone_into(&mut self.host);
                self.past.set_limits(hello.queries, hello.history);
                self.following.set_support(Support::of(&hello.features));
            }
            Body::Catalog(catalog) if catalog.scope != CatalogScope::Changes => {
                self.following.catalog_began(frame.header.epoch);
            }
            Body::Subscribed(subscribed) => self.following.answered(subscribed.id),
            Body::Answer(answer) => {
                self.has_answer |=
                    self.overview.take(answer) || self.export.take(answer) || self.past.take(answer, &mut self.store);
                return FeedChange::None;
            }
            Body::Refused(refused)
                if refused.request == ClientMessage::QUERY
                    && (self.overview.refused(refused.id, now) || self.export.refused(refused.id)) =>
            {
                return FeedChange::None;
            }
            Body::Refused(refused) if refused.request == ClientMessage::QUERY && self.past.refused(refused.id, now) => {
                return FeedChange::Notice(format!("Earlier values are not shown: {}", isolated(refused.text)));
            }
            Body::Samples(samples) => {
                let lag = self.clock.age(samples.collected, now);
                let applied = self.store.apply(frame);
                // Of late rows, the time says nothing about the way to the page.
                if let Some(lag) = lag.filter(|_| !self.store.take_only_late()) {
                    self.lag.record(now, lag);
                }
                return self.applied(applied, now);
            }
            Body::Echo(echo) => self.clock.record(Exchange::of_echo(*echo, frame.header.sent, now)),
            Body::Bye(bye) => {
                if let Some(source) = &self.source {
                    source.set_retry_floor(bye.retry_after);
                }
            }
            _ => {}
        }
        let applied = self.store.apply(frame);
        if matches!(frame.body, Body::History(_)) && self.store.position().is_live() {
            self.following.filled();
        }
        self.applied(applied, now)
    }

    fn applied(&mut self, applied: Applied, now: Timestamp) -> FeedChange {
        match applied {
            Applied::Stored => FeedChange::None,
            Applied::CatalogChanged => {
                // Not only in `tick`: a hidden page has no display frames and would keep every series.
                self.prune(now);
                FeedChange::Catalog
            }
            Applied::Lost => {
                self.subscribe();
                FeedChange::None
            }
        }
    }

    fn bad_frame(&mut self, reason: &str) -> FeedChange {
        self.counts.messages += 1;
        self.counts.decode_errors += 1;
        if self.store.unreadable() == Applied::Lost {
            self.subscribe();
        }
        let (count, plural) = (self.counts.decode_errors, if self.counts.decode_errors == 1 { "" } else { "s" });
        FeedChange::Notice(format!("{count} frame{plural} could not be decoded; last error: {}", isolated(reason)))
    }

    fn prune(&mut self, now: Timestamp) -> bool {
        self.store.prune(self.server_now(now) - self.span)
    }

    fn compare_clocks(&mut self, now: Timestamp) {
        self.probes.restart(now);
        self.probe(now);
    }

    fn probe(&self, now: Timestamp) {
        if let Some(source) = &self.source {
            source.probe(now);
        }
    }
}

#[cfg(test)]
mod tests;
