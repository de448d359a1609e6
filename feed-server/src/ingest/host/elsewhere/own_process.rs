//! The CPU time and memory of the server's own process.

use std::time::Duration;

use protocol::Bounds;
use sysinfo::{Error, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::rate::Rate;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::source::SourceError;
use crate::telemetry::Telemetry;

/// CPU time is counted in ticks of 10 ms: over a second, that resolves a hundredth of a core.
const PROCESS_INTERVAL: Duration = Duration::from_secs(1);

pub(in crate::ingest::host) struct Process {
    telemetry: Telemetry,
    system: System,
    pid: Pid,
    cpu_time: Rate,
    cpu: HostGroup<&'static str>,
    memory: HostGroup<(&'static str, &'static str)>,
}

impl Process {
    pub(in crate::ingest::host) fn new(fastest: Duration, telemetry: Telemetry) -> Result<(Cadence, Self), Error> {
        let cadence = Cadence::Steady(fastest.max(PROCESS_INTERVAL));
        let reader = Self {
            telemetry,
            system: System::new()?,
            pid: sysinfo::get_current_pid()?,
            cpu_time: Rate::default(),
            cpu: HostGroup::new("feed.cpu", "Feed: CPU", "%", cadence, Bounds::FromZero),
            memory: HostGroup::new("feed.memory", "Feed: memory", "By", cadence, Bounds::FromZero),
        };
        Ok((cadence, reader))
    }
}

impl Reader for Process {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        let refresh = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[self.pid]), true, refresh);
        let history = self.telemetry.history_bytes.get();
        let Some(process) = self.system.process(self.pid) else {
            return Ok(());
        };
        let milliseconds_a_second = self.cpu_time.per_second(now.instant, process.accumulated_cpu_time());
        let percent = milliseconds_a_second.map(|rate| rate / 10.0);
        self.cpu.send(context, now.time, [("feed-server", percent)])?;
        let memory = [(("part", "resident"), Some(process.memory() as f64)), (("part", "history"), Some(history))];
        self.memory.send(context, now.time, memory)
    }
}
