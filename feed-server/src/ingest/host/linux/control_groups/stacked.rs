//! Block devices that pass their transfers on to others: encrypted and logical volumes, RAID, loop devices. The kernel counts a
//! transfer of a control group for each device on its way; only the last is counted here.

use std::fs;
use std::path::Path;

/// The numbers of such devices, such as `253:0`. `blocks` is the kernel's list of block devices.
pub(super) fn list(blocks: &Path) -> Vec<Box<[u8]>> {
    let Ok(entries) = fs::read_dir(blocks) else { return Vec::new() };
    let devices = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let stacked = devices.filter(|device| {
        let has_devices_below = fs::read_dir(device.join("slaves")).is_ok_and(|mut below| below.next().is_some());
        has_devices_below || device.join("loop/backing_file").exists()
    });
    let numbers = stacked.filter_map(|device| fs::read(device.join("dev")).ok());
    numbers.map(|number| number.trim_ascii().into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_that_stand_on_others_are_listed() {
        let root = tempfile::tempdir().expect("temporary folder");
        let device = |name: &str, number: &str, below: &str| {
            let folder = root.path().join(name);
            fs::create_dir_all(folder.join("slaves")).expect("created");
            fs::write(folder.join("dev"), number).expect("written");
            if !below.is_empty() {
                fs::create_dir_all(folder.join(below)).expect("created");
            }
        };
        device("sda", "8:0\n", "");
        device("dm-0", "253:0\n", "slaves/sda2");
        device("loop0", "7:0\n", "loop/backing_file");
        device("loop1", "7:1\n", "");
        let mut numbers = list(root.path());
        numbers.sort();
        assert_eq!(numbers, [b"253:0"[..].into(), b"7:0"[..].into()]);
        assert_eq!(list(&root.path().join("none")), []);
    }
}
