//! Disks: bytes, operations, busy time, waiting time and queue of each whole block device.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use protocol::Bounds;

use super::kernel_file::{KernelFile, Presence};
use super::roots::Roots;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::health::LeftOut;
use crate::ingest::host::counter::Fall;
use crate::ingest::host::devices::{Column, Device, Devices, Family, Rules, Shown};
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::kernel::diskstats::{
    self, BUSY_MS, READ_SECTORS, READING_MS, READS, SECTOR_BYTES, TRANSFERRING_MS, WRITES, WRITING_MS, WRITTEN_SECTORS,
};
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::series_set::MAX_LIVE;
use crate::ingest::source::SourceError;

/// A disk has two series in a group.
const MAX_DISKS: usize = MAX_LIVE / 2;
/// The list of block devices is read again after this time, and when a new name is counted.
const LIST_EVERY: Duration = Duration::from_secs(10);
/// Names beside those of disks that are remembered.
const MAX_OTHERS: usize = 4_096;
/// A new name is looked for at most this often.
const LIST_AT_MOST_EVERY: Duration = Duration::from_secs(1);

const COUNTERS: usize = 8;

type Disk = Device<COUNTERS>;

pub(super) struct Disks {
    diskstats: KernelFile,
    blocks: Blocks,
    counted: Devices<COUNTERS>,
}

const READ: Option<(&str, &str)> = Some(("direction", "read"));
const WRITTEN: Option<(&str, &str)> = Some(("direction", "written"));

const BYTES: [Column<COUNTERS>; 2] = [
    Column { part: READ, counter: READ_SECTORS, value: |disk| disk.counter(READ_SECTORS).times(SECTOR_BYTES as f64) },
    Column {
        part: WRITTEN,
        counter: WRITTEN_SECTORS,
        value: |disk| disk.counter(WRITTEN_SECTORS).times(SECTOR_BYTES as f64),
    },
];
const OPERATIONS: [Column<COUNTERS>; 2] = [
    Column { part: READ, counter: READS, value: |disk| disk.counter(READS).per_second() },
    Column { part: WRITTEN, counter: WRITES, value: |disk| disk.counter(WRITES).per_second() },
];
// The kernel counts busy time in whole milliseconds: it may be one too many.
const BUSY: [Column<COUNTERS>; 1] =
    [Column { part: None, counter: BUSY_MS, value: |disk| disk.counter(BUSY_MS).share_of(1e3) }];
const WAIT: [Column<COUNTERS>; 2] = [
    Column { part: READ, counter: READS, value: |disk| per_operation(disk, READING_MS, READS) },
    Column { part: WRITTEN, counter: WRITES, value: |disk| per_operation(disk, WRITING_MS, WRITES) },
];
const QUEUE: [Column<COUNTERS>; 1] =
    [Column { part: None, counter: TRANSFERRING_MS, value: |disk| disk.counter(TRANSFERRING_MS).times(1e-3) }];

/// Seconds for each operation that ended; zero if none did, so that an idle disk is not taken for one that is not measured.
fn per_operation(disk: &Disk, milliseconds: usize, operations: usize) -> f64 {
    let (milliseconds, operations) = (disk.counter(milliseconds).per_second(), disk.counter(operations).per_second());
    if operations > 0.0 { milliseconds / operations / 1e3 } else { operations }
}

impl Disks {
    pub(super) fn new(roots: &Roots, cadence: Cadence, used: Shown) -> Self {
        let family = |name, title, unit, bounds, columns| {
            Family::new(HostGroup::new(name, title, unit, cadence, bounds), title, used, columns)
        };
        let one = Bounds::Fixed { low: 0.0, high: 1.0 };
        let families = vec![
            family("disk.io", "Disk I/O", "By/s", Bounds::FromZero, &BYTES),
            family("disk.operations", "Disk operations", "{operation}/s", Bounds::FromZero, &OPERATIONS),
            family("disk.busy", "Disk busy", "1", one, &BUSY),
            family("disk.wait", "Disk wait per operation", "s", Bounds::FromZero, &WAIT),
            family("disk.queue", "Disk queue", "{operation}", Bounds::FromZero, &QUEUE),
        ];
        let rules = Rules {
            plural: "disks",
            label: "device",
            limit: MAX_DISKS,
            falls: [Fall::Reset; COUNTERS],
            traffic: &[READ_SECTORS, WRITTEN_SECTORS],
        };
        Self {
            diskstats: KernelFile::new(roots.proc("diskstats"), "disks", Presence::Expected).paged(),
            blocks: Blocks::new(roots.sys("block")),
            counted: Devices::new(rules, families, Instant::now()),
        }
    }
}

impl Reader for Disks {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        let health = context.registrar.health();
        self.blocks.list_if_due(context, now.instant);
        self.counted.begin(now.instant);
        if let Some(text) = self.diskstats.read(health, now.instant) {
            let (blocks, disks) = (&mut self.blocks, &mut self.counted);
            let skipped = diskstats::parse(text, |name, counters| {
                if blocks.is_whole(name) {
                    disks.count(name, *counters);
                }
            });
            self.diskstats.state_skipped(health, skipped);
        }
        let blocks = &self.blocks;
        self.counted.send(context, now, |name| blocks.title(name))
    }
}

/// The kernel's list of whole block devices, without their partitions.
#[derive(Debug)]
struct Blocks {
    folder: PathBuf,
    /// Name and title of each. `None` if the list cannot be read: all names are taken for whole devices.
    listed: Option<BTreeMap<Box<[u8]>, Option<String>>>,
    /// Names that are counted and were not in the last list: partitions, or devices that are new.
    others: BTreeSet<Box<[u8]>>,
    listed_at: Option<Instant>,
    is_new_name_seen: bool,
    left_out: LeftOut,
}

impl Blocks {
    fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            listed: None,
            others: BTreeSet::new(),
            listed_at: None,
            is_new_name_seen: false,
            left_out: LeftOut::default(),
        }
    }

    fn list_if_due(&mut self, context: &BlockingContext, now: Instant) {
        let every = if self.is_new_name_seen { LIST_AT_MOST_EVERY } else { LIST_EVERY };
        if self.listed_at.is_some_and(|at| now.saturating_duration_since(at) < every) {
            return;
        }
        self.listed_at = Some(now);
        self.is_new_name_seen = false;
        let folder = &self.folder;
        let listed: io::Result<BTreeMap<_, _>> = fs::read_dir(folder).map(|entries| {
            let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().into_encoded_bytes()));
            names.map(|name| (name.clone().into(), mapped_name(folder, &name))).collect()
        });
        let is_known = self.listed.is_some();
        let error = listed.as_ref().err().map(|error| {
            let what =
                if is_known { "the list of disks is not updated" } else { "disks are listed with their partitions" };
            format!("{what}: {}: {error}", folder.display())
        });
        self.left_out.state(context.registrar.health(), error);
        if let Ok(listed) = listed {
            self.others.retain(|name| !listed.contains_key(name));
            self.listed = Some(listed);
        }
        if self.others.len() > MAX_OTHERS {
            self.others.clear();
        }
    }

    fn is_whole(&mut self, name: &[u8]) -> bool {
        let Some(listed) = &self.listed else { return true };
        if listed.contains_key(name) {
            return true;
        }
        if !self.others.contains(name) {
            self.others.insert(name.into());
            self.is_new_name_seen = true;
        }
        false
    }

    fn title(&self, name: &[u8]) -> Option<String> {
        self.listed.as_ref()?.get(name)?.clone()
    }
}

/// `vg-root` of `dm-0`: the name of a mapped device.
fn mapped_name(folder: &Path, name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok().filter(|name| name.starts_with("dm-"))?;
    let mapped = fs::read_to_string(folder.join(name).join("dm/name")).ok()?;
    Some(mapped.trim_end().to_owned()).filter(|mapped| !mapped.is_empty())
}
