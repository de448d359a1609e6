//! The server itself: what it serves, and what that costs this machine.

use std::time::Duration;

use protocol::Bounds;
use sysinfo::{Error, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::panel::Panel;
use super::rate::Rate;
use super::{Moment, Pace, Reader};
use crate::ingest::{Outlet, SourceError};
use crate::telemetry::Telemetry;

/// CPU time is counted in ticks of 10 ms: over a second, a hundredth of a core can be told.
const PROCESS_INTERVAL: Duration = Duration::from_secs(1);

/// What the server counts while it serves.
pub(super) struct Feed {
    pace: Pace,
    telemetry: Telemetry,
    viewers: Panel<&'static str>,
    counters: [Counter; 3],
}

struct Counter {
    panel: Panel<&'static str>,
    rate: Rate,
    series: &'static str,
    total: fn(&Telemetry) -> u64,
}

impl Feed {
    pub(super) fn new(fastest: Duration, telemetry: Telemetry) -> Self {
        let pace = Pace::Steady(fastest);
        let panel = |name, title, unit| Panel::new(name, title, unit, pace, Bounds::FromZero);
        let counter = |name, title, unit, series, total| Counter {
            panel: panel(name, title, unit),
            rate: Rate::default(),
            series,
            total,
        };
        Self {
            pace,
            viewers: panel("feed.viewers", "Feed: viewers", "{viewer}"),
            counters: [
                counter("feed.traffic", "Feed: bytes sent", "By/s", "sent", |telemetry| telemetry.bytes_sent.get()),
                counter("feed.messages", "Feed: frames sent", "{frame}/s", "sent", |telemetry| {
                    telemetry.frames_sent.get()
                }),
                counter("feed.samples", "Feed: samples measured", "{sample}/s", "measured", |telemetry| {
                    telemetry.samples.get()
                }),
            ],
            telemetry,
        }
    }
}

impl Reader for Feed {
    fn pace(&self) -> Pace {
        self.pace
    }

    fn read(&mut self, outlet: &Outlet) -> Result<(), SourceError> {
        let viewers = self.telemetry.viewers.get();
        let totals = self.counters.each_ref().map(|counter| (counter.total)(&self.telemetry));
        let moment = Moment::now();
        self.viewers.show(outlet, moment.time, [("viewers", Some(viewers as f64))])?;
        for (counter, total) in self.counters.iter_mut().zip(totals) {
            let rate = counter.rate.per_second(moment.instant, total);
            counter.panel.show(outlet, moment.time, [(counter.series, rate)])?;
        }
        Ok(())
    }
}

/// What the server's process takes.
pub(super) struct Process {
    pace: Pace,
    telemetry: Telemetry,
    system: System,
    pid: Pid,
    cpu_time: Rate,
    cpu: Panel<&'static str>,
    memory: Panel<&'static str>,
}

impl Process {
    pub(super) fn new(fastest: Duration, telemetry: Telemetry) -> Result<Self, Error> {
        let pace = Pace::Steady(fastest.max(PROCESS_INTERVAL));
        Ok(Self {
            pace,
            telemetry,
            system: System::new()?,
            pid: sysinfo::get_current_pid()?,
            cpu_time: Rate::default(),
            cpu: Panel::new("feed.cpu", "Feed: CPU", "1", pace, Bounds::FromZero),
            memory: Panel::new("feed.memory", "Feed: memory", "By", pace, Bounds::FromZero),
        })
    }
}

impl Reader for Process {
    fn pace(&self) -> Pace {
        self.pace
    }

    fn read(&mut self, outlet: &Outlet) -> Result<(), SourceError> {
        let refresh = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[self.pid]), true, refresh);
        let moment = Moment::now();
        let history = self.telemetry.history_bytes.get();
        let Some(process) = self.system.process(self.pid) else {
            return Ok(());
        };
        let milliseconds_a_second = self.cpu_time.per_second(moment.instant, process.accumulated_cpu_time());
        let cores = milliseconds_a_second.map(|rate| rate / 1e3);
        self.cpu.show(outlet, moment.time, [("feed-server", cores)])?;
        let memory = [("resident", Some(process.memory() as f64)), ("history", Some(history))];
        self.memory.show(outlet, moment.time, memory)
    }
}
