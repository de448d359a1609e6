//! Disks: free space of each file system. One that does not answer delays a row once, and no other measurement.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use protocol::Bounds;

use super::file_system::{FileSystem, Waits};
use super::group::HostGroup;
use super::mount_table::MountTable;
use super::mounts::{Mount, Mounted, choose};
use super::reader::{Moment, Reader};
use super::schedule::Cadence;
use super::space_reading::{self, Ask};
use crate::ingest::blocking::BlockingContext;
use crate::ingest::health::SourceHealth;
use crate::ingest::reader_threads::ReaderThreads;
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
    asks: fn(&Mounted) -> Ask,
}

impl Space {
    pub(super) fn new(fastest: Duration) -> (Cadence, Self) {
        let system = System { list: Box::new(MountTable::mounts), asks: space_reading::asks };
        Self::of(system, Cadence::Steady(fastest.max(INTERVAL)))
    }

    fn of(system: System, cadence: Cadence) -> (Cadence, Self) {
        let group = HostGroup::new("disk.space", "Disk space free", "By", cadence, Bounds::FromZero);
        let threads = ReaderThreads::new("host-disks", MAX_THREADS);
        (cadence, Self { system, threads, listed: Vec::new(), readers: BTreeMap::new(), group, turn: None })
    }

    /// Lists the file systems. A file system that is gone is removed, also while it does not answer.
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

    /// Asks the file systems to show, and takes the answers.
    fn ask(&mut self, health: &SourceHealth, now: Instant) -> Waits {
        loop {
            let chosen: Vec<Mounted> = self.chosen().into_iter().cloned().collect();
            for mounted in &chosen {
                let (threads, asks) = (&self.threads, self.system.asks);
                let entry = self.readers.entry(mounted.clone());
                let file_system = entry.or_insert_with(|| FileSystem::new(&mounted.mount, threads, asks(mounted)));
                file_system.ask(health, now);
            }
            let waits = self.readers.values_mut().map(|file_system| file_system.take(health, now)).max();
            // An answer may have changed the choice.
            if self.chosen().into_iter().eq(&chosen) {
                return waits.unwrap_or(Waits::No);
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
        let waits = match self.ask(context.registrar.health(), now.instant) {
            Waits::UntilLimit => now.instant < turn.instant + ANSWERS_WITHIN,
            Waits::OnePause => is_first,
            Waits::No => false,
        };
        if waits {
            return Ok(());
        }
        self.turn = None;
        self.readers.values_mut().for_each(FileSystem::end);
        let chosen = self.chosen().into_iter();
        let mut free: Vec<(Mount, Option<f64>)> =
            chosen.filter_map(|mounted| self.readers.get(mounted)?.shown(&mounted.mount)).collect();
        free.sort_by(|(ours, _), (theirs, _)| ours.cmp(theirs));
        self.group.send(context, turn.time, free)
    }

    fn awaits(&self) -> Option<Duration> {
        self.turn.map(|_| ANSWER_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc as std_mpsc;

    use crate::ingest::batch_queue::batch_queue;
    use parking_lot::Mutex;

    use super::*;
    use crate::ingest::batch::Batch;
    use crate::ingest::blocking::{Blocking, BlockingSource};
    use crate::ingest::host::mounts::Reach;
    use crate::ingest::host::space_reading::Reading;
    use crate::ingest::series_set::SeriesKey;
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
                let mounted = |(name, id)| Mounted { mount: mount(name), id, reach: Reach::Local };
                Ok([("quick", 1), ("slow", 2), ("file", 3)].map(mounted).into())
            };
            let asks = |mounted: &Mounted| -> Ask {
                match mounted.mount.name().as_str() {
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
        let (sender, mut batches) = batch_queue();
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
