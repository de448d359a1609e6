//! The CPU time and memory of the server's own process.

use std::time::{Duration, Instant};

use protocol::Bounds;

use super::kernel_file::{KernelFile, Presence};
use super::roots::Roots;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::host::busy_time::TICKS_PER_SECOND;
use crate::ingest::host::counter::{Counter, Fall, Span};
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::kernel::pid_stat;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::source::SourceError;
use crate::telemetry::Telemetry;

/// CPU time is counted in ticks of 10 ms: over a second, that resolves a hundredth of a core.
const INTERVAL: Duration = Duration::from_secs(1);

pub(super) struct OwnProcess {
    telemetry: Telemetry,
    stat: KernelFile,
    page_bytes: u64,
    span: Span,
    ticks: Counter,
    cpu: HostGroup<&'static str>,
    memory: HostGroup<(&'static str, &'static str)>,
}

impl OwnProcess {
    pub(super) fn new(roots: &Roots, fastest: Duration, page_bytes: u64, telemetry: Telemetry) -> (Cadence, Self) {
        let cadence = Cadence::Steady(fastest.max(INTERVAL));
        let reader = Self {
            telemetry,
            stat: KernelFile::new(roots.proc("self/stat"), "the server's process", Presence::Expected),
            page_bytes,
            span: Span { before: None, at: Instant::now() },
            ticks: Counter::default(),
            cpu: HostGroup::new("feed.cpu", "Feed: CPU", "%", cadence, Bounds::FromZero),
            memory: HostGroup::new("feed.memory", "Feed: memory", "By", cadence, Bounds::FromZero),
        };
        (cadence, reader)
    }
}

impl Reader for OwnProcess {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        let history = self.telemetry.history_bytes.get();
        let text = self.stat.read(context.registrar.health(), now.instant);
        let Some(process) = text.and_then(pid_stat::parse) else { return Ok(()) };
        self.span.at = now.instant;
        self.ticks.read(process.user_ticks.saturating_add(process.system_ticks), self.span, Fall::Reset);
        self.span.before = Some(now.instant);
        let percent = self.ticks.known().map(|ticks| ticks * 100.0 / TICKS_PER_SECOND as f64);
        self.cpu.send(context, now.time, [("feed-server", percent)])?;
        let resident = process.resident_pages.saturating_mul(self.page_bytes) as f64;
        let memory = [(("part", "resident"), Some(resident)), (("part", "history"), Some(history))];
        self.memory.send(context, now.time, memory)
    }
}
