//! The processes that take the most.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::Bounds;
use sysinfo::{Error, Pid, ProcessRefreshKind, ProcessesToUpdate, System, ThreadKind};

use super::busiest::Busiest;
use super::panel::{Item, Panel};
use super::rate::Rates;
use super::{Moment, Pace, Reader};
use crate::ingest::{Outlet, SourceError};

/// Two files are read for each process of the machine: more often would cost more than it shows.
const INTERVAL: Duration = Duration::from_secs(1);
/// In cores. One tick of CPU time in a second, once smoothed, stays below: waking up now and then is not being busy.
const CPU_FLOOR: f64 = 0.002;
/// In bytes. The kernel's own threads have none.
const MEMORY_FLOOR: f64 = 0.0;

/// CPU time and memory come from one reading.
pub(super) struct Processes {
    pace: Pace,
    system: System,
    cpu_times: Rates<Key>,
    cpu: Subject,
    memory: Subject,
}

struct Subject {
    busiest: Busiest<Key>,
    panel: Panel<Process>,
}

/// Process numbers are used again: with the time it started, one is unique.
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

impl Item for Process {
    fn name(&self) -> String {
        format!("{} ({})", self.name, self.key.pid)
    }

    fn labels(&self) -> Vec<(String, String)> {
        vec![("pid".to_owned(), self.key.pid.to_string()), ("name".to_owned(), self.name.clone())]
    }
}

impl Processes {
    pub(super) fn new(fastest: Duration) -> Result<Self, Error> {
        let pace = Pace::Steady(fastest.max(INTERVAL));
        let subject = |name, title, unit, floor| Subject {
            busiest: Busiest::new(floor),
            panel: Panel::new(name, title, unit, pace, Bounds::FromZero),
        };
        Ok(Self {
            pace,
            system: System::new()?,
            cpu_times: Rates::new(),
            cpu: subject("processes.cpu", "Busiest processes, CPU", "1", CPU_FLOOR),
            memory: subject("processes.memory", "Busiest processes, memory", "By", MEMORY_FLOOR),
        })
    }
}

impl Reader for Processes {
    fn pace(&self) -> Pace {
        self.pace
    }

    fn read(&mut self, outlet: &Outlet) -> Result<(), SourceError> {
        let refresh = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::All, true, refresh);
        let moment = Moment::now();
        let processes: BTreeMap<Key, &sysinfo::Process> = self
            .system
            .processes()
            .values()
            .filter(|process| process.thread_kind() != Some(ThreadKind::Userland))
            .map(|process| (Key { pid: process.pid(), started: process.start_time() }, process))
            .collect();
        if processes.is_empty() {
            return Ok(());
        }
        let named = |key: &Key| {
            let process = processes.get(key)?;
            Some(Process { key: *key, name: process.name().to_string_lossy().into_owned() })
        };

        let cpu_times = processes.iter().map(|(&key, process)| (key, process.accumulated_cpu_time()));
        let milliseconds_a_second = self.cpu_times.per_second(moment.instant, cpu_times);
        let cores = milliseconds_a_second.into_iter().filter_map(|(key, rate)| Some((key, rate? / 1e3)));
        // A time that fell is unknown, and not to be ranked.
        let cores: BTreeMap<Key, f64> = cores.filter(|(_, cores)| cores.is_finite()).collect();
        self.cpu.show(outlet, moment, &cores, named)?;

        let bytes = processes.iter().map(|(&key, process)| (key, process.memory() as f64)).collect();
        self.memory.show(outlet, moment, &bytes, named)
    }
}

impl Subject {
    fn show(
        &mut self,
        outlet: &Outlet,
        moment: Moment,
        values: &BTreeMap<Key, f64>,
        named: impl Fn(&Key) -> Option<Process>,
    ) -> Result<(), SourceError> {
        self.panel.register(outlet)?;
        self.busiest.update(moment.instant, values.iter().map(|(&key, &value)| (key, value)));
        let shown = self.busiest.shown().filter_map(|key| Some((named(key)?, values.get(key).copied())));
        self.panel.show(outlet, moment.time, shown)
    }
}
