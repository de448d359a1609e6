//! Disks: free space of each file system, each asked on a thread of its own if it does not answer at once.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
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
    system: System,
    threads: ReaderThreads,
    listed: Vec<Mounted>,
    readers: BTreeMap<Mounted, FileSystem>,
    group: HostGroup<Mount>,
    turn: Option<Moment>,
}

/// The calls to the system: the list, which does not block, and a function for each mount that asks it, which may.
struct System {
    list: Box<dyn FnMut() -> io::Result<Vec<Mounted>>>,
    asks: fn(&Mount) -> Ask,
}

type Ask = Box<dyn FnMut() -> Reading + Send>;

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
        let system = System { list: Box::new(MountTable::mounts), asks: |mount| Box::new(asks(mount.point.clone())) };
        Self::of(system, Cadence::Steady(fastest.max(INTERVAL)))
    }

    fn of(system: System, cadence: Cadence) -> (Cadence, Self) {
        let group = HostGroup::new("disk.space", "Disk space free", "By", cadence, Bounds::FromZero);
        let threads = ReaderThreads::new("host-disks", MAX_THREADS);
        (cadence, Self { system, threads, listed: Vec::new(), readers: BTreeMap::new(), group, turn: None })
    }

    /// Lists the file systems. A file system that is gone is forgotten, also while it does not answer.
    fn begin(&mut self, context: &BlockingContext) {
        match (self.system.list)() {
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
                let (threads, asks) = (&self.threads, self.system.asks);
                let entry = self.readers.entry(mounted.clone());
                let file_system = entry.or_insert_with(|| FileSystem::new(&mounted.mount, threads, asks));
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

/// Asks the file system at `point`. That it is a directory is checked once: a mount does not change its kind.
fn asks(point: PathBuf) -> impl FnMut() -> Reading + Send {
    let mut is_directory = false;
    move || {
        if !is_directory {
            match point.metadata() {
                Ok(metadata) if metadata.is_dir() => is_directory = true,
                Ok(_) => return Reading::File,
                Err(_) => return Reading::Unavailable,
            }
        }
        read_space(&point)
    }
}

impl FileSystem {
    fn new(mount: &Mount, threads: &ReaderThreads, asks: fn(&Mount) -> Ask) -> Self {
        let reader = DeadlineReader::new(&format!("disk space of {}", mount.name()), threads, asks(mount));
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc as std_mpsc;

    use parking_lot::Mutex;
    use tokio::sync::mpsc;

    use super::*;
    use crate::ingest::batch::Batch;
    use crate::ingest::blocking::{Blocking, BlockingSource};
    use crate::ingest::source::Source;
    use crate::ingest::test_registry::TestRegistry;

    /// Free space of `/slow`, sent by the test; a request without it blocks.
    static SLOW: Mutex<Option<std_mpsc::Receiver<f64>>> = Mutex::new(None);

    struct Disks;

    impl BlockingSource for Disks {
        fn run(self, context: &BlockingContext) -> Result<(), SourceError> {
            let mount = |name: &str| Mount {
                point: format!("/{name}").into(),
                device: format!("/dev/{name}"),
                file_system: "ext4".into(),
            };
            let list = move || {
                Ok([("quick", 1), ("slow", 2), ("file", 3)].map(|(name, id)| Mounted { mount: mount(name), id }).into())
            };
            let asks = |mount: &Mount| -> Ask {
                match mount.name().as_str() {
                    "/slow" => {
                        let answers = SLOW.lock().take().expect("asked by one function");
                        Box::new(move || answers.recv().map_or(Reading::Unavailable, Reading::Free))
                    }
                    "/file" => Box::new(|| Reading::File),
                    _ => Box::new(|| Reading::Free(1.0)),
                }
            };
            let system = System { list: Box::new(list), asks };
            let (cadence, space) = Space::of(system, Cadence::Steady(Duration::from_millis(20)));
            super::super::measure(vec![(cadence, Box::new(space))], context)
        }
    }

    fn values(batch: &Batch) -> Vec<f64> {
        batch.columns.iter().map(|column| column.values[0]).collect()
    }

    #[tokio::test]
    async fn a_file_system_that_does_not_answer_is_left_out_of_rows_and_the_others_continue() {
        let (answer, answers) = std_mpsc::channel();
        *SLOW.lock() = Some(answers);
        let registry = Arc::new(TestRegistry::default());
        let (sender, mut batches) = mpsc::channel(1);
        let context = registry.context(sender);
        let (health, cancellation) = (context.registrar.health().clone(), context.cancellation.clone());
        let running = tokio::spawn(Box::new(Blocking::new("disks", Disks)).run(context));
        let mut row = async || batches.recv().await.expect("runs until it is stopped");

        assert_eq!(values(&row().await), [1.0]);
        assert_eq!(registry.live(), 1, "a file system that never answered has no series");
        answer.send(2.0).expect("is read");
        while !values(&row().await).contains(&2.0) {}
        for _ in 0..3 {
            while values(&row().await) != [1.0] {}
            assert_eq!(registry.live(), 2, "its series does not end");
        }
        while health.status().stuck.is_empty() {
            assert_eq!(values(&row().await), [1.0]);
        }
        assert_eq!(&*health.status().stuck[0].part, "disk space of /slow");
        answer.send(3.0).expect("is read");
        while !values(&row().await).contains(&3.0) {}
        assert_eq!(health.status().stuck, []);

        cancellation.cancel();
        while batches.recv().await.is_some() {}
        let ended = running.await.expect("does not panic");
        assert!(matches!(ended, Err(SourceError::Stopped(_))), "{ended:?}");
    }
}
