//! Disks: free space of each file system, each asked on a thread of its own if it does not answer at once.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::Bounds;

use super::group::HostGroup;
use super::mount_table::{MountTable, read_space};
use super::mounts::{Mount, Mounted, choose};
use super::reader::{Moment, Reader};
use super::schedule::Cadence;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::deadline_reader::{Answer, DeadlineReader};
use crate::ingest::reader_threads::ReaderThreads;
use crate::ingest::series_set::SeriesKey;
use crate::ingest::source::SourceError;

/// Free space changes slowly.
const INTERVAL: Duration = Duration::from_secs(2);
/// A local file system answers within microseconds.
const ANSWER_PAUSE: Duration = Duration::from_millis(10);
/// A row does not wait longer for a file system that answered before. Shorter than the interval.
const ANSWERS_WITHIN: Duration = Duration::from_millis(500);
/// Limit for file systems that block at one time.
const MAX_THREADS: usize = 16;

/// Bytes free on each file system.
pub(super) struct Space {
    threads: ReaderThreads,
    listed: Vec<Mounted>,
    readers: BTreeMap<Mounted, FileSystem>,
    group: HostGroup<Mount>,
    turn: Option<Moment>,
}

/// The answer of a file system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reading {
    Free(f64),
    /// A single file, bound into a container.
    File,
    Unavailable,
}

struct FileSystem {
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

/// How long a row waits for the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Normal,
    /// It did not answer in its last turn: its answer is used when it arrives.
    OnePause,
}

impl Space {
    pub(super) fn new(fastest: Duration) -> (Cadence, Self) {
        let cadence = Cadence::Steady(fastest.max(INTERVAL));
        let group = HostGroup::new("disk.space", "Disk space free", "By", cadence, Bounds::FromZero);
        let threads = ReaderThreads::new("host-disks", MAX_THREADS);
        (cadence, Self { threads, listed: Vec::new(), readers: BTreeMap::new(), group, turn: None })
    }

    /// Lists the file systems. A file system that is gone is forgotten, also while it does not answer.
    fn begin(&mut self, context: &BlockingContext) {
        match MountTable::mounts() {
            Ok(listed) => self.listed = listed,
            Err(error) => context.registrar.report(&format!("the list of file systems is not updated: {error}")),
        }
        self.readers.retain(|mounted, _| self.listed.contains(mounted));
        for file_system in self.readers.values_mut() {
            file_system.begin();
        }
    }

    /// Asks the file systems to show, and takes the answers. Returns true if it is worth waiting for more.
    fn ask(&mut self, context: &BlockingContext, now: Moment, is_first: bool) -> bool {
        loop {
            let mut waits = false;
            let chosen: Vec<Mounted> = self.chosen().into_iter().cloned().collect();
            for mounted in &chosen {
                let threads = &self.threads;
                let file_system =
                    self.readers.entry(mounted.clone()).or_insert_with(|| FileSystem::new(mounted, threads));
                if file_system.request == Request::NotMade {
                    // The answer to the request of an earlier turn comes first.
                    file_system.take(context, now);
                    file_system.reader.request(now.instant);
                    file_system.request = Request::Made;
                }
            }
            for file_system in self.readers.values_mut() {
                let waits_for_this = file_system.take(context, now);
                waits |= waits_for_this && (is_first || file_system.patience == Patience::Normal);
            }
            // An answer may have changed the choice.
            if self.chosen().into_iter().eq(&chosen) {
                return waits;
            }
        }
    }

    fn chosen(&self) -> Vec<&Mounted> {
        choose(&self.listed, |mounted| self.readers.get(mounted).is_none_or(FileSystem::can_be_shown))
    }
}

impl Reader for Space {
    fn read(&mut self, context: &BlockingContext) -> Result<(), SourceError> {
        let now = Moment::now();
        let is_first = self.turn.is_none();
        if is_first {
            self.begin(context);
        }
        let turn = *self.turn.get_or_insert(now);
        if self.ask(context, now, is_first) && now.instant < turn.instant + ANSWERS_WITHIN {
            return Ok(());
        }
        self.turn = None;
        for file_system in self.readers.values_mut().filter(|file_system| file_system.request == Request::Made) {
            file_system.patience = Patience::OnePause;
        }
        let chosen = self.chosen().into_iter().filter_map(|mounted| Some((mounted, self.readers.get(mounted)?)));
        let free = chosen.filter_map(|(mounted, file_system)| Some((mounted.mount.clone(), file_system.shown()?)));
        let mut free: Vec<(Mount, Option<f64>)> = free.collect();
        free.sort_by(|(ours, _), (theirs, _)| ours.cmp(theirs));
        self.group.send(context, turn.time, free)
    }

    fn awaits(&self) -> Option<Duration> {
        self.turn.map(|_| ANSWER_PAUSE)
    }
}

impl FileSystem {
    fn new(mounted: &Mounted, threads: &ReaderThreads) -> Self {
        let point = mounted.mount.point.clone();
        let mut is_directory = false;
        let reader = DeadlineReader::new(&format!("disk space of {}", mounted.mount.name()), threads, move || {
            // Once is sufficient: a mount does not change its kind.
            if !is_directory {
                match point.metadata() {
                    Ok(metadata) if metadata.is_dir() => is_directory = true,
                    Ok(_) => return Reading::File,
                    Err(_) => return Reading::Unavailable,
                }
            }
            read_space(&point)
        });
        Self { reader, last: None, age: Age::Older, request: Request::NotMade, patience: Patience::Normal }
    }

    fn begin(&mut self) {
        self.request = Request::NotMade;
        self.age = Age::Older;
        if self.last == Some(Reading::Unavailable) {
            self.last = None;
            self.patience = Patience::Normal;
        }
    }

    /// Takes the answer if it has arrived. Returns true if it is still awaited.
    fn take(&mut self, context: &BlockingContext, now: Moment) -> bool {
        match self.reader.poll(context.registrar.health(), now.instant) {
            Answer::Fresh(reading) => {
                if self.request == Request::Made {
                    self.patience = Patience::Normal;
                }
                (self.last, self.age) = (Some(reading), Age::ThisTurn);
                self.request = Request::Answered;
                false
            }
            Answer::Pending => self.request == Request::Made,
            Answer::Idle | Answer::Stuck => false,
        }
    }

    /// A file system that has never answered does not hide others of the same disk.
    fn can_be_shown(&self) -> bool {
        match self.last {
            Some(Reading::Free(_)) => true,
            Some(Reading::File | Reading::Unavailable) => false,
            None => self.patience == Patience::Normal,
        }
    }

    /// What the row has of it: nothing, the series without a value (no answer in this turn), or the value.
    fn shown(&self) -> Option<Option<f64>> {
        match self.last {
            Some(Reading::Free(bytes)) => Some((self.age == Age::ThisTurn).then_some(bytes)),
            _ => None,
        }
    }
}
