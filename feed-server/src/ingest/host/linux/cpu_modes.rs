//! Processors: how their time is divided into modes, for the machine and for each core.

use std::time::{Duration, Instant};

use protocol::Bounds;
use protocol::column::MISSING;

use super::kernel_file::{KernelFile, Presence};
use super::roots::Roots;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::host::busy_time::TICKS_PER_SECOND;
use crate::ingest::host::counter::Fall;
use crate::ingest::host::devices::{Column, Device, Devices, Family, Rules, Shown};
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::kernel::stat::{self, GUEST, GUEST_NICE, IDLE, IOWAIT, NICE, Ticks, USER};
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::source::SourceError;

/// Modes that are shown. `guest` is the time of virtual machines.
const SHOWN: [&str; 8] = ["user", "nice", "system", "iowait", "irq", "softirq", "steal", "guest"];
const SHOWN_IOWAIT: usize = 3;
/// A core and its modes have one series each.
const MAX_CORES: usize = crate::ingest::series_set::MAX_LIVE / SHOWN.len();

/// The ticks of the modes that are shown, none of them counted twice.
fn shown(ticks: &Ticks) -> [u64; SHOWN.len()] {
    let user = ticks[USER].saturating_sub(ticks[GUEST]);
    let nice = ticks[NICE].saturating_sub(ticks[GUEST_NICE]);
    let guest = ticks[GUEST].saturating_add(ticks[GUEST_NICE]);
    [user, nice, ticks[2], ticks[IOWAIT], ticks[5], ticks[6], ticks[7], guest]
}

/// The shares of the machine's time. Takes the ticks that the reader of the cores has read.
pub(super) struct Modes {
    every: Duration,
    read_at: Option<Instant>,
    last: Option<([u64; SHOWN.len()], u64)>,
    group: HostGroup<(&'static str, &'static str)>,
    /// A bit for each mode that has moved since the start.
    moved: u32,
}

impl Modes {
    pub(super) fn new(cadence: Cadence) -> Self {
        let bounds = Bounds::Fixed { low: 0.0, high: 1.0 };
        let group = HostGroup::new("cpu.modes", "CPU by mode", "1", cadence, bounds);
        Self { every: cadence.interval(), read_at: None, last: None, group, moved: 0 }
    }

    /// Ends the series: the kernel states no ticks.
    pub(super) fn end(&mut self, context: &BlockingContext) -> Result<(), SourceError> {
        self.last = None;
        self.moved = 0;
        self.group.hold(context, [])
    }

    /// Takes the ticks of a reading, and sends a row if it is due.
    pub(super) fn take(&mut self, context: &BlockingContext, now: Moment, ticks: &Ticks) -> Result<(), SourceError> {
        // A reading that is a little early is due: the next one may be a whole interval away.
        let is_early = |at: Instant| now.instant.saturating_duration_since(at) + self.every / 10 < self.every;
        if self.read_at.is_some_and(is_early) {
            return Ok(());
        }
        self.read_at = Some(now.instant);
        let (modes, idle) = (shown(ticks), ticks[IDLE]);
        let Some((last, last_idle)) = self.last.replace((modes, idle)) else { return Ok(()) };
        // Idle and iowait step back by a few ticks; nothing else does.
        let is_reset =
            (0..SHOWN.len()).any(|mode| mode != SHOWN_IOWAIT && modes[mode].saturating_add(100) < last[mode]);
        let mut spent: [u64; SHOWN.len()] = std::array::from_fn(|mode| modes[mode].saturating_sub(last[mode]));
        // The kernel moves time from one of these two to the other: only their sum is sure.
        let idle_and_iowait = |idle: u64, modes: &[u64]| idle.saturating_add(modes[SHOWN_IOWAIT]);
        let rest = idle_and_iowait(idle, &modes).saturating_sub(idle_and_iowait(last_idle, &last));
        spent[SHOWN_IOWAIT] = spent[SHOWN_IOWAIT].min(rest);
        let busy = spent.iter().enumerate().filter(|&(mode, _)| mode != SHOWN_IOWAIT);
        let all = busy.fold(rest, |all, (_, &spent)| all.saturating_add(spent));
        let moved = (0..SHOWN.len()).filter(|&mode| spent[mode] > 0).fold(self.moved, |moved, mode| moved | 1 << mode);
        let held = (0..SHOWN.len()).filter(|mode| moved & 1 << mode != 0);
        if moved != self.moved {
            self.group.hold(context, held.clone().map(|mode| ("mode", SHOWN[mode])))?;
            self.moved = moved;
        }
        let share = |mode: usize| match all {
            _ if is_reset => f64::NAN,
            0 => MISSING,
            all => spent[mode] as f64 / all as f64,
        };
        self.group.row(context, now.time, held.map(share))
    }
}

/// The shares of each core's time.
pub(super) struct CoreModes {
    stat: KernelFile,
    cores: Devices<{ SHOWN.len() }>,
}

impl CoreModes {
    pub(super) fn new(roots: &Roots, cadence: Cadence, shown: Shown) -> Self {
        const TITLE: &str = "CPU per core, by mode";
        let bounds = Bounds::Fixed { low: 0.0, high: 1.0 };
        let group = HostGroup::new("cpu.core_modes", TITLE, "1", cadence, bounds);
        let mut falls = [Fall::Reset; SHOWN.len()];
        falls[SHOWN_IOWAIT] = Fall::Correction;
        let rules = Rules { plural: "cores", label: "core", limit: MAX_CORES, falls, traffic: &[0, 1, 2, 4, 5, 6, 7] };
        let families = vec![Family::new(group, TITLE, shown, &COLUMNS)];
        let stat = KernelFile::new(roots.proc("stat"), "modes of processors", Presence::Optional);
        Self { stat, cores: Devices::new(rules, families, Instant::now()) }
    }
}

/// Ticks a second of one mode: a fraction of a tick may be too much.
fn share<const MODE: usize>(core: &Device<{ SHOWN.len() }>) -> f64 {
    core.counter(MODE).share_of(TICKS_PER_SECOND as f64)
}

const COLUMNS: [Column<{ SHOWN.len() }>; SHOWN.len()] = [
    column(0, share::<0>),
    column(1, share::<1>),
    column(2, share::<2>),
    column(3, share::<3>),
    column(4, share::<4>),
    column(5, share::<5>),
    column(6, share::<6>),
    column(7, share::<7>),
];

const fn column(mode: usize, value: fn(&Device<{ SHOWN.len() }>) -> f64) -> Column<{ SHOWN.len() }> {
    Column { part: Some(("mode", SHOWN[mode])), counter: mode, value }
}

impl Reader for CoreModes {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        self.cores.begin(now.instant);
        if let Some(text) = self.stat.read(context.registrar.health(), now.instant) {
            stat::parse(text, |core, ticks| self.cores.count(core.to_string().as_bytes(), shown(ticks)));
        }
        self.cores.send(context, now, |core| Some(format!("core {}", String::from_utf8_lossy(core))))
    }
}
