//! Processors: use of each core, load average.

use std::time::Duration;

use protocol::Bounds;
use sysinfo::{Error, MINIMUM_CPU_UPDATE_INTERVAL, System};

use crate::ingest::blocking::BlockingContext;
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::series_set::SeriesKey;
use crate::ingest::source::SourceError;

/// The kernel updates these averages every five seconds, so a reading a second is sufficient.
const LOAD_INTERVAL: Duration = Duration::from_secs(1);

/// The share of time that each core is busy.
pub(in crate::ingest::host) struct Cores {
    system: System,
    group: HostGroup<Core>,
    baseline: Baseline,
}

/// The earlier reading to compare with.
#[derive(Clone, Copy)]
enum Baseline {
    Missing,
    Taken,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Core(usize);

impl SeriesKey for Core {
    fn name(&self) -> String {
        format!("core {}", self.0)
    }

    fn labels(&self) -> Vec<(String, String)> {
        vec![("core".to_owned(), self.0.to_string())]
    }
}

impl Cores {
    pub(in crate::ingest::host) fn new(fastest: Duration) -> Result<(Cadence, Self), Error> {
        // The kernel counts CPU time in ticks of 10 ms: in shorter intervals a core shows only 0, 1/2 or 1. The library
        // repeats its last reading if it is called before its minimum has passed, so readings are spaced, not at fixed times.
        let cadence = Cadence::Spaced(fastest.max(MINIMUM_CPU_UPDATE_INTERVAL));
        let bounds = Bounds::Fixed { low: 0.0, high: 1.0 };
        let group = HostGroup::new("cpu.cores", "CPU per core", "1", cadence, bounds);
        Ok((cadence, Self { system: System::new()?, group, baseline: Baseline::Missing }))
    }
}

impl Reader for Cores {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        self.system.refresh_cpu_usage();
        let baseline = std::mem::replace(&mut self.baseline, Baseline::Taken);
        let cores = self.system.cpus().iter().enumerate().map(|(core, cpu)| {
            let busy = match baseline {
                Baseline::Missing => None,
                Baseline::Taken => Some((f64::from(cpu.usage()) / 100.0).clamp(0.0, 1.0)),
            };
            (Core(core), busy)
        });
        self.group.send(context, now.time, cores)
    }
}

/// The number of runnable tasks, averaged by the kernel.
pub(in crate::ingest::host) struct Load {
    group: HostGroup<(&'static str, &'static str)>,
}

impl Load {
    pub(in crate::ingest::host) fn new(fastest: Duration) -> (Cadence, Self) {
        let cadence = Cadence::Steady(fastest.max(LOAD_INTERVAL));
        (cadence, Self { group: HostGroup::new("cpu.load", "Load average", "1", cadence, Bounds::FromZero) })
    }
}

impl Reader for Load {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        let load = System::load_average();
        // Not available on all systems.
        let averages = load.ok().map(|load| [("1 min", load.one), ("5 min", load.five), ("15 min", load.fifteen)]);
        let averages = averages.into_iter().flatten().map(|(span, load)| (("span", span), Some(load)));
        self.group.send(context, now.time, averages)
    }
}
