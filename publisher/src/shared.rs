//! What the program's threads and the thread of the publisher share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use protocol::{GroupId, Timestamp};

use crate::buffer::Buffer;
use crate::catalog::Catalog;

#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) catalog: Catalog,
    pub(crate) buffer: Buffer,
    pub(crate) gauges: Vec<GaugeGroup>,
    pub(crate) phase: Phase,
    pub(crate) is_connected: bool,
    /// Someone waits for the server: the thread does not wait for its next turn.
    pub(crate) is_urgent: bool,
    /// Rows that the server has dropped because of their times.
    pub(crate) refused: u64,
    pub(crate) last_error: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// Rows are sent until this time, or until the server holds all.
    Closing(Instant),
    /// The thread has ended, for this reason.
    Ended(String),
}

/// Gauges that share a row.
#[derive(Debug)]
pub(crate) struct GaugeGroup {
    pub(crate) group: GroupId,
    pub(crate) name: String,
    /// The names of the series, and the bits of their values.
    pub(crate) series: Vec<(String, Arc<AtomicU64>)>,
}

impl Shared {
    pub(crate) fn new(buffer_bytes: usize) -> Self {
        let state = State {
            catalog: Catalog::default(),
            buffer: Buffer::new(buffer_bytes),
            gauges: Vec::new(),
            phase: Phase::Running,
            is_connected: false,
            is_urgent: false,
            refused: 0,
            last_error: None,
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// A thread that panicked has left the state whole: nothing is called in between that panics.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn notify(&self) {
        self.changed.notify_all();
    }

    /// Waits for a change, at most until `until`.
    pub(crate) fn wait<'s>(&self, state: MutexGuard<'s, State>, until: Instant) -> MutexGuard<'s, State> {
        let left = until.saturating_duration_since(Instant::now());
        self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits for this long, or until someone waits for the server, or the publisher closes.
    pub(crate) fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut state = self.lock();
        while state.phase == Phase::Running && !state.is_urgent && Instant::now() < until {
            state = self.wait(state, until);
        }
    }
}

impl State {
    /// Appends a row of each group of gauges.
    pub(crate) fn sample_gauges(&mut self, time: Timestamp) {
        for GaugeGroup { group, series, .. } in &self.gauges {
            let values: Vec<f64> =
                series.iter().map(|(_, bits)| f64::from_bits(bits.load(Ordering::Relaxed))).collect();
            // After the clock was set back, until it has caught up.
            let _not_later = self.buffer.row(*group, time, &values);
        }
    }

    /// The reason for the end of the thread; `None` while it sends.
    pub(crate) fn ended(&self) -> Option<&str> {
        match &self.phase {
            Phase::Ended(reason) => Some(reason),
            Phase::Running | Phase::Closing(_) => None,
        }
    }
}
