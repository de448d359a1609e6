//! Disks: bytes read and written.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::Bounds;

use super::device::DeviceFlow;
use super::mount_table::{MountTable, Transfer};
use super::rate::Rates;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::host::file_systems::mounts::short_name;
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::source::SourceError;

/// Bytes a second, of each mounted device.
pub(in crate::ingest::host) struct Traffic {
    table: MountTable,
    rates: Rates<DeviceFlow>,
    group: HostGroup<DeviceFlow>,
}

impl Traffic {
    pub(in crate::ingest::host) fn new(fastest: Duration) -> (Cadence, Self) {
        let cadence = Cadence::Steady(fastest);
        let group = HostGroup::new("disk.io", "Disk I/O", "By/s", cadence, Bounds::FromZero);
        (cadence, Self { table: MountTable::default(), rates: Rates::new(), group })
    }
}

impl Reader for Traffic {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        let transfers = match self.table.transfers() {
            Ok(transfers) => transfers,
            Err(error) => {
                context.registrar.report(&format!("disk I/O is not measured: {error}"));
                BTreeMap::new()
            }
        };
        // The kernel keeps no counters for a device without any transfer: mounting alone reads.
        let used = transfers.into_iter().filter(|(_, transfer)| transfer.read > 0 || transfer.written > 0);
        let totals = used.flat_map(|(device, Transfer { read, written })| {
            let flow = |direction| DeviceFlow { device: short_name(&device), direction };
            [(flow("read"), read), (flow("written"), written)]
        });
        let rates = self.rates.per_second(now.instant, totals);
        self.group.send(context, now.time, rates)
    }
}
