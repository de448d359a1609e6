//! The list of file systems and disks on systems without `/proc`, by a library that asks each file system while it lists
//! them: there, a file system that does not answer stops the host source. See docs/RELIABILITY.md.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use sysinfo::{Disk, DiskRefreshKind, Disks};

use crate::ingest::host::file_systems::mounts::{Mount, Mounted, Reach};
use crate::ingest::host::file_systems::space::{Access, Space};

/// Bytes since the start of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingest::host) struct Transfer {
    pub(super) read: u64,
    pub(super) written: u64,
}

/// Lists the file systems and counts the transfers of their disks.
#[derive(Debug, Default)]
pub(in crate::ingest::host) struct MountTable {
    disks: Option<Disks>,
}

pub(super) fn mounts() -> io::Result<Vec<Mounted>> {
    let disks = listed(DiskRefreshKind::nothing())?;
    Ok(disks.iter().map(|disk| Mounted { mount: mount(disk), id: 0, reach: Reach::Local }).collect())
}

impl MountTable {
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

/// The space of a file system, unless it has none to count. Blocks as long as it does not answer.
#[cfg_attr(test, allow(dead_code, reason = "Linux has another"))]
pub(in crate::ingest::host) fn read_space(point: &Path) -> Option<Space> {
    let mut disks = listed(DiskRefreshKind::nothing()).ok()?;
    let disk = disks.iter_mut().find(|disk| disk.mount_point() == point)?;
    disk.refresh_specifics(DiskRefreshKind::nothing().with_storage());
    let (bytes, free) = (disk.total_space(), disk.available_space());
    let access = if disk.is_read_only() { Access::ReadOnly } else { Access::ReadWrite };
    let space = Space { bytes, free_bytes: free, available_bytes: free, inodes: 0, free_inodes: 0, access };
    (bytes > 0).then_some(space)
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
