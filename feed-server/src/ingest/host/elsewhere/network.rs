//! Traffic, packets and errors of each network interface.

use std::time::Duration;

use protocol::Bounds;
use sysinfo::{Error, NetworkData, Networks};

use super::device::DeviceFlow;
use super::rate::Rates;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::source::SourceError;

pub(in crate::ingest::host) struct Network {
    networks: Networks,
    bytes: Counters,
    packets: Counters,
    errors: Counters,
}

struct Counters {
    group: HostGroup<DeviceFlow>,
    rates: Rates<DeviceFlow>,
    /// Received, then sent.
    totals: fn(&NetworkData) -> [u64; 2],
}

impl Network {
    pub(in crate::ingest::host) fn new(fastest: Duration) -> Result<(Cadence, Self), Error> {
        let cadence = Cadence::Steady(fastest);
        let counters = |name, title, unit, totals| Counters {
            group: HostGroup::new(name, title, unit, cadence, Bounds::FromZero),
            rates: Rates::new(),
            totals,
        };
        let reader = Self {
            networks: Networks::new()?,
            bytes: counters("network.bytes", "Network traffic", "By/s", |data| {
                [data.total_received(), data.total_transmitted()]
            }),
            packets: counters("network.packets", "Network packets", "{packet}/s", |data| {
                [data.total_packets_received(), data.total_packets_transmitted()]
            }),
            errors: counters("network.errors", "Network errors", "{error}/s", |data| {
                [data.total_errors_on_received(), data.total_errors_on_transmitted()]
            }),
        };
        Ok((cadence, reader))
    }
}

impl Reader for Network {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        self.networks.refresh(true);
        let mut interfaces: Vec<(String, &NetworkData)> =
            self.networks.iter().map(|(name, data)| (name.to_string_lossy().into_owned(), data)).collect();
        interfaces.sort_unstable_by(|(ours, _), (theirs, _)| ours.cmp(theirs));
        for counters in [&mut self.bytes, &mut self.packets, &mut self.errors] {
            let totals = interfaces.iter().flat_map(|(interface, data)| {
                let [received, sent] = (counters.totals)(data);
                let flow = |direction| DeviceFlow { device: interface.clone(), direction };
                [(flow("received"), received), (flow("sent"), sent)]
            });
            let rates = counters.rates.per_second(now.instant, totals);
            counters.group.send(context, now.time, rates)?;
        }
        Ok(())
    }
}
