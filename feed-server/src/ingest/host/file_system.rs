//! The free space of one file system: its last answer, and its effect on rows. Time is an argument.

use std::time::Instant;

use super::mounts::Mount;
use super::space_reading::{Ask, Reading};
use crate::ingest::deadline_reader::{Answer, DeadlineReader};
use crate::ingest::health::SourceHealth;
use crate::ingest::reader_threads::ReaderThreads;
use crate::ingest::series_set::SeriesKey;

/// One file system, and its part in the turn.
pub(super) struct FileSystem {
    reader: DeadlineReader<Reading>,
    last: Option<Reading>,
    age: Age,
    request: Request,
    patience: Patience,
}

/// Of the last answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    ThisTurn,
    Older,
}

/// What happened in this turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Request {
    NotMade,
    Made,
    Answered,
}

/// How long rows wait for this file system.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Normal,
    /// It did not answer in its last turn: its answer is used when it arrives.
    OnePause,
}

/// How long a row waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Waits {
    No,
    OnePause,
    UntilLimit,
}

impl FileSystem {
    pub(super) fn new(mount: &Mount, threads: &ReaderThreads, ask: Ask) -> Self {
        let reader = DeadlineReader::new(&format!("disk space of {}", mount.name()), threads, ask);
        Self { reader, last: None, age: Age::Older, request: Request::NotMade, patience: Patience::Normal }
    }

    pub(super) fn begin(&mut self) {
        self.request = Request::NotMade;
        self.age = Age::Older;
        if self.last == Some(Reading::Unavailable) {
            self.last = None;
            self.patience = Patience::Normal;
        }
    }

    /// Requests the turn's reading, once. The answer to the request of an earlier turn is taken first.
    pub(super) fn ask(&mut self, health: &SourceHealth, now: Instant) {
        if self.request == Request::NotMade {
            self.take(health, now);
            self.reader.request(now);
            self.request = Request::Made;
        }
    }

    /// The turn is over: a row was sent.
    pub(super) fn end(&mut self) {
        if self.request == Request::Made {
            self.patience = Patience::OnePause;
        }
    }

    /// Takes the answer if it has arrived. Returns how long the row waits for it.
    pub(super) fn take(&mut self, health: &SourceHealth, now: Instant) -> Waits {
        match self.reader.poll(health, now) {
            Answer::Fresh(reading) => {
                if self.request == Request::Made {
                    self.patience = Patience::Normal;
                }
                (self.last, self.age) = (Some(reading), Age::ThisTurn);
                self.request = Request::Answered;
                Waits::No
            }
            Answer::Pending if self.request == Request::Made => match self.patience {
                Patience::Normal => Waits::UntilLimit,
                Patience::OnePause => Waits::OnePause,
            },
            Answer::Pending | Answer::Idle | Answer::Stuck => Waits::No,
        }
    }

    /// A file system that has never answered does not hide others of the same disk.
    pub(super) fn can_be_shown(&self) -> bool {
        match self.last {
            Some(Reading::Free(_)) => true,
            Some(Reading::File | Reading::Unavailable) => false,
            None => self.patience == Patience::Normal,
        }
    }

    /// Its part of a row: nothing, the series without a value (no answer in this turn), or the value.
    pub(super) fn shown(&self, mount: &Mount) -> Option<(Mount, Option<f64>)> {
        match self.last {
            Some(Reading::Free(bytes)) => Some((mount.clone(), (self.age == Age::ThisTurn).then_some(bytes))),
            _ => None,
        }
    }
}
