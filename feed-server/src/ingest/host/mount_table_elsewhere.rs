//! The list of file systems and disks on systems without `/proc`, by a library that asks each file system while it lists
//! them: there, a file system that does not answer stops the host source. See docs/RELIABILITY.md.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use sysinfo::{Disk, DiskRefreshKind, Disks};

use super::mounts::{Mount, Mounted, Reach};

/// Bytes since the start of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transfer {
    pub(super) read: u64,
    pub(super) written: u64,
}

/// Lists the file systems and counts the transfers of their disks.
#[derive(Debug, Default)]
pub(super) struct MountTable {
    disks: Option<Disks>,
}

impl MountTable {
    pub(super) fn mounts() -> io::Result<Vec<Mounted>> {
        let disks = listed(DiskRefreshKind::nothing())?;
        Ok(disks.iter().map(|disk| Mounted { mount: mount(disk), id: 0, reach: Reach::Local }).collect())
    }

    /// The transfers of each disk with a file system, by device.
    pub(super) fn transfers(&mut self) -> io::Result<BTreeMap<String, Transfer>> {
        let kind = DiskRefreshKind::nothing().with_io_usage();
        let disks = match &mut self.disks {
            Some(disks) => disks,
            None => self.disks.insert(listed(kind)?),
        };
        disks.refresh_specifics(true, kind);
        let transfer = |disk: &Disk| {
            let usage = disk.usage();
            Transfer { read: usage.total_read_bytes, written: usage.total_written_bytes }
        };
        Ok(disks.iter().map(|disk| (mount(disk).device, transfer(disk))).collect())
    }
}

/// The bytes free on a file system, unless it has no space to count. Blocks as long as it does not answer.
pub(super) fn read_space(point: &Path) -> Option<f64> {
    let mut disks = listed(DiskRefreshKind::nothing()).ok()?;
    let disk = disks.iter_mut().find(|disk| disk.mount_point() == point)?;
    disk.refresh_specifics(DiskRefreshKind::nothing().with_storage());
    (disk.total_space() > 0).then(|| disk.available_space() as f64)
}

fn listed(kind: DiskRefreshKind) -> io::Result<Disks> {
    let mut disks = Disks::new().map_err(io::Error::other)?;
    disks.refresh_specifics(true, kind);
    Ok(disks)
}

fn mount(disk: &Disk) -> Mount {
    let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
    Mount { point: disk.mount_point().to_owned(), device: text(disk.name()), file_system: text(disk.file_system()) }
}
