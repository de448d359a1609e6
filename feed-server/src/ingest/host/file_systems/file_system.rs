//! The space of one file system: its last answer, and its effect on rows. Time is an argument.

use std::time::Instant;

use super::mounts::Mount;
use super::space::{Access, Space};
use super::space_reading::{Ask, Reading};
use crate::ingest::deadline_reader::{Answer, DeadlineReader};
use crate::ingest::health::SourceHealth;
use crate::ingest::reader_threads::ReaderThreads;

/// One file system, and its part in the turn.
pub(super) struct FileSystem {
    reader: DeadlineReader<Reading>,
    last: Option<Reading>,
    age: Age,
    request: Request,
    patience: Patience,
    was_writable: bool,
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
        let (last, age, request) = (None, Age::Older, Request::NotMade);
        Self { reader, last, age, request, patience: Patience::Normal, was_writable: false }
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
                self.was_writable |= matches!(reading, Reading::Space(space) if space.access == Access::ReadWrite);
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
            Some(Reading::Space(_)) => true,
            Some(Reading::File | Reading::Unavailable) => false,
            None => self.patience == Patience::Normal,
        }
    }

    /// Its part of a row: nothing, or the space that it had last.
    pub(super) fn shown(&self) -> Option<Space> {
        match self.last {
            Some(Reading::Space(space)) => Some(space),
            _ => None,
        }
    }

    /// False if it has not answered in this turn: its series have no values.
    pub(super) fn has_answered(&self) -> bool {
        self.age == Age::ThisTurn
    }

    /// True if it can no longer be written, and could be before.
    pub(super) fn has_become_read_only(&self) -> bool {
        self.was_writable && matches!(self.last, Some(Reading::Space(space)) if space.access == Access::ReadOnly)
    }
}
