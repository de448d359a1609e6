//! What is known of one process: its values in the last scan, and what the next scan is compared with.

use std::time::Instant;

use super::disk_traffic::{DIRECTIONS, DiskTraffic};
use super::ended_children::EndedChildren;
use super::key::Key;
use super::name::Name;
use crate::ingest::host::busy_time::TICKS_PER_SECOND;
use crate::ingest::host::counter::{Counter, Fall, Span};
use crate::ingest::host::kernel::pid_stat::PidStat;

/// A program that is started in a process changes its name. A process that does so again and again must not take one series after another.
const MAX_NAMES: u8 = 4;

#[derive(Debug)]
pub(super) struct Known {
    pub(super) started_ticks: u64,
    pub(super) name: Name,
    names: u8,
    pub(super) parent: u32,
    /// The scan in which it was listed last, and its place in the list.
    pub(super) scan: u64,
    pub(super) place: usize,
    /// `None` before the first reading.
    read_at: Option<Instant>,
    was_understood: bool,
    /// In ticks.
    cpu: Counter,
    pub(super) children: EndedChildren,
    pub(super) resident_pages: u64,
    pub(super) threads: u64,
    pub(super) disk: DiskTraffic,
    pub(super) is_disk_shown: bool,
    /// It has ended since it was read, and its parent has its time.
    pub(super) is_settled: bool,
}

/// A reading of a process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) span: Span,
    /// It has used CPU time since the last reading, or was not read before.
    pub(super) has_run: bool,
}

/// When a process that is seen for the first time began.
#[derive(Clone, Copy, Debug)]
pub(super) enum Began {
    /// Since the last scan, at this time: what its counters have is of the time since then.
    After(Instant),
    Unknown,
}

impl Known {
    pub(super) fn new(stat: &PidStat<'_>, began: Began) -> Self {
        let (mut cpu, mut read_at, mut disk, mut children) =
            (Counter::default(), None, DiskTraffic::default(), EndedChildren::default());
        if let Began::After(last_scan) = began {
            cpu.read(0, Span { before: None, at: last_scan }, Fall::Reset);
            read_at = Some(last_scan);
            disk = DiskTraffic::since(last_scan);
            children.read(0);
        }
        Self {
            started_ticks: stat.started_ticks,
            name: Name::new(stat.name),
            names: 1,
            parent: stat.parent,
            scan: 0,
            place: 0,
            read_at,
            was_understood: true,
            cpu,
            children,
            resident_pages: 0,
            threads: 0,
            disk,
            is_disk_shown: false,
            is_settled: false,
        }
    }

    /// Takes a reading, and returns the time that it is of. Hot: once per process and scan.
    pub(super) fn read(&mut self, stat: &PidStat<'_>, at: Instant) -> Reading {
        let span = Span { before: self.read_at, at };
        let ticks = stat.user_ticks.saturating_add(stat.system_ticks);
        let has_run = self.read_at.is_none() || self.cpu.total() != ticks;
        self.cpu.read(ticks, span, Fall::Reset);
        self.children.read(stat.children_user_ticks.saturating_add(stat.children_system_ticks));
        (self.read_at, self.was_understood) = (Some(at), true);
        (self.parent, self.threads, self.resident_pages) = (stat.parent, stat.threads, stat.resident_pages);
        let name = Name::new(stat.name);
        if name != self.name && self.names < MAX_NAMES {
            (self.name, self.names) = (name, self.names + 1);
        }
        Reading { span, has_run }
    }

    /// The process is listed, but its file was not read or not understood.
    pub(super) fn skip(&mut self) {
        self.was_understood = false;
        self.children.skip();
    }

    pub(super) const fn key(&self, pid: u32) -> Key {
        Key { pid, started_ticks: self.started_ticks }
    }

    /// Of one core. Missing after the first reading, NaN if it is not known.
    pub(super) fn cpu_percent(&self) -> f64 {
        self.if_understood(self.cpu.times(100.0 / TICKS_PER_SECOND as f64))
    }

    /// Bytes a second in each direction.
    pub(super) fn disk_bytes(&self) -> [f64; DIRECTIONS.len()] {
        self.disk.per_second(self.read_at).map(|bytes| self.if_understood(bytes))
    }

    /// The value, or NaN: the last value is not that of this scan.
    pub(super) fn if_understood(&self, value: f64) -> f64 {
        if self.was_understood { value } else { f64::NAN }
    }

    /// All CPU time that its parent will have of it: its own, and that of its children.
    pub(super) fn ticks(&self) -> u64 {
        self.cpu.total().saturating_add(self.children.ticks())
    }
}
