//! The kernel's list of file systems. Reading it asks no file system: only [`read_space`] does, and may block.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::{FsFlags, statvfs};

use crate::ingest::host::file_systems::mounts::{Mount, Mounted, Reach};
use crate::ingest::host::file_systems::space::{Access, Space};
use crate::ingest::host::kernel::fields::number;

/// Never shown: file systems of the kernel, and images that are always full.
const HIDDEN_FILE_SYSTEMS: [&str; 5] = ["autofs", "devtmpfs", "iso9660", "rootfs", "squashfs"];

/// Answered by the kernel, from memory or from a disk.
const LOCAL_FILE_SYSTEMS: [&str; 26] = [
    "bcachefs", "btrfs", "devtmpfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs", "hfsplus", "iso9660", "jfs",
    "msdos", "nilfs2", "ntfs3", "overlay", "proc", "ramfs", "rootfs", "squashfs", "sysfs", "tmpfs", "udf", "vfat",
    "xfs", "zfs",
];

/// Lists the file systems that `table` states, without asking them. `table` is the path of `mountinfo`.
pub(in crate::ingest::host) fn mounts(table: &Path) -> io::Result<Vec<Mounted>> {
    Ok(visible(&fs::read(table)?))
}

/// The space of a file system, unless it has none to count. Blocks as long as it does not answer.
pub(in crate::ingest::host) fn read_space(point: &Path) -> Option<Space> {
    let space = statvfs(point).ok().filter(|space| space.blocks() > 0)?;
    let bytes = |blocks: u64| blocks.saturating_mul(space.fragment_size());
    let is_read_only = space.flags().contains(FsFlags::ST_RDONLY);
    Some(Space {
        bytes: bytes(space.blocks()),
        free_bytes: bytes(space.blocks_free()),
        available_bytes: bytes(space.blocks_available()),
        inodes: space.files(),
        free_inodes: space.files_free(),
        access: if is_read_only { Access::ReadOnly } else { Access::ReadWrite },
    })
}

#[derive(Debug, PartialEq)]
struct Line {
    mounted: Mounted,
    parent: u64,
}

/// The file systems that may be shown, without those that a later mount hides.
fn visible(table: &[u8]) -> Vec<Mounted> {
    let mut lines: Vec<Line> = table.split(|&byte| byte == b'\n').filter_map(Line::parse).collect();
    let foreign = lines.iter().filter(|line| line.mounted.reach == Reach::Foreign);
    let foreign: BTreeSet<PathBuf> = foreign.map(|line| line.mounted.mount.point.clone()).collect();
    for line in &mut lines {
        if line.mounted.mount.point.ancestors().any(|point| foreign.contains(point)) {
            line.mounted.reach = Reach::Foreign;
        }
    }
    let hidden = hidden(&lines);
    let shown = lines.into_iter().filter(|line| line.is_shown() && !hidden.contains(&line.mounted.id));
    shown.map(|line| line.mounted).collect()
}

/// The ids of the mounts that cannot be reached: another one, on which they do not stand, is mounted at their point or above it.
fn hidden(lines: &[Line]) -> BTreeSet<u64> {
    let parents: BTreeMap<u64, u64> = lines.iter().map(|line| (line.mounted.id, line.parent)).collect();
    let mut at_point: BTreeMap<&Path, Vec<u64>> = BTreeMap::new();
    for line in lines {
        at_point.entry(&line.mounted.mount.point).or_default().push(line.mounted.id);
    }
    // The chain of parents ends at the root, and has no loops; a damaged table may.
    let stands_on = |id: u64, base: u64| {
        let chain = std::iter::successors(Some(id), |id| parents.get(id).copied().filter(|parent| parent != id));
        chain.take(lines.len() + 1).any(|id| id == base)
    };
    let is_hidden = |line: &&Line| {
        let mut points = line.mounted.mount.point.ancestors();
        points.any(|point| {
            let others = at_point.get(point).into_iter().flatten();
            others.into_iter().any(|&other| !stands_on(line.mounted.id, other))
        })
    };
    lines.iter().filter(is_hidden).map(|line| line.mounted.id).collect()
}

impl Line {
    /// `mountinfo` of proc(5): id, parent, number, root, mount point, options, any number of tags, `-`, type, device, ...
    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|&byte| byte == b' ');
        let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
        let id = number(fields.next()?)?;
        let parent = number(fields.next()?)?;
        let point = PathBuf::from(OsString::from_vec(unescape(fields.nth(2)?)));
        let mut after_tags = fields.skip_while(|&field| field != b"-").skip(1);
        let file_system = text(&unescape(after_tags.next()?));
        let device = text(&unescape(after_tags.next()?));
        let is_local = LOCAL_FILE_SYSTEMS.contains(&file_system.as_str());
        let reach = if is_local { Reach::Local } else { Reach::Foreign };
        Some(Self { mounted: Mounted { mount: Mount { point, device, file_system }, id, reach }, parent })
    }

    fn is_shown(&self) -> bool {
        let Mount { point, file_system, .. } = &self.mounted.mount;
        let in_system = ["/proc", "/sys"].iter().any(|folder| point.starts_with(folder))
            || (point.starts_with("/run") && !point.starts_with("/run/media"));
        !in_system && !HIDDEN_FILE_SYSTEMS.contains(&file_system.as_str())
    }
}

/// Space, tab, line feed and backslash are written as `\` and three octal digits.
pub(super) fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            bytes.push(byte);
            rest = &after[3..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Option<(u64, u64, String, String, String)> {
        let Line { mounted: Mounted { mount, id, .. }, parent } = Line::parse(text.as_bytes())?;
        Some((id, parent, mount.point.display().to_string(), mount.file_system, mount.device))
    }

    #[test]
    fn a_line_of_the_table_is_parsed_with_and_without_tags() {
        let parsed = |id, parent, point: &str, file_system: &str, device: &str| {
            Some((id, parent, point.to_owned(), file_system.to_owned(), device.to_owned()))
        };
        let root = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard";
        assert_eq!(line(root), parsed(27, 1, "/", "ext4", "/dev/vda"));
        let tagged = r"36 35 98:0 /mnt1 /mnt/a\040b\134 rw,noatime master:1 shared:7 - ext3 /dev/mapper/vg-a rw";
        assert_eq!(line(tagged), parsed(36, 35, r"/mnt/a b\", "ext3", "/dev/mapper/vg-a"));
        for damaged in
            ["", "27", "27 1 254:0 / / rw", "x 1 254:0 / / rw - ext4 /dev/vda rw", "27 1 254:0 / / rw - ext4"]
        {
            assert_eq!(line(damaged), None, "{damaged}");
        }
    }

    #[test]
    fn file_systems_of_the_kernel_and_images_are_not_listed() {
        let table = b"1 0 254:0 / / rw - ext4 /dev/vda rw\n\
            2 1 7:0 / /snap/core ro - squashfs /dev/loop0 ro\n\
            3 1 0:9 / /run/user rw - tmpfs tmpfs rw\n\
            4 1 8:17 / /run/media/stick rw - vfat /dev/sdb1 rw\n\
            5 1 0:4 / /runs rw - ext4 /dev/sdc rw\n";
        assert_eq!(ids(table), [1, 4, 5]);
    }

    #[test]
    fn a_file_system_below_a_foreign_one_is_foreign() {
        let table = b"1 0 254:0 / / rw - ext4 /dev/vda rw\n\
            2 1 0:40 / /mnt/nas rw - nfs4 nas:/ rw\n\
            3 2 8:1 / /mnt/nas/disk rw - xfs /dev/sda1 rw\n\
            4 1 8:2 / /mnt/nas2 rw - vfat /dev/sda2 rw\n\
            5 1 8:3 / /mnt/stick rw - fuseblk /dev/sda3 rw\n";
        let reach: Vec<_> = visible(table).into_iter().map(|mounted| mounted.reach).collect();
        assert_eq!(reach, [Reach::Local, Reach::Foreign, Reach::Foreign, Reach::Local, Reach::Foreign]);
    }

    fn ids(table: &[u8]) -> Vec<u64> {
        visible(table).into_iter().map(|mounted| mounted.id).collect()
    }

    #[test]
    fn a_mount_that_another_one_hides_is_not_listed() {
        let table = b"1 0 254:0 / / rw - ext4 /dev/vda rw\n\
            2 1 8:1 / /data rw - xfs /dev/sda1 rw\n\
            3 2 8:2 / /data/logs rw - xfs /dev/sda2 rw\n\
            4 2 8:3 / /data rw - ext4 /dev/sda3 rw\n\
            5 4 8:4 / /data/new rw - ext4 /dev/sda4 rw\n\
            6 1 8:5 / /database rw - ext4 /dev/sda5 rw\n";
        assert_eq!(ids(table), [1, 4, 5, 6], "2 lies below 4, and 3 on 2");
    }

    #[test]
    fn a_damaged_table_has_an_end() {
        ids(b"1 2 0:1 / /a rw - ext4 a rw\n2 1 0:1 / /a rw - ext4 a rw\n7 7 0:1 / / rw - ext4 a rw\n\xff\xfe \n");
    }
}
