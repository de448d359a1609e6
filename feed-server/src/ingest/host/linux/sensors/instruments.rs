//! Finds and reads all sensors, on a thread of their own. Time is an argument, but for the time that a reading takes.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::batteries::{self, Battery, State};

use super::sensor::{Input, Quantity, Sensor};
use super::{chips, frequencies, zones};
use crate::ingest::host::linux::cpu::Core;
use crate::ingest::host::linux::pace::Pace;
use crate::ingest::host::linux::roots::Roots;
use crate::ingest::host::linux::text_file::TextBuffer;
use crate::ingest::host::reader::Moment;

/// Sensors are listed again after this time.
const LIST_EVERY: Duration = Duration::from_secs(10);
/// A chip takes milliseconds, which its thread spends waiting.
const CHIPS_WITHIN: Duration = Duration::from_millis(200);
/// Some kernels interrupt each processor.
const FREQUENCIES_WITHIN: Duration = Duration::from_millis(20);
/// The firmware of a laptop may ask the battery itself.
const BATTERIES_WITHIN: Duration = Duration::from_millis(200);

/// A row; none if it is not due in this turn.
pub(super) type Row<K> = Option<Vec<(K, Option<f64>)>>;

pub(super) struct Reading {
    pub(super) moment: Moment,
    pub(super) temperatures: Row<Sensor>,
    pub(super) fans: Row<Sensor>,
    pub(super) frequencies: Row<Core>,
    pub(super) batteries: Option<Vec<(Battery, State)>>,
    pub(super) left_out: [Option<String>; LEFT_OUT],
}

/// Reasons to leave something out: slow sensors, too many of them, slow frequencies, slow batteries.
pub(super) const LEFT_OUT: usize = 4;

pub(super) struct Instruments {
    roots: Roots,
    text: TextBuffer,
    listed_at: Option<Instant>,
    inputs: Vec<Input>,
    beyond: usize,
    cores: Vec<(Core, PathBuf)>,
    batteries: Vec<(Battery, PathBuf)>,
    inputs_pace: Pace,
    cores_pace: Pace,
    batteries_pace: Pace,
}

impl Instruments {
    pub(super) fn new(roots: &Roots) -> Self {
        Self {
            roots: roots.clone(),
            text: TextBuffer::default(),
            listed_at: None,
            inputs: Vec::new(),
            beyond: 0,
            cores: Vec::new(),
            batteries: Vec::new(),
            inputs_pace: Pace::new(CHIPS_WITHIN),
            cores_pace: Pace::new(FREQUENCIES_WITHIN),
            batteries_pace: Pace::new(BATTERIES_WITHIN),
        }
    }

    pub(super) fn read(&mut self, now: Moment) -> Reading {
        let at = now.instant;
        if self.listed_at.is_none_or(|listed_at| at.saturating_duration_since(listed_at) >= LIST_EVERY) {
            self.listed_at = Some(at);
            self.list();
        }
        let (text, inputs, cores, batteries) = (&mut self.text, &self.inputs, &self.cores, &self.batteries);
        // One that cannot be read now has no value, and stays.
        let inputs = paced(&mut self.inputs_pace, at, || {
            let values = inputs.iter().map(|input| (input.quantity, input.sensor.clone(), input.read(text)));
            values.collect::<Vec<_>>()
        });
        let cores = paced(&mut self.cores_pace, at, || {
            cores.iter().filter_map(|(core, file)| Some((*core, Some(frequencies::read(file, text)?)))).collect()
        });
        let batteries = paced(&mut self.batteries_pace, at, || {
            let states = batteries
                .iter()
                .filter_map(|(battery, folder)| Some((battery.clone(), batteries::read(folder, text)?)));
            states.collect()
        });
        let of = |quantity: Quantity| {
            let inputs = inputs.as_ref()?.iter().filter(|(measured, ..)| *measured == quantity);
            Some(inputs.map(|(_, sensor, value)| (sensor.clone(), *value)).collect())
        };
        Reading {
            moment: now,
            temperatures: of(Quantity::Temperature),
            fans: of(Quantity::Fan),
            frequencies: cores,
            batteries,
            left_out: self.left_out(),
        }
    }

    fn list(&mut self) {
        let (text, sys) = (&mut self.text, |folder| self.roots.sys(folder));
        (self.inputs, self.beyond) = chips::list(&sys("class/hwmon"), text);
        if self.inputs.iter().all(|input| input.quantity != Quantity::Temperature) {
            self.inputs.extend(zones::list(&sys("class/thermal"), text));
        }
        self.cores = frequencies::list(&sys("devices/system/cpu"));
        self.batteries = batteries::list(&sys("class/power_supply"), text);
    }

    fn left_out(&self) -> [Option<String>; LEFT_OUT] {
        let (beyond, limit) = (self.beyond, chips::MAX_INPUTS);
        [
            self.inputs_pace.statement("temperatures and fans"),
            (beyond > 0).then(|| format!("{beyond} sensors are not measured: there are more than {limit}, the limit")),
            self.cores_pace.statement("CPU frequencies"),
            self.batteries_pace.statement("batteries"),
        ]
    }
}

/// Reads if it is time.
fn paced<T>(pace: &mut Pace, now: Instant, read: impl FnOnce() -> T) -> Option<T> {
    pace.is_due(now).then(|| {
        let began = Instant::now();
        let values = read();
        pace.took(now, began.elapsed());
        values
    })
}
