//! The policy of a client: connecting, timeouts, retries.
//!
//! A state machine without socket or clock: inputs and times go in, actions come out.

use std::collections::VecDeque;

use protocol::{Interval, Timestamp};

use super::close::{Close, CloseCode};
use super::settings::{Settings, Silence};
use super::watch::{Check, Watch};

/// Timeout of the close handshake.
pub const CLOSE_WITHIN: Interval = Interval::from_secs(5);

/// The state of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// `retry` is 0 for the first attempt, otherwise the number of the retry in a row.
    Connecting {
        retry: u32,
    },
    Live,
    /// Lost; retry number `retry` in a row follows at `due` by the page's clock.
    Reconnecting {
        retry: u32,
        due: Timestamp,
    },
    /// This side sent a close and waits for the answer.
    Closing,
    /// Closed until the owner requests a retry.
    Closed(Close),
}

/// An event or a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Open,
    /// The connection was lost or not established.
    Lost(Close),
    /// The time of [`Policy::wake_at`] has come. An earlier wake is harmless.
    Wake,
    /// The owner closes the connection.
    Close(Close),
    /// The owner requests a connection now.
    Retry,
}

/// A task for the owner of the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Connect,
    /// Send a close; the answer is reported as [`Input::Lost`].
    Close(Close),
    /// Drop the connection without waiting for an answer.
    Abandon(Close),
    EmitOpened,
    /// With the wait before the retry; `None` if no retry follows.
    EmitClosed(Close, Option<Interval>),
    EmitState,
}

#[derive(Clone, Debug)]
pub struct Policy {
    settings: Settings,
    phase: Phase,
    retry_floor: Interval,
    retries: u64,
    actions: VecDeque<Action>,
}

#[derive(Clone, Debug)]
enum Phase {
    Connecting { retry: u32, watch: Watch },
    Live { since: Timestamp, watch: Watch },
    Waiting { retry: u32, due: Timestamp, not_before: Timestamp },
    Closing { request: Close, until: Timestamp },
    Closed(Close),
}

impl Policy {
    /// The policy of a client that starts to connect at `now`.
    pub fn new(settings: Settings, now: Timestamp) -> Self {
        let watch = Watch::new(settings.connect_within, now);
        Self {
            settings,
            phase: Phase::Connecting { retry: 0, watch },
            retry_floor: Interval::ZERO,
            retries: 0,
            actions: VecDeque::new(),
        }
    }

    /// Handles an input at `now`. `random`, in [0, 1), spreads retries.
    pub fn handle(&mut self, input: Input, now: Timestamp, random: f64) {
        match input {
            Input::Open => self.opened(now),
            Input::Lost(close) => self.lost(close, now, random),
            Input::Wake => self.woken(now, random),
            Input::Close(request) => self.close(request, now),
            Input::Retry => self.retry(now),
        }
    }

    /// Hot: once per message. Does not allocate.
    pub fn message_arrived(&mut self, now: Timestamp) {
        if let Phase::Live { watch, .. } = &mut self.phase {
            watch.message_arrived(now);
        }
    }

    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The time of the next [`Input::Wake`]: immediately while actions are queued.
    pub fn wake_at(&self) -> Option<Timestamp> {
        if !self.actions.is_empty() {
            return Some(Timestamp::MIN);
        }
        match &self.phase {
            Phase::Connecting { watch, .. } | Phase::Live { watch, .. } => Some(watch.check_at()),
            Phase::Waiting { due, .. } => Some(*due),
            Phase::Closing { until, .. } => Some(*until),
            Phase::Closed(_) => None,
        }
    }

    pub fn state(&self) -> State {
        match &self.phase {
            Phase::Connecting { retry, .. } => State::Connecting { retry: *retry },
            Phase::Live { .. } => State::Live,
            Phase::Waiting { retry, due, .. } => State::Reconnecting { retry: *retry, due: *due },
            Phase::Closing { .. } => State::Closing,
            Phase::Closed(close) => State::Closed(close.clone()),
        }
    }

    /// Attempts to reconnect since the start.
    pub const fn retries(&self) -> u64 {
        self.retries
    }

    /// Sets the shortest wait after the next loss, which [`Input::Retry`] cannot shorten. Applies to one loss.
    pub fn set_retry_floor(&mut self, floor: Interval) {
        self.retry_floor = floor;
    }

    pub fn set_silence(&mut self, silence: Silence) {
        self.settings.silence = silence;
        if let Phase::Live { watch, .. } = &mut self.phase {
            watch.set_limit(silence.limit());
        }
    }

    fn opened(&mut self, now: Timestamp) {
        if let Phase::Connecting { .. } = self.phase {
            self.actions.push_back(Action::EmitOpened);
            let watch = Watch::new(self.settings.silence.limit(), now);
            self.enter(Phase::Live { since: now, watch });
        }
    }

    fn lost(&mut self, close: Close, now: Timestamp, random: f64) {
        match &self.phase {
            Phase::Connecting { .. } => self.lose(close, now, random),
            Phase::Live { since, .. } => {
                let life = now.micros_since(*since).max(0).unsigned_abs();
                self.settings.backoff.connection_lasted(Interval::from_micros(life));
                self.lose(close, now, random);
            }
            Phase::Closing { .. } => self.end(close),
            Phase::Waiting { .. } | Phase::Closed(_) => {}
        }
    }

    fn woken(&mut self, now: Timestamp, random: f64) {
        match &mut self.phase {
            Phase::Connecting { watch, .. } => {
                if watch.check(now) == Check::Overdue {
                    self.abandon(format!("no connection within {}", self.settings.connect_within), now, random);
                }
            }
            Phase::Live { watch, .. } => {
                if watch.check(now) == Check::Overdue {
                    let silence = self.settings.silence.limit();
                    self.abandon(format!("no message for {silence}"), now, random);
                }
            }
            Phase::Waiting { retry, due, .. } => {
                if now >= *due {
                    let retry = *retry;
                    self.retries += 1;
                    self.actions.push_back(Action::Connect);
                    let watch = Watch::new(self.settings.connect_within, now);
                    self.enter(Phase::Connecting { retry, watch });
                }
            }
            Phase::Closing { request, until } => {
                if now >= *until {
                    let close = Close { clean: false, ..request.clone() };
                    self.actions.push_back(Action::Abandon(close.clone()));
                    self.end(close);
                }
            }
            Phase::Closed(_) => {}
        }
    }

    fn close(&mut self, request: Close, now: Timestamp) {
        match self.phase {
            Phase::Connecting { .. } | Phase::Live { .. } => {
                self.actions.push_back(Action::Close(request.clone()));
                self.enter(Phase::Closing { request, until: now + CLOSE_WITHIN });
            }
            Phase::Waiting { .. } => self.enter(Phase::Closing { request, until: now }),
            Phase::Closing { .. } | Phase::Closed(_) => {}
        }
    }

    fn retry(&mut self, now: Timestamp) {
        match &mut self.phase {
            Phase::Waiting { due, not_before, .. } => *due = now.max(*not_before).min(*due),
            Phase::Closed(_) => {
                self.settings.backoff.reset();
                let floor = std::mem::take(&mut self.retry_floor);
                let due = now + self.settings.backoff.next_wait(floor, 0.0);
                self.enter(Phase::Waiting { retry: 1, due, not_before: due });
            }
            Phase::Connecting { .. } | Phase::Live { .. } | Phase::Closing { .. } => {}
        }
    }

    fn abandon(&mut self, reason: String, now: Timestamp, random: f64) {
        let close = Close::unclean(CloseCode::SILENT, reason);
        self.actions.push_back(Action::Abandon(close.clone()));
        self.lost(close, now, random);
    }

    /// Schedules a retry, unless the close code forbids it.
    fn lose(&mut self, close: Close, now: Timestamp, random: f64) {
        if close.code.forbids_reconnecting() {
            self.end(close);
            return;
        }
        let floor = std::mem::take(&mut self.retry_floor);
        let wait = self.settings.backoff.next_wait(floor, random);
        let retry = self.settings.backoff.retries();
        self.actions.push_back(Action::EmitClosed(close, Some(wait)));
        self.enter(Phase::Waiting { retry, due: now + wait, not_before: now + floor });
    }

    fn end(&mut self, close: Close) {
        self.actions.push_back(Action::EmitClosed(close.clone(), None));
        self.enter(Phase::Closed(close));
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.actions.push_back(Action::EmitState);
    }
}

#[cfg(test)]
mod tests;
