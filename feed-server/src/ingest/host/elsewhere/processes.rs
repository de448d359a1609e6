//! The processes that use the most CPU time and memory.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::thread;
use std::time::Duration;

use protocol::Bounds;
use sysinfo::{Error, Pid, ProcessRefreshKind, ProcessesToUpdate, System, ThreadKind};

use super::rate::Rates;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::host::busiest::{Busiest, Ranked};
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::own_thread::OwnThread;
use crate::ingest::host::percent_of::PercentOf;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::series_set::SeriesKey;
use crate::ingest::source::SourceError;

/// A reading opens two files for each process of the machine: shorter intervals would cost too much.
const INTERVAL: Duration = Duration::from_secs(1);
/// A scan takes milliseconds, on a machine with thousands of processes a tenth of a second.
const SCAN_PAUSE: Duration = Duration::from_millis(10);
/// In percent of a core. One tick of CPU time in a second, averaged, stays below: a process that wakes up occasionally is idle.
const CPU_FLOOR: f64 = 0.2;
/// In bytes. Kernel threads have no memory.
const MEMORY_FLOOR: f64 = 0.0;

pub(in crate::ingest::host) struct Processes {
    scans: OwnThread<Scan>,
    cpu_times: Rates<Key>,
    /// Of a percentage of one core.
    divisor: f64,
    cpu: Subject,
    memory: Subject,
}

/// All processes of the machine.
struct Scan {
    moment: Moment,
    processes: BTreeMap<Key, Scanned>,
}

struct Scanned {
    name: String,
    cpu_ms: u64,
    memory_bytes: u64,
}

struct Subject {
    busiest: Busiest<Key>,
    group: HostGroup<Process>,
}

/// The kernel reuses process ids: with the start time, a key is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    pid: Pid,
    started: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Process {
    key: Key,
    name: String,
}

impl SeriesKey for Process {
    fn name(&self) -> String {
        format!("{} ({})", self.name, self.key.pid)
    }

    fn labels(&self) -> Vec<(String, String)> {
        let label = |name: &str, value: String| (name.to_owned(), value);
        vec![
            label("pid", self.key.pid.to_string()),
            label("name", self.name.clone()),
            label("started", self.key.started.to_string()),
        ]
    }
}

impl Processes {
    pub(in crate::ingest::host) fn new(fastest: Duration, percent_of: PercentOf) -> Result<(Cadence, Self), Error> {
        let cadence = Cadence::Steady(fastest.max(INTERVAL));
        let subject = |name, title, unit, ranked, floor| Subject {
            busiest: Busiest::new(ranked, floor),
            group: HostGroup::new(name, title, unit, cadence, Bounds::FromZero),
        };
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let divisor = percent_of.divisor(cores as u64);
        let mut system = System::new()?;
        let reader = Self {
            scans: OwnThread::new("the list of processes", "host-processes", SCAN_PAUSE, move || scan(&mut system)),
            cpu_times: Rates::new(),
            divisor,
            cpu: subject("processes.cpu", percent_of.cpu_title(), "%", Ranked::ByRate, CPU_FLOOR / divisor),
            memory: subject("processes.memory", "Busiest processes, memory", "By", Ranked::ByLevel, MEMORY_FLOOR),
        };
        Ok((cadence, reader))
    }
}

fn scan(system: &mut System) -> Scan {
    let refresh = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, refresh);
    let moment = Moment::now();
    let processes = system.processes().values().filter(|process| process.thread_kind() != Some(ThreadKind::Userland));
    let scanned = |process: &sysinfo::Process| Scanned {
        name: process.name().to_string_lossy().into_owned(),
        cpu_ms: process.accumulated_cpu_time(),
        memory_bytes: process.memory(),
    };
    let key = |process: &sysinfo::Process| Key { pid: process.pid(), started: process.start_time() };
    Scan { moment, processes: processes.map(|process| (key(process), scanned(process))).collect() }
}

impl Reader for Processes {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        match self.scans.take(context.registrar.health(), now.instant) {
            Some(scan) => self.send(context, &scan),
            None => Ok(()),
        }
    }

    fn awaits(&self) -> Option<Duration> {
        self.scans.awaits()
    }
}

impl Processes {
    fn send(&mut self, context: &BlockingContext, Scan { moment, processes }: &Scan) -> Result<(), SourceError> {
        if processes.is_empty() {
            return Ok(());
        }
        let named = |key: &Key| Some(Process { key: *key, name: processes.get(key)?.name.clone() });

        let cpu_times = processes.iter().map(|(&key, process)| (key, process.cpu_ms));
        let milliseconds_a_second = self.cpu_times.per_second(moment.instant, cpu_times);
        let divisor = self.divisor;
        let percents = milliseconds_a_second.into_iter().filter_map(|(key, rate)| Some((key, rate? / 10.0 / divisor)));
        // A CPU time that fell has an unknown rate, which has no rank.
        let percents: BTreeMap<Key, f64> = percents.filter(|(_, percent)| percent.is_finite()).collect();
        self.cpu.send(context, *moment, &percents, named)?;

        let bytes = processes.iter().map(|(&key, process)| (key, process.memory_bytes as f64)).collect();
        self.memory.send(context, *moment, &bytes, named)
    }
}

impl Subject {
    fn send(
        &mut self,
        context: &BlockingContext,
        moment: Moment,
        values: &BTreeMap<Key, f64>,
        named: impl Fn(&Key) -> Option<Process>,
    ) -> Result<(), SourceError> {
        self.group.register(context)?;
        self.busiest.update(moment.instant, values.iter().map(|(&key, &value)| (key, value)));
        let shown = self.busiest.shown().filter_map(|key| Some((named(key)?, values.get(key).copied())));
        self.group.send(context, moment.time, shown)
    }
}
