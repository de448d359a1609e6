//! The reader over folders of a test.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::ingest::host::test_stage::{TestStage, Values};

struct Machine {
    sys: TempDir,
    stage: TestStage,
    instruments: Instruments,
    sensors: Sensors,
    second: u64,
}

impl Machine {
    fn new() -> Self {
        let sys = tempfile::tempdir().expect("temporary folder");
        let roots = Roots::new(Path::new("/nowhere"), sys.path());
        let (_, sensors) = Sensors::new(&roots, INTERVAL);
        Self { stage: TestStage::new(), instruments: Instruments::new(&roots), sensors, sys, second: 0 }
    }

    fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        let file = self.sys.path().join(file);
        fs::create_dir_all(file.parent().expect("a folder")).expect("created");
        fs::write(file, text).expect("written");
    }

    /// A chip of a device, with the number that the kernel gave it at this start.
    fn chip(&self, number: u32, device: &str, name: &str, files: &[(&str, &str)]) {
        let chip = format!("devices/{device}/hwmon/hwmon{number}");
        self.write(&format!("{chip}/name"), format!("{name}\n"));
        for (file, text) in files {
            self.write(&format!("{chip}/{file}"), text);
        }
        let (chip, class) = (self.sys.path().join(&chip), self.sys.path().join("class/hwmon"));
        symlink(self.sys.path().join("devices").join(device), chip.join("device")).expect("linked");
        fs::create_dir_all(&class).expect("created");
        symlink(&chip, class.join(format!("hwmon{number}"))).expect("linked");
    }

    /// A turn a second after the last.
    fn turn(&mut self) -> Values {
        let now = self.stage.moment(Duration::from_secs(self.second));
        self.second += 1;
        self.sensors.send(&self.stage.context, self.instruments.read(now)).expect("is sent");
        self.stage.values()
    }

    /// Turns until the sensors are listed again.
    fn later(&mut self) -> Values {
        self.second += 10;
        self.turn()
    }
}

fn value(values: &Values, group: &str, name: &str) -> Option<f64> {
    values.get(&(group.to_owned(), name.to_owned())).copied()
}

#[test]
fn temperatures_and_fans_have_the_names_of_their_labels() {
    let mut machine = Machine::new();
    machine.chip(
        0,
        "platform/coretemp.0",
        "coretemp",
        &[
            ("temp1_input", "45000\n"),
            ("temp1_label", "Package id 0\n"),
            ("temp2_input", "43500\n"),
            ("temp1_max", "1"),
        ],
    );
    machine.chip(
        1,
        "platform/nct6775.656",
        "nct6798",
        &[("fan2_input", "1210\n"), ("temp1_input", "-5000"), ("in0_input", "9")],
    );
    let values = machine.turn();
    for (group, name, expected) in [
        ("sensors.temperature", "coretemp Package id 0", 45.0),
        ("sensors.temperature", "coretemp temp2", 43.5),
        ("sensors.temperature", "nct6798 temp1", -5.0),
        ("sensors.fan", "nct6798 fan2", 1_210.0),
    ] {
        assert_eq!(value(&values, group, name), Some(expected), "{name}: {values:?}");
    }
    assert_eq!(values.len(), 4, "{values:?}");
}

#[test]
fn a_sensor_is_the_same_after_a_start_that_numbers_the_chips_anew() {
    let labels = |numbers: [u32; 2]| {
        let mut machine = Machine::new();
        let files = [("temp1_input", "30000"), ("temp1_label", "Composite")];
        machine.chip(numbers[0], "pci0000:00/0000:01:00.0/nvme/nvme0", "nvme", &files);
        machine.chip(numbers[1], "pci0000:00/0000:02:00.0/nvme/nvme1", "nvme", &files);
        machine.turn();
        let mut series: Vec<_> = machine.stage.live("sensors.temperature");
        series.sort_by(|ours, theirs| ours.name.cmp(&theirs.name));
        series.into_iter().map(|series| (series.name, series.labels)).collect::<Vec<_>>()
    };
    let before = labels([2, 10]);
    assert_eq!(before, labels([7, 0]));
    assert_eq!(before[1].0, "nvme (nvme1) Composite");
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let device = label("device", "pci0000:00/0000:02:00.0/nvme/nvme1");
    assert_eq!(before[1].1, [label("chip", "nvme"), device, label("sensor", "temp1")]);
}

#[test]
fn a_sensor_that_cannot_be_read_keeps_its_series_and_one_that_is_gone_ends() {
    let mut machine = Machine::new();
    machine.chip(0, "platform/a.0", "a", &[("temp1_input", "30000"), ("temp2_input", "31000")]);
    assert_eq!(machine.turn().len(), 2);
    let file = machine.sys.path().join("devices/platform/a.0/hwmon/hwmon0/temp1_input");
    fs::remove_file(&file).expect("removed");
    // Reading a folder fails, as reading a sensor that does not answer does.
    fs::create_dir(&file).expect("created");
    assert_eq!(machine.turn().len(), 1);
    assert_eq!(machine.stage.names("sensors.temperature").len(), 2);
    machine.write("devices/platform/a.0/power/runtime_status", "suspended\n");
    assert_eq!(machine.turn().len(), 0, "a device that sleeps is not woken");
    assert_eq!(machine.stage.names("sensors.temperature").len(), 2);
    fs::remove_dir_all(machine.sys.path().join("class/hwmon")).expect("removed");
    machine.later();
    assert_eq!(machine.stage.names("sensors.temperature"), [""; 0]);
}

#[test]
fn names_of_any_bytes_and_repeated_labels_are_told_apart() {
    let mut machine = Machine::new();
    let label = "\u{202e}<b>\u{7}";
    machine.chip(
        0,
        "platform/a.0",
        "a\nb",
        &[("temp1_input", "1000"), ("temp1_label", label), ("temp2_input", "2000"), ("temp2_label", label)],
    );
    machine.chip(1, "platform/none", "", &[("temp1_input", "1000")]);
    machine.write("class/hwmon/hwmonx/name", "x");
    machine.write("class/hwmon/hwmon-1/name", "x");
    let values = machine.turn();
    assert_eq!(value(&values, "sensors.temperature", "a \u{202e}<b>� (temp2)"), Some(2.0), "{values:?}");
    assert_eq!(values.len(), 2, "{values:?}");
}

#[test]
fn sensors_beyond_the_limit_are_stated() {
    let mut machine = Machine::new();
    let files: Vec<String> = (0..chips::MAX_INPUTS + 3).map(|number| format!("temp{number}_input")).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|file| (file.as_str(), "1000")).collect();
    machine.chip(0, "platform/a.0", "a", &files);
    assert_eq!(machine.turn().len(), chips::MAX_INPUTS);
    assert_eq!(machine.stage.left_out(), ["3 sensors are not measured: there are more than 256, the limit"]);
}

#[test]
fn thermal_zones_are_measured_only_without_other_temperatures() {
    let mut machine = Machine::new();
    for (zone, kind) in [(0, "cpu-thermal"), (1, "gpu-thermal"), (10, "cpu-thermal")] {
        machine.write(&format!("class/thermal/thermal_zone{zone}/type"), format!("{kind}\n"));
        machine.write(&format!("class/thermal/thermal_zone{zone}/temp"), "51000\n");
    }
    machine.write("class/thermal/cooling_device0/type", "Processor\n");
    machine.turn();
    assert_eq!(machine.stage.names("sensors.temperature"), ["cpu-thermal", "gpu-thermal", "cpu-thermal 2"]);
    machine.chip(0, "platform/fans.0", "fans", &[("fan1_input", "900")]);
    machine.later();
    assert_eq!(machine.stage.names("sensors.temperature").len(), 3);
    machine.chip(1, "platform/a.0", "a", &[("temp1_input", "1000")]);
    machine.later();
    assert_eq!(machine.stage.names("sensors.temperature"), ["a temp1"]);
}

#[test]
fn frequencies_are_in_hertz_and_one_of_a_core_that_is_offline_ends() {
    let mut machine = Machine::new();
    for core in [0, 1, 10] {
        machine
            .write(&format!("devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq"), format!("{}\n", 800_000 + core));
    }
    machine.write("devices/system/cpu/cpu2/topology/core_id", "2");
    machine.write("devices/system/cpu/cpuidle/current_driver", "none");
    let values = machine.turn();
    assert_eq!(value(&values, "cpu.frequency", "core 10"), Some(800_010_000.0), "{values:?}");
    machine.write("devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "<unknown>\n");
    machine.turn();
    assert_eq!(machine.stage.names("cpu.frequency"), ["core 0", "core 10"]);
}

#[test]
fn batteries_have_charge_power_and_state() {
    let mut machine = Machine::new();
    let write = |machine: &Machine, battery: &str, files: &[(&str, &str)]| {
        for (file, text) in files {
            machine.write(&format!("class/power_supply/{battery}/{file}"), text);
        }
    };
    write(
        &machine,
        "BAT0",
        &[("type", "Battery\n"), ("capacity", "87\n"), ("power_now", "-12500000\n"), ("status", "Discharging\n")],
    );
    let current = [("current_now", "2000000"), ("voltage_now", "11000000"), ("capacity", "101"), ("status", "Unknown")];
    write(&machine, "BAT1", &[("type", "Battery")]);
    write(&machine, "BAT1", &current);
    let mouse =
        [("type", "Battery"), ("scope", "Device"), ("model_name", "Mouse\n"), ("capacity", "x"), ("status", "Full")];
    write(&machine, "hid-1", &mouse);
    write(&machine, "AC", &[("type", "Mains"), ("online", "1"), ("capacity", "50")]);
    let values = machine.turn();
    for (group, name, expected) in [
        ("battery.charge", "BAT0", 0.87),
        ("battery.power", "BAT0", 12.5),
        ("battery.discharging", "BAT0", 1.0),
        ("battery.charge", "BAT1", 1.0),
        ("battery.power", "BAT1", 22.0),
        ("battery.discharging", "Mouse (hid-1)", 0.0),
    ] {
        assert_eq!(value(&values, group, name), Some(expected), "{group} {name}: {values:?}");
    }
    assert_eq!(values.len(), 6, "{values:?}");
    fs::remove_dir_all(machine.sys.path().join("class/power_supply/BAT0")).expect("removed");
    machine.turn();
    assert_eq!(machine.stage.names("battery.charge"), ["BAT1"]);
}

#[test]
fn a_machine_without_sensors_has_no_group_and_no_statement() {
    let mut machine = Machine::new();
    assert_eq!((machine.turn().len(), machine.stage.left_out().len()), (0, 0));
}

#[test]
fn the_reader_reads_on_a_thread_of_its_own() {
    let mut machine = Machine::new();
    machine.chip(0, "platform/a.0", "a", &[("temp1_input", "30000")]);
    let values = machine.stage.turn(&mut machine.sensors);
    assert_eq!(value(&values, "sensors.temperature", "a temp1"), Some(30.0), "{values:?}");
}
