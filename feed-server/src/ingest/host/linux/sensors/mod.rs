//! Sensors: temperatures, fans, the frequencies of processors, batteries.
//!
//! | file | subject |
//! | --- | --- |
//! | `instruments` | finds and reads all of them |
//! | `sensor` | one sensor: its identity and its value |
//! | `chips`, `zones` | the lists of sensors |
//! | `frequencies`, `batteries` | processors; batteries |

mod batteries;
mod chips;
mod frequencies;
mod instruments;
mod sensor;
#[cfg(test)]
mod tests;
mod zones;

use std::time::Duration;

use protocol::Bounds;

use self::batteries::{Battery, Discharging, State};
use self::instruments::{Instruments, LEFT_OUT, Reading};
use self::sensor::Sensor;
use super::cpu::Core;
use super::roots::Roots;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::health::LeftOut;
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::own_thread::OwnThread;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::source::SourceError;

/// Temperatures change slowly, and a chip takes milliseconds.
const INTERVAL: Duration = Duration::from_secs(1);
const NO_TEMPERATURES: &str = "temperatures: no driver of a sensor is loaded. `sensors-detect` of lm-sensors finds the drivers; most virtual \
     machines have no sensors";
const PAUSE: Duration = Duration::from_millis(20);

pub(super) struct Sensors {
    instruments: OwnThread<Reading>,
    temperatures: HostGroup<Sensor>,
    fans: HostGroup<Sensor>,
    frequencies: HostGroup<Core>,
    charge: HostGroup<Battery>,
    power: HostGroup<Battery>,
    discharging: HostGroup<Discharging>,
    left_out: [LeftOut; LEFT_OUT],
}

impl Sensors {
    pub(super) fn new(roots: &Roots, fastest: Duration) -> (Cadence, Self) {
        let cadence = Cadence::Steady(fastest.max(INTERVAL));
        let mut instruments = Instruments::new(roots);
        let one = Bounds::Fixed { low: 0.0, high: 1.0 };
        let reader = Self {
            instruments: OwnThread::new("sensors", "host-sensors", PAUSE, move || instruments.read(Moment::now())),
            temperatures: HostGroup::new("sensors.temperature", "Temperatures", "Cel", cadence, Bounds::FromZero),
            fans: HostGroup::new("sensors.fan", "Fans", "{rotation}/min", cadence, Bounds::FromZero),
            frequencies: HostGroup::new("cpu.frequency", "CPU frequency per core", "Hz", cadence, Bounds::FromZero),
            charge: HostGroup::new("battery.charge", "Battery charge", "1", cadence, one),
            power: HostGroup::new("battery.power", "Battery power", "W", cadence, Bounds::FromZero),
            discharging: HostGroup::new("battery.discharging", "Batteries that discharge", "{battery}", cadence, one),
            left_out: Default::default(),
        };
        (cadence, reader)
    }
}

impl Reader for Sensors {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        match self.instruments.take(context.registrar.health(), now.instant) {
            Some(reading) => self.send(context, reading),
            None => Ok(()),
        }
    }

    fn awaits(&self) -> Option<Duration> {
        self.instruments.awaits()
    }
}

impl Sensors {
    fn send(&mut self, context: &BlockingContext, reading: Reading) -> Result<(), SourceError> {
        let Reading { moment, temperatures, fans, frequencies, batteries, left_out } = reading;
        for (place, reason) in self.left_out.iter_mut().zip(left_out) {
            place.state(context.registrar.health(), reason);
        }
        if let Some(temperatures) = temperatures {
            context.registrar.health().hint(NO_TEMPERATURES, temperatures.is_empty());
            self.temperatures.send(context, moment.time, temperatures)?;
        }
        if let Some(fans) = fans {
            self.fans.send(context, moment.time, fans)?;
        }
        if let Some(frequencies) = frequencies {
            self.frequencies.send(context, moment.time, frequencies)?;
        }
        if let Some(batteries) = batteries {
            // A battery that does not state a value has no series for it.
            let stated = |value: fn(&State) -> Option<f64>| {
                let values =
                    batteries.iter().filter_map(move |(battery, state)| Some((battery.clone(), Some(value(state)?))));
                values.collect::<Vec<_>>()
            };
            self.charge.send(context, moment.time, stated(|state| state.charge))?;
            self.power.send(context, moment.time, stated(|state| state.power))?;
            let discharging =
                stated(|state| state.discharges).into_iter().map(|(battery, value)| (Discharging(battery), value));
            self.discharging.send(context, moment.time, discharging)?;
        }
        Ok(())
    }
}
