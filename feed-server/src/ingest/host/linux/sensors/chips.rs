//! The chips with sensors that drivers offer in `/sys/class/hwmon`: temperatures and fans. See Documentation/hwmon/sysfs-interface.rst.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::sensor::{Input, Quantity, Sensor, name};
use crate::ingest::host::linux::text_file::TextBuffer;

/// A large server has a dozen chips with a hundred sensors.
pub(super) const MAX_INPUTS: usize = 256;

struct Chip {
    name: String,
    device: Option<String>,
    /// The files of its sensors.
    folder: PathBuf,
    power: PathBuf,
}

/// Finds the sensors, in the order of the kernel's numbers, and how many there are beyond the limit.
pub(super) fn list(folder: &Path, text: &mut TextBuffer) -> (Vec<Input>, usize) {
    let mut chips: Vec<Chip> = numbered(folder, "hwmon", "").filter_map(|(_, path)| chip(&path, text)).collect();
    let mut of_name: BTreeMap<String, usize> = BTreeMap::new();
    for chip in &mut chips {
        let number = of_name.entry(chip.name.clone()).or_default();
        *number += 1;
        if chip.device.is_none() && *number > 1 {
            chip.device = Some(format!("#{number}"));
        }
    }
    let mut inputs = Vec::new();
    for chip in &chips {
        // A driver of two devices makes two chips of one name.
        let title = match chip.device.as_ref().and_then(|device| device.rsplit('/').next()) {
            Some(device) if of_name.get(&chip.name).is_some_and(|&number| number > 1) => {
                format!("{} ({device})", chip.name)
            }
            _ => chip.name.clone(),
        };
        for (prefix, quantity) in [("temp", Quantity::Temperature), ("fan", Quantity::Fan)] {
            for (number, file) in numbered(&chip.folder, prefix, "_input") {
                let input = format!("{prefix}{number}");
                let label = name(text, &chip.folder.join(format!("{input}_label")));
                let label = label.ok().filter(|label| !label.is_empty());
                let title = format!("{title} {}", label.as_ref().unwrap_or(&input));
                let sensor = Sensor { chip: chip.name.clone(), device: chip.device.clone(), input, title };
                inputs.push(Input { sensor, quantity, file, power: chip.power.clone() });
            }
        }
    }
    let beyond = inputs.len().saturating_sub(MAX_INPUTS);
    inputs.truncate(MAX_INPUTS);
    distinguish(&mut inputs);
    (inputs, beyond)
}

/// `None` if there is no name: the driver is ending.
fn chip(path: &Path, text: &mut TextBuffer) -> Option<Chip> {
    let device = path.join("device");
    // Old drivers have their files with the device.
    let folder = if path.join("name").exists() { path.to_owned() } else { device.clone() };
    let name = name(text, &folder.join("name")).ok().filter(|name| !name.is_empty())?;
    let real = fs::canonicalize(&device).ok();
    let real = real.map(|path| path.to_string_lossy().into_owned());
    let below_devices =
        real.map(|path| path.split_once("/devices/").map_or(path.clone(), |(_, below)| below.to_owned()));
    Some(Chip { name, device: below_devices, folder, power: device.join("power/runtime_status") })
}

/// Two sensors of one chip may have the same label.
fn distinguish(inputs: &mut [Input]) {
    let mut of_title: BTreeMap<String, usize> = BTreeMap::new();
    for input in &*inputs {
        *of_title.entry(input.sensor.title.clone()).or_default() += 1;
    }
    for Input { sensor, .. } in inputs {
        if of_title.get(&sensor.title).is_some_and(|&number| number > 1) {
            sensor.title = format!("{} ({})", sensor.title, sensor.input);
        }
    }
}

/// The entries of a folder whose names are `prefix`, a number and `suffix`, by number.
pub(super) fn numbered(folder: &Path, prefix: &str, suffix: &str) -> impl Iterator<Item = (u32, PathBuf)> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let numbers = entries.filter_map(|entry| {
        let name = entry.file_name();
        let number = name.to_str()?.strip_prefix(prefix)?.strip_suffix(suffix)?;
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        Some((number.parse().ok().filter(|_| is_number)?, entry.path()))
    });
    let mut sorted: Vec<(u32, PathBuf)> = numbers.collect();
    sorted.sort();
    sorted.into_iter()
}
