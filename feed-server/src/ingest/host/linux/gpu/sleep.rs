//! Whether a GPU may sleep. A laptop switches off a GPU that nothing uses: an open library keeps it awake, and a call wakes it.

use std::fs;
use std::path::Path;

use crate::ingest::host::linux::roots::Roots;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sleep {
    /// No GPU sleeps by itself.
    Never,
    /// One would sleep if nothing used it.
    Awake,
    Asleep,
}

/// The state of all GPUs of NVIDIA: that of the one that sleeps the deepest. Reading it wakes none.
pub(super) fn read(roots: &Roots) -> Sleep {
    let devices = fs::read_dir(roots.sys("bus/pci/drivers/nvidia")).into_iter().flatten().filter_map(Result::ok);
    let states = devices.map(|device| {
        let address = device.file_name();
        let driver = roots.proc("driver/nvidia/gpus").join(address).join("power");
        state(&device.path(), &driver)
    });
    states.max().unwrap_or(Sleep::Never)
}

/// `driver` is the driver's own statement, `device` the folder of the kernel.
fn state(device: &Path, driver: &Path) -> Sleep {
    let may_sleep = fs::read_to_string(driver).is_ok_and(|text| text.lines().any(is_enabled))
        && fs::read_to_string(device.join("power/control")).is_ok_and(|control| control.trim() == "auto");
    let is_asleep = || {
        let status = fs::read_to_string(device.join("power/runtime_status"));
        status.is_ok_and(|status| matches!(status.trim(), "suspended" | "suspending"))
    };
    match may_sleep {
        true if is_asleep() => Sleep::Asleep,
        true => Sleep::Awake,
        false => Sleep::Never,
    }
}

/// Such as `Runtime D3 status:          Enabled (fine-grained)`.
fn is_enabled(line: &str) -> bool {
    line.strip_prefix("Runtime D3 status:").is_some_and(|status| status.trim_start().starts_with("Enabled"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_sleeps_only_if_driver_and_kernel_allow_it() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let roots = Roots::new(&folder.path().join("proc"), &folder.path().join("sys"));
        assert_eq!(read(&roots), Sleep::Never, "there is no GPU");
        let set = |address: &str, driver: &str, control: &str, status: &str| {
            let (of_driver, of_kernel) =
                (roots.proc("driver/nvidia/gpus").join(address), roots.sys("bus/pci/drivers/nvidia").join(address));
            fs::create_dir_all(&of_driver).expect("created");
            fs::create_dir_all(of_kernel.join("power")).expect("created");
            fs::write(of_driver.join("power"), format!("Runtime D3 status:          {driver}\nVideo Memory: Active\n"))
                .expect("written");
            fs::write(of_kernel.join("power/control"), control).expect("written");
            fs::write(of_kernel.join("power/runtime_status"), status).expect("written");
        };
        for (driver, control, status, expected) in [
            ("Disabled by default", "auto\n", "active\n", Sleep::Never),
            ("Not supported", "auto\n", "suspended\n", Sleep::Never),
            ("Enabled (fine-grained)", "on\n", "active\n", Sleep::Never),
            ("Enabled (fine-grained)", "auto\n", "active\n", Sleep::Awake),
            ("Enabled (coarse-grained)", "auto\n", "suspended\n", Sleep::Asleep),
            ("\u{fffd}", "", "", Sleep::Never),
        ] {
            set("0000:01:00.0", driver, control, status);
            assert_eq!(read(&roots), expected, "{driver} {control} {status}");
        }
        set("0000:01:00.0", "Enabled", "auto", "active");
        set("0000:02:00.0", "Enabled", "auto", "suspended");
        assert_eq!(read(&roots), Sleep::Asleep, "one of two");
    }
}
