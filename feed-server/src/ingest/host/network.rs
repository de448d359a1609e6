//! Traffic, packets and errors of each network interface.

use std::time::Duration;

use protocol::Bounds;
use sysinfo::{Error, NetworkData, Networks};

use super::group::HostGroup;
use super::rate::Rates;
use super::reader::{Moment, Reader};
use super::schedule::Cadence;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::series_set::SeriesKey;
use crate::ingest::source::SourceError;

pub(super) struct Network {
    cadence: Cadence,
    networks: Networks,
    bytes: Counters,
    packets: Counters,
    errors: Counters,
}

struct Counters {
    group: HostGroup<Flow>,
    rates: Rates<Flow>,
    totals: fn(&NetworkData, Direction) -> u64,
}

/// One direction of an interface.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Flow {
    interface: String,
    direction: Direction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Direction {
    Received,
    Sent,
}

impl Direction {
    const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Sent => "sent",
        }
    }
}

impl SeriesKey for Flow {
    fn name(&self) -> String {
        format!("{} {}", self.interface, self.direction.name())
    }

    fn labels(&self) -> Vec<(String, String)> {
        let direction = self.direction.name().to_owned();
        vec![("device".to_owned(), self.interface.clone()), ("direction".to_owned(), direction)]
    }
}

impl Network {
    pub(super) fn new(fastest: Duration) -> Result<Self, Error> {
        let cadence = Cadence::Steady(fastest);
        let counters = |name, title, unit, totals| Counters {
            group: HostGroup::new(name, title, unit, cadence, Bounds::FromZero),
            rates: Rates::new(),
            totals,
        };
        Ok(Self {
            cadence,
            networks: Networks::new()?,
            bytes: counters("network.bytes", "Network traffic", "By/s", |data, direction| match direction {
                Direction::Received => data.total_received(),
                Direction::Sent => data.total_transmitted(),
            }),
            packets: counters("network.packets", "Network packets", "{packet}/s", |data, direction| match direction {
                Direction::Received => data.total_packets_received(),
                Direction::Sent => data.total_packets_transmitted(),
            }),
            errors: counters("network.errors", "Network errors", "{error}/s", |data, direction| match direction {
                Direction::Received => data.total_errors_on_received(),
                Direction::Sent => data.total_errors_on_transmitted(),
            }),
        })
    }
}

impl Reader for Network {
    fn cadence(&self) -> Cadence {
        self.cadence
    }

    fn read(&mut self, context: &BlockingContext) -> Result<(), SourceError> {
        self.networks.refresh(true);
        let moment = Moment::now();
        let mut interfaces: Vec<(String, &NetworkData)> =
            self.networks.iter().map(|(name, data)| (name.to_string_lossy().into_owned(), data)).collect();
        interfaces.sort_unstable_by(|(ours, _), (theirs, _)| ours.cmp(theirs));
        for counters in [&mut self.bytes, &mut self.packets, &mut self.errors] {
            let totals = interfaces.iter().flat_map(|(interface, data)| {
                [Direction::Received, Direction::Sent].map(|direction| {
                    let flow = Flow { interface: interface.clone(), direction };
                    (flow, (counters.totals)(data, direction))
                })
            });
            let rates = counters.rates.per_second(moment.instant, totals);
            counters.group.send(context, moment.time, rates)?;
        }
        Ok(())
    }
}
