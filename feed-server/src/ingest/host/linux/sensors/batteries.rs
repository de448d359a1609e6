//! Batteries: charge, power, and whether they discharge. See Documentation/ABI/testing/sysfs-class-power.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use protocol::SeriesKind;

use super::sensor::name;
use crate::ingest::host::kernel::fields::{number, signed};
use crate::ingest::host::linux::text_file::TextBuffer;
use crate::ingest::series_set::SeriesKey;

/// A laptop has two, and a few more in what is connected to it.
const MAX_BATTERIES: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Battery {
    /// The kernel's name, such as `BAT0`.
    id: String,
    /// For display.
    title: String,
}

impl SeriesKey for Battery {
    fn name(&self) -> String {
        self.title.clone()
    }

    fn labels(&self) -> Vec<(String, String)> {
        vec![("battery".to_owned(), self.id.clone())]
    }
}

/// Whether a battery discharges: a state, not a level.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Discharging(pub(super) Battery);

impl SeriesKey for Discharging {
    fn name(&self) -> String {
        self.0.name()
    }

    fn labels(&self) -> Vec<(String, String)> {
        self.0.labels()
    }

    fn kind(&self) -> SeriesKind {
        SeriesKind::State
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct State {
    /// 0 to 1.
    pub(super) charge: Option<f64>,
    /// In W, whether it charges or discharges.
    pub(super) power: Option<f64>,
    /// 1 or 0.
    pub(super) discharges: Option<f64>,
}

/// Finds the batteries, by name.
pub(super) fn list(folder: &Path, text: &mut TextBuffer) -> Vec<(Battery, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let paths: BTreeSet<PathBuf> = entries.map(|entry| entry.path()).collect();
    let mut batteries = Vec::new();
    for path in paths {
        let is_battery = text.read(&path.join("type")).is_ok_and(|kind| kind.trim_ascii() == b"Battery");
        let Some(id) = path.file_name().filter(|_| is_battery && batteries.len() < MAX_BATTERIES) else { continue };
        let id = id.to_string_lossy().into_owned();
        // That of a mouse is called by the mouse.
        let is_of_device = text.read(&path.join("scope")).is_ok_and(|scope| scope.trim_ascii() == b"Device");
        let model = name(text, &path.join("model_name")).ok().filter(|model| is_of_device && !model.is_empty());
        let title = model.map_or_else(|| id.clone(), |model| format!("{model} ({id})"));
        batteries.push((Battery { id, title }, path));
    }
    batteries
}

/// `None` if the battery is gone.
pub(super) fn read(folder: &Path, text: &mut TextBuffer) -> Option<State> {
    let status = text.read(&folder.join("status")).ok().map(|status| match status.trim_ascii() {
        b"Discharging" => Some(1.0),
        b"Charging" | b"Full" | b"Not charging" => Some(0.0),
        _ => None,
    });
    let percent = text.read(&folder.join("capacity")).ok().and_then(|percent| number(percent.trim_ascii()));
    if status.is_none() && percent.is_none() && !folder.exists() {
        return None;
    }
    // In millionths. Some drivers state a flow out of the battery as a negative one.
    let mut millionths = |file: &str| {
        let value = text.read(&folder.join(file)).ok().and_then(|value| signed(value.trim_ascii()))?;
        Some(value.unsigned_abs() as f64 / 1e6)
    };
    let power = millionths("power_now").or_else(|| Some(millionths("current_now")? * millionths("voltage_now")?));
    Some(State {
        charge: percent.map(|percent| percent.min(100) as f64 / 100.0),
        // More is not a battery of this machine, but a driver that cannot read it.
        power: power.filter(|watts| *watts < 1e5),
        discharges: status.flatten(),
    })
}
