//! File systems and their mount points; the choice of those to show.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::ingest::series_set::SeriesKey;

/// A file system at one mount point.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ingest::host) struct Mount {
    pub(in crate::ingest::host) point: PathBuf,
    pub(in crate::ingest::host) device: String,
    pub(in crate::ingest::host) file_system: String,
}

/// A [`Mount`] while it lasts: a file system that is mounted again is another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ingest::host) struct Mounted {
    pub(in crate::ingest::host) mount: Mount,
    pub(in crate::ingest::host) id: u64,
    pub(in crate::ingest::host) reach: Reach,
}

/// What answers the requests to a file system, and to those that contain its mount point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ingest::host) enum Reach {
    /// The kernel, from memory or from a disk.
    Local,
    /// Another machine or a program, for at least one of them.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only the list of Linux has it"))]
    Foreign,
}

impl Mount {
    pub(super) fn name(&self) -> String {
        self.point.display().to_string()
    }
}

/// A value of a file system: its only one in a group, or one of several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MountPart {
    pub(super) mount: Mount,
    pub(super) part: Option<&'static str>,
}

impl SeriesKey for MountPart {
    fn name(&self) -> String {
        match self.part {
            Some(part) => format!("{} {part}", self.mount.name()),
            None => self.mount.name(),
        }
    }

    fn labels(&self) -> Vec<(String, String)> {
        let label = |name: &str, value: String| (name.to_owned(), value);
        let Mount { device, file_system, .. } = &self.mount;
        let part = self.part.map(|part| label("state", part.to_owned()));
        [
            label("device", short_name(device)),
            label("file_system", file_system.clone()),
            label("mount", self.mount.name()),
        ]
        .into_iter()
        .chain(part)
        .collect()
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
    fn of(mount: &Mount) -> Self {
        match (mount.device.as_str(), mount.file_system.as_str()) {
            (_, "overlay" | "aufs" | "fuse.fuse-overlayfs") => Self::Layer,
            ("/dev/fuse", _) => Self::Other,
            // File systems over several disks name a pool in place of a device.
            (_, "zfs" | "btrfs" | "bcachefs" | "virtiofs") => Self::Disk,
            (device, _) if device.starts_with("/dev/") || !cfg!(target_os = "linux") => Self::Disk,
            _ if mount.point == Path::new("/") => Self::Layer,
            _ => Self::Other,
        }
    }
}

/// Chooses the mounts to show: each disk once, at its shortest path. In a container, single files (such as `/etc/hosts`)
/// are bound from disks that it does not see otherwise; these are skipped, and the layer at `/` is shown.
pub(super) fn choose<'m>(
    mounts: impl IntoIterator<Item = &'m Mounted>,
    can_be_shown: impl Fn(&Mounted) -> bool,
) -> Vec<&'m Mounted> {
    let mut disks: BTreeMap<&str, &Mounted> = BTreeMap::new();
    let mut layers: Vec<&Mounted> = Vec::new();
    for mounted in mounts {
        let mount = &mounted.mount;
        match MountKind::of(mount) {
            MountKind::Disk if can_be_shown(mounted) => {
                let length = |mounted: &Mounted| mounted.mount.point.as_os_str().len();
                let shown = disks.entry(&mount.device).or_insert(mounted);
                if length(mounted) < length(shown) {
                    *shown = mounted;
                }
            }
            MountKind::Layer if mount.point == Path::new("/") => layers.push(mounted),
            _ => {}
        }
    }
    if disks.is_empty() { layers } else { disks.into_values().collect() }
}

/// `sda1` of `/dev/sda1`, `vg-root` of `/dev/mapper/vg-root`.
pub(in crate::ingest::host) fn short_name(device: &str) -> String {
    match device.strip_prefix("/dev/") {
        Some(name) => name.strip_prefix("mapper/").unwrap_or(name).to_owned(),
        None => device.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(device: &str, file_system: &str, point: &str) -> Mounted {
        let mount = Mount { point: point.into(), device: device.to_owned(), file_system: file_system.to_owned() };
        Mounted { mount, id: 1, reach: Reach::Local }
    }

    fn points(mounts: &[Mounted]) -> Vec<String> {
        let is_directory = |mounted: &Mounted| !mounted.mount.point.starts_with("/etc");
        choose(mounts, is_directory).iter().map(|mounted| mounted.mount.name()).collect()
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
