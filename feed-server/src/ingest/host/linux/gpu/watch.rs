//! When the library is opened, read and closed. Time is an argument, but for the time that a reading takes.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use super::library::{Gpus, Library, Refusal, Value};
use super::sleep::{self, Sleep};
use crate::ingest::host::linux::pace::Pace;
use crate::ingest::host::linux::roots::Roots;
use crate::ingest::host::reader::Moment;

/// A library that is missing or fails is opened again after this time: a driver may be installed, or loaded anew.
const OPEN_AGAIN: Duration = Duration::from_mins(1);
/// A GPU that may sleep and did nothing for this long is left alone, so that it can.
const LEAVE_AFTER: Duration = Duration::from_secs(10);
/// Time to fall asleep: it takes a GPU 5 to 10 s after its last use.
const LEAVE_FOR: Duration = Duration::from_mins(1);
/// Of one GPU, a reading takes a millisecond. While it lasts, the driver may delay what is drawn.
const READ_WITHIN: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(super) struct Reading {
    pub(super) moment: Moment,
    /// `None` if no row is due in this turn.
    pub(super) gpus: Option<Gpus>,
    pub(super) left_out: [Option<String>; LEFT_OUT],
    /// The library is not installed.
    pub(super) is_missing: bool,
}

/// Reasons to leave something out: the library, one GPU, a slow library, GPUs that may sleep.
pub(super) const LEFT_OUT: usize = 4;

pub(super) struct Watch {
    roots: Roots,
    path: OsString,
    library: State,
    failed: Option<String>,
    is_missing: bool,
    pace: Pace,
}

enum State {
    Closed {
        open_at: Option<Instant>,
    },
    Open {
        library: Library,
        /// Since when no GPU has done anything.
        idle_since: Option<Instant>,
    },
}

impl Watch {
    /// `path` is that of the library, or its name for the loader.
    pub(super) fn new(roots: &Roots, path: OsString) -> Self {
        let library = State::Closed { open_at: None };
        Self { roots: roots.clone(), path, library, failed: None, is_missing: false, pace: Pace::new(READ_WITHIN) }
    }

    pub(super) fn read(&mut self, now: Moment) -> Reading {
        let sleep = sleep::read(&self.roots);
        let gpus = self.gpus(now.instant, sleep);
        let may_sleep = sleep != Sleep::Never;
        let sleeping = "GPUs are measured only while they work: a reading would keep them awake";
        let mut left_out =
            [self.failed.clone(), None, self.pace.statement("GPUs"), may_sleep.then(|| sleeping.to_owned())];
        if let Some(Gpus { failed: Some(failed), .. }) = &gpus {
            left_out[1] = Some(format!("{failed}: it is not measured"));
        }
        Reading { moment: now, gpus, left_out, is_missing: self.is_missing }
    }

    fn gpus(&mut self, now: Instant, sleep: Sleep) -> Option<Gpus> {
        if sleep == Sleep::Asleep {
            self.library = State::Closed { open_at: None };
            return Some(Gpus::default());
        }
        let is_new = match self.library {
            State::Closed { open_at: Some(open_at) } if now < open_at => return Some(Gpus::default()),
            State::Closed { .. } => {
                if !self.open(now) {
                    return Some(Gpus::default());
                }
                true
            }
            State::Open { .. } => false,
        };
        if !self.pace.is_due(now) {
            return None;
        }
        let State::Open { library, idle_since } = &mut self.library else { return None };
        let began = Instant::now();
        let gpus = library.read();
        // The first calls switch a GPU on.
        if !is_new {
            self.pace.took(now, began.elapsed());
        }
        let gpus = match gpus {
            Ok(gpus) => gpus,
            Err(error) => {
                self.fail(now, &error);
                return Some(Gpus::default());
            }
        };
        if sleep == Sleep::Awake && is_idle(&gpus) {
            let since = *idle_since.get_or_insert(now);
            if now.saturating_duration_since(since) >= LEAVE_AFTER {
                self.library = State::Closed { open_at: Some(now + LEAVE_FOR) };
            }
        } else {
            *idle_since = None;
        }
        Some(gpus)
    }

    /// Returns false if the library cannot be used.
    fn open(&mut self, now: Instant) -> bool {
        self.is_missing = false;
        match Library::open(&self.path) {
            Ok(library) => {
                self.failed = None;
                self.library = State::Open { library, idle_since: None };
                return true;
            }
            Err(Refusal::Missing) => {
                tracing::debug!(library = ?self.path, "GPUs are not measured: the library is missing");
                self.failed = None;
                self.is_missing = true;
                self.library = State::Closed { open_at: Some(now + OPEN_AGAIN) };
            }
            Err(Refusal::Failed(error)) => self.fail(now, &error),
        }
        false
    }

    fn fail(&mut self, now: Instant, error: &str) {
        self.failed = Some(format!("GPUs are not measured: {}: {error}", self.path.display()));
        self.library = State::Closed { open_at: Some(now + OPEN_AGAIN) };
    }
}

/// True if no GPU did anything, as far as they state it.
fn is_idle(gpus: &Gpus) -> bool {
    gpus.measured.iter().all(|gpu| !matches!(gpu.busy, Some(Value::Known(busy)) if busy > 0.0))
}
