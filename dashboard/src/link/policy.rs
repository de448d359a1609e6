//! When to connect, when to give up, when to try again.
//!
//! A state machine without a socket or a clock: it is told what happened and when, and answers with what to do.

use std::collections::VecDeque;

use protocol::{Interval, Timestamp};

use super::close::{Close, CloseCode};
use super::settings::{Settings, Silence};
use super::watch::{Verdict, Watch};

/// How long the other side may take to agree to a close.
pub const CLOSE_WITHIN: Interval = Interval::from_secs(5);

/// How things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// An attempt is under way.
    Connecting {
        /// 0 for the first attempt, otherwise which retry in a row.
        retry: u32,
    },
    /// Connected.
    Live,
    /// Lost; an attempt will follow.
    Reconnecting {
        /// Which retry in a row that will be.
        retry: u32,
        /// When, by the page's clock.
        due: Timestamp,
    },
    /// This side asked to close, and waits for the other to agree.
    Closing,
    /// Over, until somebody asks to retry.
    Closed(Close),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The connection is open.
    Open,
    /// The connection is gone, or was never made.
    Lost(Close),
    /// The time that [`Policy::wake_at`] named has come, or any other.
    Wake,
    /// Somebody asks to close for good.
    Close(Close),
    /// Somebody asks to connect now.
    Retry,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Begin to connect.
    Connect,
    /// Ask the other side to close; its answer comes as [`Input::Lost`].
    Close(Close),
    /// Let go of the connection without waiting for an answer.
    Abandon(Close),
    /// Tell the owner that the connection is open.
    TellOpened,
    /// Tell the owner that a connection ended, and after what wait a retry follows.
    TellClosed(Close, Option<Interval>),
    /// Tell the owner that [`Policy::state`] changed.
    TellState,
}

/// The state machine.
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
    /// The policy of a client that begins to connect right now.
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

    /// Takes note of what happened at `now`. `random`, in [0, 1), spreads retries; it is used only when one is due.
    pub fn handle(&mut self, input: Input, now: Timestamp, random: f64) {
        match input {
            Input::Open => self.opened(now),
            Input::Lost(close) => self.lost(close, now, random),
            Input::Wake => self.woken(now, random),
            Input::Close(request) => self.close(request, now),
            Input::Retry => self.retry(now),
        }
    }

    /// Something was heard from the other side.
    ///
    /// Hot: once per message. Allocates nothing.
    pub fn heard(&mut self, now: Timestamp) {
        if let Phase::Live { watch, .. } = &mut self.phase {
            watch.heard(now);
        }
    }

    /// The next thing to do, in order.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When it wants to be woken: at once while there are actions to take.
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

    /// How things stand.
    pub fn state(&self) -> State {
        match &self.phase {
            Phase::Connecting { retry, .. } => State::Connecting { retry: *retry },
            Phase::Live { .. } => State::Live,
            Phase::Waiting { retry, due, .. } => State::Reconnecting { retry: *retry, due: *due },
            Phase::Closing { .. } => State::Closing,
            Phase::Closed(close) => State::Closed(close.clone()),
        }
    }

    /// Attempts to reconnect since the beginning.
    pub const fn retries(&self) -> u64 {
        self.retries
    }

    /// After the next loss no retry comes sooner than this, whoever asks for it. It holds for one loss.
    pub fn set_retry_floor(&mut self, floor: Interval) {
        self.retry_floor = floor;
    }

    /// Changes how long a live connection may say nothing, from now on.
    pub fn set_silence(&mut self, silence: Silence) {
        self.settings.silence = silence;
        if let Phase::Live { watch, .. } = &mut self.phase {
            watch.set_patience(silence.patience());
        }
    }

    fn opened(&mut self, now: Timestamp) {
        if let Phase::Connecting { .. } = self.phase {
            self.actions.push_back(Action::TellOpened);
            let watch = Watch::new(self.settings.silence.patience(), now);
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
                if watch.check(now) == Verdict::Overdue {
                    self.abandon(format!("no connection within {}", self.settings.connect_within), now, random);
                }
            }
            Phase::Live { watch, .. } => {
                if watch.check(now) == Verdict::Overdue {
                    let silence = self.settings.silence.patience();
                    self.abandon(format!("nothing was heard for {silence}"), now, random);
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

    /// The connection is gone: wait and retry, unless that is pointless.
    fn lose(&mut self, close: Close, now: Timestamp, random: f64) {
        if close.code.forbids_reconnecting() {
            self.end(close);
            return;
        }
        let floor = std::mem::take(&mut self.retry_floor);
        let wait = self.settings.backoff.next_wait(floor, random);
        let retry = self.settings.backoff.retries();
        self.actions.push_back(Action::TellClosed(close, Some(wait)));
        self.enter(Phase::Waiting { retry, due: now + wait, not_before: now + floor });
    }

    fn end(&mut self, close: Close) {
        self.actions.push_back(Action::TellClosed(close.clone(), None));
        self.enter(Phase::Closed(close));
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.actions.push_back(Action::TellState);
    }
}

#[cfg(test)]
mod tests;
