//! Processors: the busy share of each, and the counters of the scheduler.

use std::time::Instant;

use protocol::Bounds;
use protocol::column::MISSING;

use super::cpu_modes::Modes;
use super::kernel_file::{KernelFile, Presence};
use super::roots::Roots;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::host::busy_time::{BusyTime, Counted};
use crate::ingest::host::counter::{Counter, Span};
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::kernel::schedstat::{self, TaskTime};
use crate::ingest::host::kernel::stat::{self, IDLE, IOWAIT, Stat};
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::roster::Roster;
use crate::ingest::host::schedule::Cadence;
use crate::ingest::series_set::SeriesKey;
use crate::ingest::source::SourceError;

/// The number of a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Core(pub(super) u32);

impl SeriesKey for Core {
    fn name(&self) -> String {
        format!("core {}", self.0)
    }

    fn labels(&self) -> Vec<(String, String)> {
        vec![("core".to_owned(), self.0.to_string())]
    }
}

/// The label of a series of the scheduler: `event` or `state`.
type Named = (&'static str, &'static str);

pub(super) struct Cores {
    stat: KernelFile,
    schedstat: KernelFile,
    listed: Roster<u32, CoreState>,
    /// By core, in the order of the file.
    task_times: Vec<(u32, TaskTime)>,
    /// The waiting time of each core has a series.
    has_waiting: bool,
    busy: HostGroup<Core>,
    waiting: HostGroup<Core>,
    span: Span,
    scheduler: Scheduler,
    modes: Modes,
}

#[derive(Clone, Copy, Debug)]
struct CoreState {
    idle_ticks: u64,
    time: BusyTime,
    share: f64,
    waiting: Counter,
}

impl Cores {
    /// `modes` is the cadence of the shares by mode.
    pub(super) fn new(roots: &Roots, cadence: Cadence, modes: Cadence) -> Self {
        let one = Bounds::Fixed { low: 0.0, high: 1.0 };
        Self {
            stat: KernelFile::new(roots.proc("stat"), "processors", Presence::Expected),
            schedstat: KernelFile::new(roots.proc("schedstat"), "time that tasks wait for a core", Presence::Optional)
                .paged(),
            listed: Roster::default(),
            task_times: Vec::new(),
            has_waiting: false,
            busy: HostGroup::new("cpu.cores", "CPU per core", "1", cadence, one),
            waiting: HostGroup::new("cpu.waiting", "Tasks waiting for a core", "1", cadence, Bounds::FromZero),
            span: Span { before: None, at: Instant::now() },
            scheduler: Scheduler::new(cadence),
            modes: Modes::new(modes),
        }
    }

    /// Reads the running and waiting time of each core. Returns false if the kernel does not state it.
    fn read_task_times(&mut self, context: &BlockingContext, now: Instant) -> bool {
        self.task_times.clear();
        let health = context.registrar.health();
        let Some(text) = self.schedstat.read(health, now) else { return false };
        let times = &mut self.task_times;
        let skipped = schedstat::parse(text, |core, time| times.push((core, time)));
        self.schedstat.state_skipped(health, skipped);
        true
    }

    /// Without a reading, no core is known to exist.
    fn end(&mut self, context: &BlockingContext) -> Result<(), SourceError> {
        self.listed.end();
        self.busy.hold(context, [])?;
        self.waiting.hold(context, [])?;
        self.modes.end(context)?;
        self.scheduler.end(context)
    }
}

impl Reader for Cores {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        let has_task_times = self.read_task_times(context, now.instant);
        let health = context.registrar.health();
        self.span.at = now.instant;
        self.listed.begin();
        let Some(text) = self.stat.read(health, now.instant) else {
            return self.end(context);
        };
        let cores = &mut self.listed;
        let new =
            || CoreState { idle_ticks: 0, time: BusyTime::default(), share: MISSING, waiting: Counter::default() };
        let (stat, skipped) = stat::parse(text, |number, ticks| {
            if let Some(core) = cores.find(&number, || (number, new())) {
                core.idle_ticks = ticks[IDLE].saturating_add(ticks[IOWAIT]);
            }
        });
        self.stat.state_skipped(health, skipped);
        let is_changed = self.listed.end();

        for (place, (number, core)) in self.listed.iter_mut().enumerate() {
            // The cores have the same order in both files.
            let at_place = self.task_times.get(place).filter(|(of, _)| of == number);
            let times =
                at_place.or_else(|| self.task_times.iter().find(|(of, _)| of == number)).map(|(_, times)| *times);
            let counted = Counted { idle_ticks: core.idle_ticks, running_ns: times.map(|times| times.running_ns) };
            core.share = core.time.share(now.instant, counted).unwrap_or(MISSING);
            core.waiting.take(times.map(|times| times.waiting_ns), self.span);
        }
        self.span.before = Some(now.instant);
        if is_changed || has_task_times != self.has_waiting {
            let numbers = || self.listed.things().iter().map(|(number, _)| Core(*number));
            self.busy.hold(context, numbers())?;
            self.waiting.hold(context, numbers().filter(|_| has_task_times))?;
            self.has_waiting = has_task_times;
        }
        let cores = self.listed.things();
        self.busy.row(context, now.time, cores.iter().map(|(_, core)| core.share))?;
        self.waiting.row(context, now.time, cores.iter().map(|(_, core)| core.waiting.times(1e-9)))?;
        match &stat.total {
            Some(ticks) => self.modes.take(context, now, ticks)?,
            None => self.modes.end(context)?,
        }
        self.scheduler.send(context, now, &stat)
    }
}

/// Counters of the machine: tasks, switches, interrupts, new processes.
struct Scheduler {
    span: Span,
    /// Context switches, interrupts, new processes.
    counters: [Counter; 3],
    tasks: HostGroup<Named>,
    events: HostGroup<Named>,
    forks: HostGroup<&'static str>,
    is_registered: bool,
}

impl Scheduler {
    fn new(cadence: Cadence) -> Self {
        Self {
            span: Span { before: None, at: Instant::now() },
            counters: [Counter::default(); 3],
            tasks: HostGroup::new(
                "cpu.tasks",
                "Tasks: running, waiting for a disk",
                "{task}",
                cadence,
                Bounds::FromZero,
            ),
            events: HostGroup::new(
                "cpu.events",
                "Context switches, interrupts",
                "{event}/s",
                cadence,
                Bounds::FromZero,
            ),
            forks: HostGroup::new("cpu.forks", "New processes and threads", "{task}/s", cadence, Bounds::FromZero),
            is_registered: false,
        }
    }

    fn end(&mut self, context: &BlockingContext) -> Result<(), SourceError> {
        self.is_registered = false;
        self.tasks.hold(context, [])?;
        self.events.hold(context, [])?;
        self.forks.hold(context, [])
    }

    fn send(&mut self, context: &BlockingContext, now: Moment, stat: &Stat) -> Result<(), SourceError> {
        if !self.is_registered {
            self.tasks.hold(context, [("state", "running"), ("state", "blocked")])?;
            self.events.hold(context, [("event", "context switches"), ("event", "interrupts")])?;
            self.forks.hold(context, ["new"])?;
            self.is_registered = true;
        }
        self.span.at = now.instant;
        for (counter, total) in self.counters.iter_mut().zip([stat.context_switches, stat.interrupts, stat.forks]) {
            counter.take(total, self.span);
        }
        self.span.before = Some(now.instant);
        let [switches, interrupts, forks] = self.counters.each_ref().map(Counter::per_second);
        let tasks = [stat.running, stat.blocked].map(|tasks| tasks.map_or(MISSING, |tasks| tasks as f64));
        self.tasks.row(context, now.time, tasks)?;
        self.events.row(context, now.time, [switches, interrupts])?;
        self.forks.row(context, now.time, [forks])
    }
}
