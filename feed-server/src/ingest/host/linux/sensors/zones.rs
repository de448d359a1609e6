//! The thermal zones of machines whose drivers offer no chips: small boards. See Documentation/driver-api/thermal/sysfs-api.rst.

use std::collections::BTreeMap;
use std::path::Path;

use super::chips::{MAX_INPUTS, numbered};
use super::sensor::{Input, Quantity, Sensor, name};
use crate::ingest::host::linux::text_file::TextBuffer;

/// Finds the zones, in the order of the kernel's numbers. Zones of one type are numbered in that order.
pub(super) fn list(folder: &Path, text: &mut TextBuffer) -> Vec<Input> {
    let mut of_type: BTreeMap<String, usize> = BTreeMap::new();
    let zones = numbered(folder, "thermal_zone", "").take(MAX_INPUTS).filter_map(|(_, path)| {
        let chip = name(text, &path.join("type")).ok().filter(|name| !name.is_empty())?;
        let number = of_type.entry(chip.clone()).or_default();
        *number += 1;
        let (device, title) = match number {
            1 => (None, chip.clone()),
            _ => (Some(format!("#{number}")), format!("{chip} {number}")),
        };
        let sensor = Sensor { chip, device, input: "zone".to_owned(), title };
        let (file, power) = (path.join("temp"), path.join("device/power/runtime_status"));
        Some(Input { sensor, quantity: Quantity::Temperature, file, power })
    });
    zones.collect()
}
