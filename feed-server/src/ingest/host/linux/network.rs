//! Network interfaces: bytes, packets, errors and drops.

use std::time::Instant;

use protocol::Bounds;

use super::kernel_file::{KernelFile, Presence};
use super::roots::Roots;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::host::counter::Fall;
use crate::ingest::host::devices::{Column, Devices, Family, Rules, Shown};
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::kernel::net_dev;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::series_set::MAX_LIVE;
use crate::ingest::source::SourceError;

/// An interface has two series in a group.
const MAX_INTERFACES: usize = MAX_LIVE / 2;

/// Bytes, packets, errors and drops: received, then sent.
const COUNTERS: usize = 8;

pub(super) struct Interfaces {
    net_dev: KernelFile,
    interfaces: Devices<COUNTERS>,
}

const RECEIVED: Option<(&str, &str)> = Some(("direction", "received"));
const SENT: Option<(&str, &str)> = Some(("direction", "sent"));

const BYTES: [Column<COUNTERS>; 2] = [
    Column { part: RECEIVED, counter: 0, value: |interface| interface.counter(0).per_second() },
    Column { part: SENT, counter: 4, value: |interface| interface.counter(4).per_second() },
];
const PACKETS: [Column<COUNTERS>; 2] = [
    Column { part: RECEIVED, counter: 1, value: |interface| interface.counter(1).per_second() },
    Column { part: SENT, counter: 5, value: |interface| interface.counter(5).per_second() },
];
const ERRORS: [Column<COUNTERS>; 2] = [
    Column { part: RECEIVED, counter: 2, value: |interface| interface.counter(2).per_second() },
    Column { part: SENT, counter: 6, value: |interface| interface.counter(6).per_second() },
];
const DROPS: [Column<COUNTERS>; 2] = [
    Column { part: RECEIVED, counter: 3, value: |interface| interface.counter(3).per_second() },
    Column { part: SENT, counter: 7, value: |interface| interface.counter(7).per_second() },
];

impl Interfaces {
    /// `used` and `moved` say when an interface is shown with its traffic, and with its errors.
    pub(super) fn new(roots: &Roots, cadence: Cadence, used: Shown, moved: Shown) -> Self {
        let family = |name, title, unit, shown, columns| {
            Family::new(HostGroup::new(name, title, unit, cadence, Bounds::FromZero), title, shown, columns)
        };
        let families = vec![
            family("network.bytes", "Network traffic", "By/s", used, &BYTES),
            family("network.packets", "Network packets", "{packet}/s", used, &PACKETS),
            family("network.errors", "Network errors", "{error}/s", moved, &ERRORS),
            family("network.drops", "Network drops", "{packet}/s", moved, &DROPS),
        ];
        let rules = Rules {
            plural: "interfaces",
            label: "device",
            limit: MAX_INTERFACES,
            falls: [Fall::Reset; COUNTERS],
            traffic: &[0, 4],
        };
        Self {
            net_dev: KernelFile::new(roots.proc("net/dev"), "network interfaces", Presence::Expected).paged(),
            interfaces: Devices::new(rules, families, Instant::now()),
        }
    }
}

impl Reader for Interfaces {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        let health = context.registrar.health();
        self.interfaces.begin(now.instant);
        if let Some(text) = self.net_dev.read(health, now.instant) {
            let interfaces = &mut self.interfaces;
            let skipped = net_dev::parse(text, |name, counters| interfaces.count(name, *counters));
            self.net_dev.state_skipped(health, skipped);
        }
        self.interfaces.send(context, now, |_| None)
    }
}
