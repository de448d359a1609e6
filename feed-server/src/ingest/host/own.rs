//! The server itself: its viewers and traffic, and the CPU time and memory of its process.

use std::time::Duration;

use protocol::Bounds;
use sysinfo::{Error, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::group::HostGroup;
use super::rate::Rate;
use super::reader::{Moment, Reader};
use super::schedule::Cadence;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::source::SourceError;
use crate::telemetry::Telemetry;

/// CPU time is counted in ticks of 10 ms: over a second, that resolves a hundredth of a core.
const PROCESS_INTERVAL: Duration = Duration::from_secs(1);

pub(super) struct Feed {
    telemetry: Telemetry,
    viewers: HostGroup<&'static str>,
    counters: [Counter; 3],
    late: LateRows,
}

/// Rows of all sources that came out of the order of time. The group exists from the first of them on.
struct LateRows {
    group: HostGroup<(&'static str, &'static str)>,
    merged: Rate,
    dropped: Rate,
}

struct Counter {
    group: HostGroup<&'static str>,
    rate: Rate,
    series: &'static str,
    total: fn(&Telemetry) -> u64,
}

impl Feed {
    pub(super) fn new(fastest: Duration, telemetry: Telemetry) -> (Cadence, Self) {
        let cadence = Cadence::Steady(fastest);
        let group = |name, title, unit| HostGroup::new(name, title, unit, cadence, Bounds::FromZero);
        let counter = |name, title, unit, series, total| Counter {
            group: group(name, title, unit),
            rate: Rate::default(),
            series,
            total,
        };
        let reader = Self {
            viewers: group("feed.viewers", "Feed: viewers", "{viewer}"),
            counters: [
                counter("feed.traffic", "Feed: bytes sent", "By/s", "sent", |telemetry| telemetry.bytes_sent.get()),
                counter("feed.messages", "Feed: frames sent", "{frame}/s", "sent", |telemetry| {
                    telemetry.frames_sent.get()
                }),
                counter("feed.samples", "Feed: samples measured", "{sample}/s", "measured", |telemetry| {
                    telemetry.samples.get()
                }),
            ],
            late: LateRows {
                group: HostGroup::new("feed.late", "Feed: late rows", "{row}/s", cadence, Bounds::FromZero),
                merged: Rate::default(),
                dropped: Rate::default(),
            },
            telemetry,
        };
        (cadence, reader)
    }
}

impl Reader for Feed {
    fn read(&mut self, context: &BlockingContext) -> Result<(), SourceError> {
        let viewers = self.telemetry.viewers.get();
        let totals = self.counters.each_ref().map(|counter| (counter.total)(&self.telemetry));
        let moment = Moment::now();
        self.viewers.send(context, moment.time, [("viewers", Some(viewers as f64))])?;
        for (counter, total) in self.counters.iter_mut().zip(totals) {
            let rate = counter.rate.per_second(moment.instant, total);
            counter.group.send(context, moment.time, [(counter.series, rate)])?;
        }
        let (merged, dropped) = (self.telemetry.rows_merged.get(), self.telemetry.rows_out_of_order.get());
        let late = &mut self.late;
        let rates = [
            (("outcome", "merged"), late.merged.per_second(moment.instant, merged)),
            (("outcome", "dropped"), late.dropped.per_second(moment.instant, dropped)),
        ];
        if merged + dropped > 0 {
            late.group.send(context, moment.time, rates)?;
        }
        Ok(())
    }
}

pub(super) struct Process {
    telemetry: Telemetry,
    system: System,
    pid: Pid,
    cpu_time: Rate,
    cpu: HostGroup<&'static str>,
    memory: HostGroup<(&'static str, &'static str)>,
}

impl Process {
    pub(super) fn new(fastest: Duration, telemetry: Telemetry) -> Result<(Cadence, Self), Error> {
        let cadence = Cadence::Steady(fastest.max(PROCESS_INTERVAL));
        let reader = Self {
            telemetry,
            system: System::new()?,
            pid: sysinfo::get_current_pid()?,
            cpu_time: Rate::default(),
            cpu: HostGroup::new("feed.cpu", "Feed: CPU", "1", cadence, Bounds::FromZero),
            memory: HostGroup::new("feed.memory", "Feed: memory", "By", cadence, Bounds::FromZero),
        };
        Ok((cadence, reader))
    }
}

impl Reader for Process {
    fn read(&mut self, context: &BlockingContext) -> Result<(), SourceError> {
        let refresh = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[self.pid]), true, refresh);
        let moment = Moment::now();
        let history = self.telemetry.history_bytes.get();
        let Some(process) = self.system.process(self.pid) else {
            return Ok(());
        };
        let milliseconds_a_second = self.cpu_time.per_second(moment.instant, process.accumulated_cpu_time());
        let cores = milliseconds_a_second.map(|rate| rate / 1e3);
        self.cpu.send(context, moment.time, [("feed-server", cores)])?;
        let memory = [(("part", "resident"), Some(process.memory() as f64)), (("part", "history"), Some(history))];
        self.memory.send(context, moment.time, memory)
    }
}
