//! How busy the processors are.

use std::time::Duration;

use protocol::Bounds;
use sysinfo::{Error, MINIMUM_CPU_UPDATE_INTERVAL, System};

use super::panel::{Item, Panel};
use super::{Moment, Pace, Reader};
use crate::ingest::{Outlet, SourceError};

/// The kernel moves these averages every five seconds; a second shows the step soon enough.
const LOAD_INTERVAL: Duration = Duration::from_secs(1);

/// Each core's share of time at work.
pub(super) struct Cores {
    pace: Pace,
    system: System,
    panel: Panel<Core>,
    baseline: Baseline,
}

/// Whether there is an earlier reading to compare with.
#[derive(Clone, Copy)]
enum Baseline {
    Missing,
    Taken,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Core(usize);

impl Item for Core {
    fn name(&self) -> String {
        format!("core {}", self.0)
    }

    fn labels(&self) -> Vec<(String, String)> {
        vec![("core".to_owned(), self.0.to_string())]
    }
}

impl Cores {
    pub(super) fn new(fastest: Duration) -> Result<Self, Error> {
        // The kernel counts CPU time in ticks of 10 ms: read faster, and a core is only ever at 0, 1/2 or 1. The library
        // answers with its last reading when asked sooner than its minimum, hence spaced and not on a beat.
        let pace = Pace::Spaced(fastest.max(MINIMUM_CPU_UPDATE_INTERVAL));
        let bounds = Bounds::Fixed { low: 0.0, high: 1.0 };
        let panel = Panel::new("cpu.cores", "CPU per core", "1", pace, bounds);
        Ok(Self { pace, system: System::new()?, panel, baseline: Baseline::Missing })
    }
}

impl Reader for Cores {
    fn pace(&self) -> Pace {
        self.pace
    }

    fn read(&mut self, outlet: &Outlet) -> Result<(), SourceError> {
        self.system.refresh_cpu_usage();
        let moment = Moment::now();
        let baseline = std::mem::replace(&mut self.baseline, Baseline::Taken);
        let cores = self.system.cpus().iter().enumerate().map(|(core, cpu)| {
            let busy = match baseline {
                Baseline::Missing => None,
                Baseline::Taken => Some((f64::from(cpu.usage()) / 100.0).clamp(0.0, 1.0)),
            };
            (Core(core), busy)
        });
        self.panel.show(outlet, moment.time, cores)
    }
}

/// How many want to run, averaged by the kernel.
pub(super) struct Load {
    pace: Pace,
    panel: Panel<&'static str>,
}

impl Load {
    pub(super) fn new(fastest: Duration) -> Self {
        let pace = Pace::Steady(fastest.max(LOAD_INTERVAL));
        Self { pace, panel: Panel::new("cpu.load", "Load average", "1", pace, Bounds::FromZero) }
    }
}

impl Reader for Load {
    fn pace(&self) -> Pace {
        self.pace
    }

    fn read(&mut self, outlet: &Outlet) -> Result<(), SourceError> {
        let load = System::load_average();
        let moment = Moment::now();
        // Some systems have none: then there is nothing to show.
        let averages = load.ok().map(|load| [("1 min", load.one), ("5 min", load.five), ("15 min", load.fifteen)]);
        let averages = averages.into_iter().flatten().map(|(span, load)| (span, Some(load)));
        self.panel.show(outlet, moment.time, averages)
    }
}
