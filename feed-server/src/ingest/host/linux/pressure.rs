//! Pressure: the share of time for which tasks waited for a processor, for memory or for a disk.

use std::time::Instant;

use protocol::Bounds;

use super::kernel_file::{KernelFile, Presence};
use super::roots::Roots;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::host::counter::{Counter, Span};
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::kernel::pressure;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::series_set::SeriesKey;
use crate::ingest::source::SourceError;

const RESOURCES: [&str; 3] = ["cpu", "memory", "io"];
const EXTENTS: [&str; 2] = ["some", "full"];
const NO_PRESSURE: &str = "pressure, the time that tasks waited: this kernel has no /proc/pressure. A kernel that is built with PSI has it; \
     some need `psi=1` in their command line";
/// Of the machine as a whole, the kernel states no time in which all tasks waited for a processor: the line is always zero.
const SHOWN: [(usize, usize); 5] = [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1)];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stall {
    resource: &'static str,
    extent: &'static str,
}

impl SeriesKey for Stall {
    fn name(&self) -> String {
        format!("{} {}", self.resource, self.extent)
    }

    fn labels(&self) -> Vec<(String, String)> {
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        vec![label("resource", self.resource), label("extent", self.extent)]
    }
}

pub(super) struct Pressure {
    files: [KernelFile; RESOURCES.len()],
    counters: [[Counter; EXTENTS.len()]; RESOURCES.len()],
    span: Span,
    group: HostGroup<Stall>,
    /// A bit for each series that the kernel states; `None` before the first reading.
    stated: Option<u32>,
}

impl Pressure {
    pub(super) fn new(roots: &Roots, cadence: Cadence) -> Self {
        let file = |resource: &str| {
            KernelFile::new(roots.proc(&format!("pressure/{resource}")), "pressure", Presence::Optional)
        };
        let bounds = Bounds::Fixed { low: 0.0, high: 1.0 };
        Self {
            files: RESOURCES.map(file),
            counters: [[Counter::default(); EXTENTS.len()]; RESOURCES.len()],
            span: Span { before: None, at: Instant::now() },
            group: HostGroup::new("pressure", "Pressure: time that tasks waited", "1", cadence, bounds),
            stated: None,
        }
    }
}

impl Reader for Pressure {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        self.span.at = now.instant;
        let mut stated = 0;
        for (resource, (file, counters)) in self.files.iter_mut().zip(&mut self.counters).enumerate() {
            let text = file.read(context.registrar.health(), now.instant);
            let stalled = text.map(pressure::parse).unwrap_or_default();
            for (extent, total_us) in [stalled.some_us, stalled.full_us].into_iter().enumerate() {
                counters[extent].take(total_us, self.span);
                stated |= u32::from(total_us.is_some()) << (resource * EXTENTS.len() + extent);
            }
        }
        self.span.before = Some(now.instant);
        let is_stated = |&(resource, extent): &(usize, usize)| stated & 1 << (resource * EXTENTS.len() + extent) != 0;
        let shown = SHOWN.into_iter().filter(is_stated);
        if self.stated != Some(stated) {
            context.registrar.health().hint(NO_PRESSURE, stated == 0);
            let stall =
                |(resource, extent): (usize, usize)| Stall { resource: RESOURCES[resource], extent: EXTENTS[extent] };
            self.group.hold(context, shown.clone().map(stall))?;
            self.stated = Some(stated);
        }
        let share = |(resource, extent): (usize, usize)| self.counters[resource][extent].share_of(1e6);
        self.group.row(context, now.time, shown.map(share))
    }
}
