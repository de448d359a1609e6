//! Processes: those that use the most CPU time, memory, disk and threads, and how many there are.
//!
//! | file | subject |
//! | --- | --- |
//! | `scan`, `pace` | a reading of all processes; its rests |
//! | `folder` | the list and the files of the kernel |
//! | `table`, `known`, `name`, `disk_traffic`, `ended_children` | the processes of the last scan, and what is known of each |
//! | `ranking`, `key` | the choice of those that are shown; their series |
//! | `visibility` | which processes can be seen |
//!
//! A scan opens a file for each process. It runs on a thread of its own, and its result is rows that only need to be sent.

mod disk_traffic;
mod ended_children;
mod folder;
mod key;
mod known;
mod name;
mod pace;
mod ranking;
mod scan;
mod table;
#[cfg(test)]
mod test_machine;
#[cfg(test)]
mod tests;
mod visibility;

use std::time::Duration;

use protocol::Bounds;

use self::key::{CpuTime, Process};
use self::pace::{Pace, Slices};
use self::scan::{LEFT_OUT, Scan, Scanner};
use super::roots::Roots;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::health::LeftOut;
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::own_thread::OwnThread;
use crate::ingest::host::percent_of::PercentOf;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::source::SourceError;

/// A scan of two thousand processes takes a hundredth of a second.
const INTERVAL: Duration = Duration::from_secs(1);
/// A scan takes milliseconds, on a machine with thousands of processes a tenth of a second.
const SCAN_PAUSE: Duration = Duration::from_millis(10);

pub(super) struct Processes {
    scans: OwnThread<Scan>,
    cpu: HostGroup<CpuTime>,
    memory: HostGroup<Process>,
    disk: HostGroup<Process>,
    threads: HostGroup<Process>,
    count: HostGroup<(&'static str, &'static str)>,
    left_out: [LeftOut; LEFT_OUT],
}

impl Processes {
    pub(super) fn new(roots: &Roots, fastest: Duration, page_bytes: u64, percent_of: PercentOf) -> (Cadence, Self) {
        let cadence = Cadence::Steady(fastest.max(INTERVAL));
        (cadence, Self::of(cadence, percent_of, Scanner::new(roots, page_bytes, percent_of, Slices)))
    }

    fn of(cadence: Cadence, percent_of: PercentOf, mut scanner: Scanner<impl Pace + 'static>) -> Self {
        let group = |name, title, unit| HostGroup::new(name, title, unit, cadence, Bounds::FromZero);
        Self {
            scans: OwnThread::new("the list of processes", "host-processes", SCAN_PAUSE, move || scanner.scan()),
            cpu: HostGroup::new("processes.cpu", percent_of.cpu_title(), "%", cadence, Bounds::FromZero),
            memory: group("processes.memory", "Busiest processes, memory", "By"),
            disk: group("processes.disk", "Busiest processes, disk", "By/s"),
            threads: group("processes.threads", "Processes with the most threads", "{thread}"),
            count: HostGroup::new("processes.count", "Processes and threads", "{task}", cadence, Bounds::FromZero),
            left_out: Default::default(),
        }
    }
}

impl Reader for Processes {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        match self.scans.take(context.registrar.health(), now.instant) {
            Some(scan) => self.send(context, scan),
            None => Ok(()),
        }
    }

    fn awaits(&self) -> Option<Duration> {
        self.scans.awaits()
    }
}

impl Processes {
    fn send(&mut self, context: &BlockingContext, scan: Scan) -> Result<(), SourceError> {
        let Scan { moment, rows, counts, left_out } = scan;
        for (stated, what) in self.left_out.iter_mut().zip(left_out) {
            stated.state(context.registrar.health(), what);
        }
        // Registered before a process is busy, so that a page shows them in their place.
        self.cpu.register(context)?;
        self.memory.register(context)?;
        self.cpu.send(context, moment.time, rows.cpu)?;
        self.memory.send(context, moment.time, rows.memory)?;
        self.disk.send(context, moment.time, rows.disk)?;
        self.threads.send(context, moment.time, rows.threads)?;
        let counts = counts.map(|counts| ["processes", "threads"].into_iter().zip(counts)).into_iter().flatten();
        self.count.send(context, moment.time, counts.map(|(of, count)| (("task", of), Some(count as f64))))
    }
}
