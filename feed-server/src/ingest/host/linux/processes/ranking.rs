//! The busiest processes by each of four values, as rows.

use std::time::Instant;

use protocol::column::is_missing;

use super::disk_traffic::DIRECTIONS;
use super::key::{CpuTime, Key, Process};
use super::known::Known;
use super::table::Table;
use crate::ingest::host::busiest::{Busiest, Ranked};

/// In percent of a core. One tick of CPU time in a second, averaged, stays below: a process that wakes up occasionally is idle.
const CPU_FLOOR: f64 = 0.2;
/// Threads of the kernel have no memory.
const NO_MEMORY: f64 = 0.0;
/// In bytes a second. A block now and then is no load.
const DISK_FLOOR: f64 = 1_000.0;
/// Every process has one.
const ONE_THREAD: f64 = 1.0;

/// A row of a group: a key without a value has a series and no value in this row.
pub(super) type Row<K> = Vec<(K, Option<f64>)>;

#[derive(Debug)]
pub(super) struct Ranking {
    page_bytes: u64,
    cpu: Busiest<Key>,
    memory: Busiest<Key>,
    disk: Busiest<Key>,
    threads: Busiest<Key>,
    /// From the first time on that processes used CPU time unseen.
    has_short_lived: bool,
}

/// A row of each group of processes.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) cpu: Row<CpuTime>,
    pub(super) memory: Row<Process>,
    pub(super) disk: Row<Process>,
    pub(super) threads: Row<Process>,
}

impl Ranking {
    pub(super) fn new(page_bytes: u64) -> Self {
        Self {
            page_bytes,
            cpu: Busiest::new(Ranked::ByRate, CPU_FLOOR),
            memory: Busiest::new(Ranked::ByLevel, NO_MEMORY),
            disk: Busiest::new(Ranked::ByRate, DISK_FLOOR),
            threads: Busiest::new(Ranked::ByLevel, ONE_THREAD),
            has_short_lived: false,
        }
    }

    /// Ranks the processes of a scan. `short_lived` is in percent of a core, as the CPU times in `table` are; those of the row are
    /// divided by `divisor`.
    pub(super) fn rank(&mut self, table: &mut Table, at: Instant, short_lived: f64, divisor: f64) -> Rows {
        for key in self.disk.shown() {
            if let Some(known) = table.get_mut(key.pid) {
                known.is_disk_shown = false;
            }
        }
        let page_bytes = self.page_bytes;
        let memory = |known: &Known| known.if_understood(known.resident_pages.saturating_mul(page_bytes) as f64);
        let threads = |known: &Known| known.if_understood(known.threads as f64);
        let disk = |known: &Known| known.disk_bytes().iter().sum::<f64>();
        self.cpu.update(at, table.processes().map(|(key, known)| (key, known.cpu_percent())));
        self.memory.update(at, table.processes().map(|(key, known)| (key, memory(known))));
        self.disk.update(at, table.processes().map(|(key, known)| (key, disk(known))));
        self.threads.update(at, table.processes().map(|(key, known)| (key, threads(known))));
        for key in self.disk.shown() {
            if let Some(known) = table.get_mut(key.pid) {
                known.is_disk_shown = true;
            }
        }

        let table = &*table;
        let percent = |value: f64| Some(value / divisor).filter(|_| !is_missing(value));
        let cpu = shown(&self.cpu, table).map(|(process, known)| (CpuTime::Of(process), percent(known.cpu_percent())));
        self.has_short_lived |= short_lived > 0.0;
        let short_lived = self.has_short_lived.then(|| (CpuTime::ShortLived, percent(short_lived)));
        let disk = shown(&self.disk, table).flat_map(|(process, known)| {
            DIRECTIONS.into_iter().zip(known.disk_bytes()).map(move |(direction, bytes)| {
                (Process { part: Some(direction), ..process.clone() }, Some(bytes).filter(|bytes| !is_missing(*bytes)))
            })
        });
        Rows {
            cpu: cpu.chain(short_lived).collect(),
            memory: shown(&self.memory, table).map(|(process, known)| (process, Some(memory(known)))).collect(),
            disk: disk.collect(),
            threads: shown(&self.threads, table).map(|(process, known)| (process, Some(threads(known)))).collect(),
        }
    }
}

fn shown<'t>(busiest: &Busiest<Key>, table: &'t Table) -> impl Iterator<Item = (Process, &'t Known)> {
    busiest.shown().filter_map(|key| {
        let known = table.get(key.pid)?;
        Some((Process { key: *key, name: known.name.text(), part: None }, known))
    })
}
