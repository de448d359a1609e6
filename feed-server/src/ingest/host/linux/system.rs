//! The system as a whole: load average, uptime, open files, tracked connections.

use protocol::Bounds;

use super::kernel_file::{KernelFile, Presence};
use super::roots::Roots;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::kernel::fields::{Fields, decimal};
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::source::SourceError;

pub(super) struct SystemState {
    loadavg: KernelFile,
    uptime: KernelFile,
    file_nr: KernelFile,
    conntrack: KernelFile,
    load: HostGroup<(&'static str, &'static str)>,
    up: HostGroup<&'static str>,
    files: HostGroup<&'static str>,
    tracked: HostGroup<&'static str>,
}

impl SystemState {
    pub(super) fn new(roots: &Roots, cadence: Cadence) -> Self {
        let file = |path, subject| KernelFile::new(roots.proc(path), subject, Presence::Optional);
        Self {
            loadavg: file("loadavg", "load average"),
            uptime: file("uptime", "uptime"),
            file_nr: file("sys/fs/file-nr", "open files"),
            conntrack: file("sys/net/netfilter/nf_conntrack_count", "tracked connections"),
            load: HostGroup::new("cpu.load", "Load average", "1", cadence, Bounds::FromZero),
            up: HostGroup::new("system.uptime", "Uptime", "s", cadence, Bounds::FromZero),
            files: HostGroup::new("system.files", "Open files", "{file}", cadence, Bounds::FromZero),
            tracked: HostGroup::new(
                "network.tracked",
                "Tracked connections",
                "{connection}",
                cadence,
                Bounds::FromZero,
            ),
        }
    }
}

impl Reader for SystemState {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        let health = context.registrar.health();
        let first = |file: &mut KernelFile| {
            file.read(health, now.instant).and_then(|text| decimal(Fields::new(text.trim_ascii()).next()?))
        };
        let (up, files, tracked) = (first(&mut self.uptime), first(&mut self.file_nr), first(&mut self.conntrack));
        let loads = self.loadavg.read(health, now.instant).map(|text| {
            let mut fields = Fields::new(text.trim_ascii());
            ["1 min", "5 min", "15 min"].map(|span| (("span", span), fields.next().and_then(decimal)))
        });
        let loads = loads.into_iter().flatten().filter(|(_, load)| load.is_some());
        self.load.send(context, now.time, loads)?;
        self.up.send(context, now.time, up.map(|seconds| ("uptime", Some(seconds))))?;
        self.files.send(context, now.time, files.map(|files| ("open", Some(files))))?;
        self.tracked.send(context, now.time, tracked.map(|entries| ("tracked", Some(entries))))
    }
}
