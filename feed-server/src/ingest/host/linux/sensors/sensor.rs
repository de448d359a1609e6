//! One sensor: its identity, its names, and the file with its value.

use std::io;
use std::path::{Path, PathBuf};

use crate::ingest::host::kernel::fields::signed;
use crate::ingest::host::linux::text_file::TextBuffer;
use crate::ingest::series_set::SeriesKey;

/// Of a name, in characters. Those of drivers are shorter.
const MAX_NAME_CHARS: usize = 64;

/// The kernel numbers its chips anew at each start: chip, device and sensor are the same after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sensor {
    /// The name of the driver, such as `coretemp`.
    pub(super) chip: String,
    /// The path of the device below `/sys/devices`, or the place among chips of one name, if there is none.
    pub(super) device: Option<String>,
    /// The driver's name of the sensor, such as `temp1`.
    pub(super) input: String,
    /// For display.
    pub(super) title: String,
}

impl SeriesKey for Sensor {
    fn name(&self) -> String {
        self.title.clone()
    }

    fn labels(&self) -> Vec<(String, String)> {
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let device = self.device.as_ref().map(|device| label("device", device));
        [label("chip", &self.chip)].into_iter().chain(device).chain([label("sensor", &self.input)]).collect()
    }
}

/// What a sensor measures, and so the unit of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantity {
    /// In thousandths of a degree Celsius.
    Temperature,
    /// In rotations a minute.
    Fan,
}

/// A sensor and its file.
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub(super) sensor: Sensor,
    pub(super) quantity: Quantity,
    pub(super) file: PathBuf,
    /// States whether the device sleeps.
    pub(super) power: PathBuf,
}

impl Input {
    /// Degrees Celsius, or rotations a minute. `None` if the driver cannot read the sensor now, states what no sensor measures, or the
    /// device sleeps: a reading would wake it.
    pub(super) fn read(&self, text: &mut TextBuffer) -> Option<f64> {
        if text.read(&self.power).is_ok_and(|state| state.trim_ascii() == b"suspended") {
            return None;
        }
        let value = signed(text.read(&self.file).ok()?.trim_ascii())? as f64;
        let (value, range) = match self.quantity {
            Quantity::Temperature => (value / 1e3, -273.15..=1_000.0),
            Quantity::Fan => (value, 0.0..=1e6),
        };
        range.contains(&value).then_some(value)
    }
}

/// The first line of a file as a name. Control characters become `�`.
pub(super) fn name(text: &mut TextBuffer, file: &Path) -> io::Result<String> {
    let bytes = text.read(file)?;
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default().trim_ascii();
    let shown = String::from_utf8_lossy(line);
    let chars = shown.chars().take(MAX_NAME_CHARS);
    Ok(chars.map(|char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char }).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_value_that_no_sensor_measures_is_none() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let read = |quantity, text: &[u8]| {
            fs::write(folder.path().join("input"), text).expect("written");
            let sensor = Sensor { chip: String::new(), device: None, input: String::new(), title: String::new() };
            let (file, power) = (folder.path().join("input"), folder.path().join("power"));
            Input { sensor, quantity, file, power }.read(&mut TextBuffer::default())
        };
        assert_eq!(read(Quantity::Temperature, b"42500\n"), Some(42.5));
        assert_eq!(read(Quantity::Temperature, b"-5000"), Some(-5.0));
        assert_eq!(read(Quantity::Fan, b"1200\n"), Some(1_200.0));
        for text in [&b""[..], b"\n", b"x", b"\xff\xfe", b"4294967295000", b"-300000", b"42.5"] {
            assert_eq!(read(Quantity::Temperature, text), None, "{text:?}");
        }
        assert_eq!(read(Quantity::Fan, b"-1"), None);
        assert_eq!(read(Quantity::Fan, "9".repeat(300_000).as_bytes()), None);
        fs::write(folder.path().join("power"), "suspended\n").expect("written");
        assert_eq!(read(Quantity::Fan, b"1200"), None, "the device sleeps");
    }

    #[test]
    fn a_name_is_one_short_line_without_control_characters() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = folder.path().join("label");
        let named = |text: &[u8]| {
            fs::write(&file, text).expect("written");
            name(&mut TextBuffer::default(), &file).expect("is read")
        };
        assert_eq!(named(b" Package id 0\nmore\n"), "Package id 0");
        assert_eq!(named("a\u{1b}[31m<b>\u{202e}".as_bytes()), "a�[31m<b>\u{202e}");
        assert_eq!(named(b"\xff"), "�");
        assert_eq!(named("é".repeat(1_000).as_bytes()).chars().count(), MAX_NAME_CHARS);
        assert!(name(&mut TextBuffer::default(), &folder.path().join("none")).is_err());
    }
}
