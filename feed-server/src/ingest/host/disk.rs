//! Disks: bytes read and written, free space.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use protocol::Bounds;
use sysinfo::{Disk, DiskRefreshKind, Disks, Error};

use super::device::DeviceFlow;
use super::group::HostGroup;
use super::rate::Rates;
use super::reader::{Moment, Reader};
use super::schedule::Cadence;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::series_set::SeriesKey;
use crate::ingest::source::SourceError;

/// Free space changes slowly, and reading it may wait for a disk.
const SPACE_INTERVAL: Duration = Duration::from_secs(2);

/// Bytes a second, of each mounted device.
pub(super) struct Traffic {
    disks: Disks,
    rates: Rates<DeviceFlow>,
    group: HostGroup<DeviceFlow>,
}

impl Traffic {
    pub(super) fn new(fastest: Duration) -> Result<(Cadence, Self), Error> {
        let cadence = Cadence::Steady(fastest);
        let group = HostGroup::new("disk.io", "Disk I/O", "By/s", cadence, Bounds::FromZero);
        Ok((cadence, Self { disks: Disks::new()?, rates: Rates::new(), group }))
    }
}

impl Reader for Traffic {
    fn read(&mut self, context: &BlockingContext) -> Result<(), SourceError> {
        self.disks.refresh_specifics(true, DiskRefreshKind::nothing().with_io_usage());
        let moment = Moment::now();
        // A device is listed once for each mount point. The kernel keeps no counters for a device without any transfer:
        // mounting alone reads.
        let devices: BTreeMap<String, (u64, u64)> = self
            .disks
            .iter()
            .filter(|disk| MountKind::of(&device(disk), &file_system(disk), disk.mount_point()) == MountKind::Disk)
            .map(|disk| (short_name(&device(disk)), disk.usage()))
            .map(|(device, usage)| (device, (usage.total_read_bytes, usage.total_written_bytes)))
            .filter(|(_, (read, written))| read + written > 0)
            .collect();
        let totals = devices.into_iter().flat_map(|(device, (read, written))| {
            let flow = |direction| DeviceFlow { device: device.clone(), direction };
            [(flow("read"), read), (flow("written"), written)]
        });
        let rates = self.rates.per_second(moment.instant, totals);
        self.group.send(context, moment.time, rates)
    }
}

/// Bytes free on each file system.
pub(super) struct Space {
    disks: Disks,
    group: HostGroup<Mount>,
}

impl SeriesKey for Mount {
    fn name(&self) -> String {
        self.point.display().to_string()
    }

    fn labels(&self) -> Vec<(String, String)> {
        let label = |name: &str, value: String| (name.to_owned(), value);
        vec![
            label("device", short_name(&self.device)),
            label("file_system", self.file_system.clone()),
            label("mount", self.name()),
        ]
    }
}

impl Space {
    pub(super) fn new(fastest: Duration) -> Result<(Cadence, Self), Error> {
        let cadence = Cadence::Steady(fastest.max(SPACE_INTERVAL));
        let group = HostGroup::new("disk.space", "Disk space free", "By", cadence, Bounds::FromZero);
        Ok((cadence, Self { disks: Disks::new()?, group }))
    }
}

impl Reader for Space {
    fn read(&mut self, context: &BlockingContext) -> Result<(), SourceError> {
        // Only chosen mounts are read: a file system whose server is lost does not answer.
        self.disks.refresh_specifics(true, DiskRefreshKind::nothing());
        let mounts = choose(self.disks.iter().map(Mount::of), Path::is_dir);
        let mut free = Vec::new();
        for disk in &mut self.disks {
            let mount = Mount::of(disk);
            if mounts.contains(&mount) {
                disk.refresh_specifics(DiskRefreshKind::nothing().with_storage());
                if disk.total_space() > 0 {
                    free.push((mount, Some(disk.available_space() as f64)));
                }
            }
        }
        let moment = Moment::now();
        free.sort_by(|(ours, _), (theirs, _)| ours.cmp(theirs));
        self.group.send(context, moment.time, free)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mount {
    point: PathBuf,
    device: String,
    file_system: String,
}

impl Mount {
    fn of(disk: &Disk) -> Self {
        let point = disk.mount_point().to_owned();
        Self { point, device: device(disk), file_system: file_system(disk) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MountKind {
    /// A disk, or a file system over several.
    Disk,
    /// A view of another file system. Shown if the machine has no disks.
    Layer,
    /// A file system of the kernel, or a remote one.
    Other,
}

impl MountKind {
    fn of(device: &str, file_system: &str, point: &Path) -> Self {
        match (device, file_system) {
            (_, "overlay" | "aufs" | "fuse.fuse-overlayfs") => Self::Layer,
            ("/dev/fuse", _) => Self::Other,
            // File systems over several disks name a pool in place of a device.
            (_, "zfs" | "btrfs" | "bcachefs" | "virtiofs") => Self::Disk,
            (device, _) if device.starts_with("/dev/") || !cfg!(target_os = "linux") => Self::Disk,
            _ if point == Path::new("/") => Self::Layer,
            _ => Self::Other,
        }
    }
}

/// Chooses the mounts to show: each disk once, at its shortest path. In a container, single files (such as `/etc/hosts`)
/// are bound from disks that it does not see otherwise; these are skipped, and the layer at `/` is shown.
fn choose(mounts: impl Iterator<Item = Mount>, is_directory: impl Fn(&Path) -> bool) -> Vec<Mount> {
    let mut disks: BTreeMap<String, Mount> = BTreeMap::new();
    let mut layers: Vec<Mount> = Vec::new();
    for mount in mounts {
        match MountKind::of(&mount.device, &mount.file_system, &mount.point) {
            MountKind::Disk if is_directory(&mount.point) => {
                let length = |mount: &Mount| mount.point.as_os_str().len();
                let shown = disks.entry(mount.device.clone()).or_insert_with(|| mount.clone());
                if length(&mount) < length(shown) {
                    *shown = mount;
                }
            }
            MountKind::Layer if mount.point == Path::new("/") => layers.push(mount),
            _ => {}
        }
    }
    if disks.is_empty() { layers } else { disks.into_values().collect() }
}

fn device(disk: &Disk) -> String {
    disk.name().to_string_lossy().into_owned()
}

fn file_system(disk: &Disk) -> String {
    disk.file_system().to_string_lossy().into_owned()
}

/// `sda1` of `/dev/sda1`, `vg-root` of `/dev/mapper/vg-root`.
fn short_name(device: &str) -> String {
    match device.strip_prefix("/dev/") {
        Some(name) => name.strip_prefix("mapper/").unwrap_or(name).to_owned(),
        None => device.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(device: &str, file_system: &str, point: &str) -> Mount {
        Mount { point: point.into(), device: device.to_owned(), file_system: file_system.to_owned() }
    }

    fn points(mounts: &[Mount]) -> Vec<String> {
        let is_directory = |point: &Path| !point.starts_with("/etc");
        choose(mounts.iter().cloned(), is_directory).iter().map(SeriesKey::name).collect()
    }

    #[test]
    fn a_device_mounted_many_times_is_shown_once_at_its_shortest_path() {
        let mounts = [
            mount("/dev/sda1", "ext4", "/var/lib/containers"),
            mount("/dev/sda1", "ext4", "/"),
            mount("/dev/sda2", "ext4", "/home"),
            mount("overlay", "overlay", "/var/lib/containers/1"),
            mount("portal", "fuse.portal", "/home/doc"),
        ];
        assert_eq!(points(&mounts), ["/", "/home"]);
    }

    #[test]
    fn a_container_shows_its_root_and_not_the_files_bound_into_it() {
        let mounts = [mount("overlay", "overlay", "/"), mount("/dev/sda1", "ext4", "/etc/hosts")];
        assert_eq!(points(&mounts), ["/"]);
        assert_eq!(points(&[mount("none", "9p", "/")]), ["/"]);
    }

    #[test]
    fn a_container_shows_its_mounted_volume() {
        let mounts = [mount("overlay", "overlay", "/"), mount("/dev/sdb1", "xfs", "/data")];
        assert_eq!(points(&mounts), ["/data"]);
    }

    #[test]
    fn a_device_is_named_by_its_short_name() {
        assert_eq!(short_name("/dev/nvme0n1p2"), "nvme0n1p2");
        assert_eq!(short_name("/dev/mapper/vg-root"), "vg-root");
        assert_eq!(short_name("tank/home"), "tank/home");
    }
}
