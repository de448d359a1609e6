//! Memory and swap, and the traffic between them and the disks.

use std::time::Instant;

use protocol::Bounds;
use protocol::column::MISSING;

use super::kernel_file::{KernelFile, Presence};
use super::roots::Roots;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::host::counter::{Counter, Span};
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::kernel::keyed;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::source::SourceError;

/// A label, and its value for each series.
type Labelled = (&'static str, &'static str);

const STATES: [&str; 8] = ["used", "available", "free", "cached", "buffers", "reclaimable", "dirty", "shared"];

/// The lines of `/proc/meminfo` that are read, in its order.
const LINES: [&str; 10] = [
    "MemTotal",
    "MemFree",
    "MemAvailable",
    "Buffers",
    "Cached",
    "SwapTotal",
    "SwapFree",
    "Dirty",
    "Shmem",
    "SReclaimable",
];

/// How memory is used.
pub(super) struct Memory {
    meminfo: KernelFile,
    ram: HostGroup<Labelled>,
    swap: HostGroup<Labelled>,
    is_registered: bool,
    has_swap: bool,
}

impl Memory {
    pub(super) fn new(roots: &Roots, cadence: Cadence) -> Self {
        Self {
            meminfo: KernelFile::new(roots.proc("meminfo"), "memory", Presence::Expected),
            ram: HostGroup::new("memory", "Memory", "By", cadence, Bounds::FromZero),
            swap: HostGroup::new("memory.swap", "Swap", "By", cadence, Bounds::FromZero),
            is_registered: false,
            has_swap: false,
        }
    }
}

/// The values of [`STATES`] in bytes. A container may state more available memory than it has.
fn states(
    [total, free, available, buffers, cached, _, _, dirty, shared, reclaimable]: [Option<u64>; LINES.len()],
) -> [f64; 8] {
    // Kernels before 3.14 do not state it.
    let estimate = || Some(free?.saturating_add(buffers?).saturating_add(cached?));
    let available = available.or_else(estimate).zip(total).map(|(available, total)| available.min(total));
    let used = total.zip(available).map(|(total, available)| total - available);
    [used, available, free, cached, buffers, reclaimable, dirty, shared].map(bytes)
}

fn bytes(kib: Option<u64>) -> f64 {
    kib.map_or(MISSING, |kib| kib as f64 * 1_024.0)
}

impl Reader for Memory {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        let health = context.registrar.health();
        let Some(text) = self.meminfo.read(health, now.instant) else {
            (self.is_registered, self.has_swap) = (false, false);
            self.ram.hold(context, [])?;
            return self.swap.hold(context, []);
        };
        let (found, skipped) = keyed::find(text, &LINES);
        self.meminfo.state_skipped(health, skipped);
        let [_, _, _, _, _, swap_total, swap_free, ..] = found;
        let has_swap = swap_total.is_some_and(|total| total > 0);
        if !self.is_registered {
            self.ram.hold(context, STATES.map(|state| ("state", state)))?;
            self.is_registered = true;
        }
        if has_swap != self.has_swap {
            let states: &[&str] = if has_swap { &["used", "total"] } else { &[] };
            self.swap.hold(context, states.iter().map(|&state| ("state", state)))?;
            self.has_swap = has_swap;
        }
        self.ram.row(context, now.time, states(found))?;
        let swap_used = swap_total.zip(swap_free).map(|(total, free)| total.saturating_sub(free));
        self.swap.row(context, now.time, [swap_used, swap_total].map(bytes))
    }
}

/// The counters of `/proc/vmstat` that are read, in its order.
const COUNTERS: [&str; 7] = ["pgpgin", "pgpgout", "pswpin", "pswpout", "pgfault", "pgmajfault", "oom_kill"];

/// Pages that move between memory and disks. What has not moved since the start is left out.
pub(super) struct Paging {
    vmstat: KernelFile,
    counters: [Counter; COUNTERS.len()],
    span: Span,
    traffic: HostGroup<Labelled>,
    faults: HostGroup<Labelled>,
    kills: HostGroup<&'static str>,
    shows_all: bool,
    /// A bit for each counter that is shown.
    shown: u32,
    page_bytes: f64,
}

const TRAFFIC: [(usize, Labelled); 4] = [
    (0, ("direction", "read from disks")),
    (1, ("direction", "written to disks")),
    (2, ("direction", "swapped in")),
    (3, ("direction", "swapped out")),
];
const FAULTS: [(usize, Labelled); 2] = [(4, ("kind", "all")), (5, ("kind", "major"))];
const KILLS: usize = 6;

impl Paging {
    pub(super) fn new(roots: &Roots, cadence: Cadence, shows_all: bool, page_bytes: u64) -> Self {
        let group = |name, title, unit| HostGroup::new(name, title, unit, cadence, Bounds::FromZero);
        Self {
            vmstat: KernelFile::new(roots.proc("vmstat"), "paging", Presence::Expected).paged(),
            counters: [Counter::default(); COUNTERS.len()],
            span: Span { before: None, at: Instant::now() },
            traffic: group("memory.paging", "Paging and swapping", "By/s"),
            faults: group("memory.faults", "Page faults", "{fault}/s"),
            kills: HostGroup::new("memory.oom", "Killed for lack of memory", "{process}/s", cadence, Bounds::FromZero),
            shows_all,
            shown: 0,
            page_bytes: page_bytes as f64,
        }
    }
}

impl Reader for Paging {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        let health = context.registrar.health();
        self.span.at = now.instant;
        let mut shown = 0;
        if let Some(text) = self.vmstat.read(health, now.instant) {
            let (found, skipped) = keyed::find(text, &COUNTERS);
            self.vmstat.state_skipped(health, skipped);
            for (place, (counter, total)) in self.counters.iter_mut().zip(found).enumerate() {
                counter.take(total, self.span);
                let is_shown = total.is_some() && (self.shows_all || counter.has_moved());
                shown |= u32::from(is_shown) << place;
            }
            self.span.before = Some(now.instant);
        }
        let is_shown = |counter: usize| shown & 1 << counter != 0;
        let traffic = TRAFFIC.into_iter().filter(|&(counter, _)| is_shown(counter));
        let faults = FAULTS.into_iter().filter(|&(counter, _)| is_shown(counter));
        if shown != self.shown {
            self.traffic.hold(context, traffic.clone().map(|(_, label)| label))?;
            self.faults.hold(context, faults.clone().map(|(_, label)| label))?;
            self.kills.hold(context, is_shown(KILLS).then_some("killed"))?;
            self.shown = shown;
        }
        let rate = |counter: usize| self.counters[counter].per_second();
        // The first two count KiB, the others pages.
        let unit = |counter: usize| if counter < 2 { 1_024.0 } else { self.page_bytes };
        let bytes = |(counter, _): (usize, Labelled)| self.counters[counter].times(unit(counter));
        self.traffic.row(context, now.time, traffic.map(bytes))?;
        self.faults.row(context, now.time, faults.map(|(counter, _)| rate(counter)))?;
        self.kills.row(context, now.time, is_shown(KILLS).then(|| rate(KILLS)))
    }
}

#[cfg(test)]
mod tests {
    use protocol::column::is_missing;

    use super::*;

    #[test]
    fn more_available_memory_than_there_is_leaves_none_used() {
        let kib = |total, available| {
            let mut lines = [Some(0); LINES.len()];
            (lines[0], lines[2]) = (total, available);
            states(lines)
        };
        assert_eq!(kib(Some(100), Some(30))[..2], [70.0 * 1_024.0, 30.0 * 1_024.0]);
        assert_eq!(kib(Some(100), Some(101))[..2], [0.0, 100.0 * 1_024.0], "of a container");
        assert_eq!(kib(Some(100), None)[..2], [100.0 * 1_024.0, 0.0], "of an old kernel: free, buffers, cached");
        assert!(kib(None, Some(30)).iter().take(2).all(|&value| is_missing(value)));
    }
}
