//! File systems: used space, size, inodes, and whether they can be written. One that does not answer delays a row once, and
//! no other measurement.
//!
//! | file | subject |
//! | --- | --- |
//! | `mounts` | mount points, and the choice of those to show |
//! | `file_system` | one file system: its last answer, and its effect on rows |
//! | `space` | the space of one |
//! | `space_reading` | the call that asks it |

mod file_system;
pub(super) mod mounts;
pub(super) mod space;
pub(super) mod space_reading;

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use protocol::Bounds;

use self::file_system::{FileSystem, Waits};
use self::mounts::{Mount, MountPart, Mounted, choose};
use self::space::Space;
use self::space_reading::Ask;
use super::group::HostGroup;
use super::reader::{Moment, Reader};
use super::schedule::Cadence;
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

pub(super) struct FileSystems {
    system: System,
    threads: ReaderThreads,
    listed: Vec<Mounted>,
    readers: BTreeMap<Mounted, FileSystem>,
    groups: Groups,
    turn: Option<Moment>,
}

struct Groups {
    space: HostGroup<MountPart>,
    used: HostGroup<MountPart>,
    inodes: HostGroup<MountPart>,
    read_only: HostGroup<MountPart>,
}

/// The calls to the system: the list, which does not block, and a function for each mount that asks it, which may.
struct System {
    list: Box<dyn FnMut() -> io::Result<Vec<Mounted>>>,
    asks: fn(&Mounted) -> Ask,
}

impl FileSystems {
    /// `list` returns the mounted file systems, without asking them.
    pub(super) fn new(fastest: Duration, list: impl FnMut() -> io::Result<Vec<Mounted>> + 'static) -> (Cadence, Self) {
        let system = System { list: Box::new(list), asks: space_reading::asks };
        Self::of(system, Cadence::Steady(fastest.max(INTERVAL)))
    }

    fn of(system: System, cadence: Cadence) -> (Cadence, Self) {
        let one = Bounds::Fixed { low: 0.0, high: 1.0 };
        let group = |name, title, unit, bounds| HostGroup::new(name, title, unit, cadence, bounds);
        let groups = Groups {
            space: group("disk.space", "Disk space", "By", Bounds::FromZero),
            used: group("disk.used", "Disk space used", "1", one),
            inodes: group("disk.inodes", "Inodes used", "1", one),
            read_only: group("disk.read_only", "File systems that became read-only", "{file system}", Bounds::FromZero),
        };
        let threads = ReaderThreads::new("host-disks", MAX_THREADS);
        (cadence, Self { system, threads, listed: Vec::new(), readers: BTreeMap::new(), groups, turn: None })
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
            let asked: Vec<Mounted> = chosen(&self.listed, &self.readers).into_iter().cloned().collect();
            for mounted in &asked {
                let (threads, asks) = (&self.threads, self.system.asks);
                let entry = self.readers.entry(mounted.clone());
                let file_system = entry.or_insert_with(|| FileSystem::new(&mounted.mount, threads, asks(mounted)));
                file_system.ask(health, now);
            }
            let waits = self.readers.values_mut().map(|file_system| file_system.take(health, now)).max();
            // An answer may have changed the choice.
            if chosen(&self.listed, &self.readers).into_iter().eq(&asked) {
                return waits.unwrap_or(Waits::No);
            }
        }
    }
}

fn chosen<'m>(listed: &'m [Mounted], readers: &BTreeMap<Mounted, FileSystem>) -> Vec<&'m Mounted> {
    choose(listed, |mounted| readers.get(mounted).is_none_or(FileSystem::can_be_shown))
}

impl Reader for FileSystems {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
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
        self.send(context, turn)
    }

    fn awaits(&self) -> Option<Duration> {
        self.turn.map(|_| ANSWER_PAUSE)
    }
}

impl FileSystems {
    fn send(&mut self, context: &BlockingContext, turn: Moment) -> Result<(), SourceError> {
        let chosen = chosen(&self.listed, &self.readers);
        let shown = chosen.iter().filter_map(|mounted| {
            let file_system = self.readers.get(*mounted)?;
            Some((&mounted.mount, file_system.shown()?, file_system))
        });
        let mut shown: Vec<(&Mount, Space, &FileSystem)> = shown.collect();
        shown.sort_by_key(|(mount, ..)| *mount);
        let part = |mount: &Mount, part| MountPart { mount: mount.clone(), part };
        let space = shown.iter().flat_map(|(mount, space, file_system)| {
            let bytes = |bytes: u64| file_system.has_answered().then_some(bytes as f64);
            [(part(mount, Some("used")), bytes(space.used_bytes())), (part(mount, Some("size")), bytes(space.bytes))]
        });
        let used = shown.iter().map(|(mount, space, file_system)| {
            (part(mount, None), file_system.has_answered().then(|| space.used_share()))
        });
        let inodes = shown.iter().filter_map(|(mount, space, file_system)| {
            let share = space.used_inodes_share()?;
            Some((part(mount, None), file_system.has_answered().then_some(share)))
        });
        let read_only = shown.iter().filter(|(.., file_system)| file_system.has_become_read_only());
        let read_only =
            read_only.map(|(mount, _, file_system)| (part(mount, None), file_system.has_answered().then_some(1.0)));
        let Groups { space: sizes, used: shares, inodes: inode_shares, read_only: protected } = &mut self.groups;
        sizes.send(context, turn.time, space)?;
        shares.send(context, turn.time, used)?;
        inode_shares.send(context, turn.time, inodes)?;
        protected.send(context, turn.time, read_only)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc as std_mpsc;

    use parking_lot::Mutex;
    use protocol::GroupId;

    use super::mounts::Reach;
    use super::space::Access;
    use super::space_reading::Reading;
    use super::*;
    use crate::ingest::batch::Batch;
    use crate::ingest::batch_queue::batch_queue;
    use crate::ingest::blocking::{Blocking, BlockingSource};
    use crate::ingest::source::Source;
    use crate::ingest::test_registry::TestRegistry;

    /// Used percent of `/slow`, sent by the test; a request without it blocks.
    static SLOW: Mutex<Option<std_mpsc::Receiver<u64>>> = Mutex::new(None);

    fn used(percent: u64) -> Reading {
        let (free_bytes, available_bytes) = (100 - percent, 100 - percent);
        let access = Access::ReadWrite;
        Reading::Space(Space { bytes: 100, free_bytes, available_bytes, inodes: 0, free_inodes: 0, access })
    }

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
                        Box::new(move || answers.recv().map_or(Reading::Unavailable, used))
                    }
                    "/file" => Box::new(|| Reading::File),
                    _ => Box::new(|| used(1)),
                }
            };
            let system = System { list: Box::new(list), asks };
            let (cadence, space) = FileSystems::of(system, Cadence::Steady(Duration::from_millis(20)));
            super::super::measure(vec![(cadence, Box::new(space))], context)
        }
    }

    fn percents(batch: &Batch) -> Vec<u64> {
        batch.columns.iter().map(|column| (column.values[0] * 100.0).round() as u64).collect()
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
        // The first group has sizes, the second shares.
        let mut row = async || loop {
            let batch = batches.recv().await.expect("runs until it is stopped");
            if batch.group == GroupId(2) {
                return batch;
            }
        };

        assert_eq!(percents(&row().await), [1]);
        assert_eq!(registry.live(), 3, "a file system that never answered has no series");
        answer.send(2).expect("is read");
        while !percents(&row().await).contains(&2) {}
        for _ in 0..3 {
            while percents(&row().await) != [1] {}
            assert_eq!(registry.live(), 6, "its series do not end");
        }
        while health.status().stuck.is_empty() {
            assert_eq!(percents(&row().await), [1]);
        }
        assert_eq!(&*health.status().stuck[0].part, "disk space of /slow");
        answer.send(3).expect("is read");
        while !percents(&row().await).contains(&3) {}
        assert_eq!(health.status().stuck, []);

        cancellation.cancel();
        while batches.recv().await.is_some() {}
        let ended = running.await.expect("does not panic");
        assert!(matches!(ended, Err(SourceError::Stopped(_))), "{ended:?}");
    }
}
