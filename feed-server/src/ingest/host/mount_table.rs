//! The kernel's list of file systems and disks. Reading it asks no file system: only [`read_space`] does, and may block.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

use super::mounts::{Mount, MountKind, Mounted, Reach};

/// proc(5) counts sectors of this size, whatever the disk uses.
const SECTOR_BYTES: u64 = 512;

/// Never shown: file systems of the kernel, and images that are always full.
const HIDDEN_FILE_SYSTEMS: [&str; 5] = ["autofs", "devtmpfs", "iso9660", "rootfs", "squashfs"];

/// Answered by the kernel, from memory or from a disk.
const LOCAL_FILE_SYSTEMS: [&str; 26] = [
    "bcachefs", "btrfs", "devtmpfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs", "hfsplus", "iso9660", "jfs",
    "msdos", "nilfs2", "ntfs3", "overlay", "proc", "ramfs", "rootfs", "squashfs", "sysfs", "tmpfs", "udf", "vfat",
    "xfs", "zfs",
];

/// Lists the file systems and counts the transfers of their disks.
#[derive(Debug, Default)]
pub(super) struct MountTable {
    /// The kernel's names of devices whose file systems do not have their number, such as `dm-0` of `/dev/mapper/vg-root`.
    names: BTreeMap<String, String>,
}

#[derive(Debug, PartialEq)]
struct Line {
    mounted: Mounted,
    /// Major and minor number of the device, such as `254:0`.
    number: String,
}

#[derive(Debug, PartialEq)]
struct Counters<'t> {
    number: [&'t str; 2],
    name: &'t str,
    bytes: Transfer,
}

/// Bytes since the start of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transfer {
    pub(super) read: u64,
    pub(super) written: u64,
}

impl MountTable {
    pub(super) fn mounts() -> io::Result<Vec<Mounted>> {
        Ok(lines(&fs::read("/proc/self/mountinfo")?).into_iter().map(|line| line.mounted).collect())
    }

    /// The transfers of each disk with a file system, by device.
    pub(super) fn transfers(&mut self) -> io::Result<BTreeMap<String, Transfer>> {
        let (table, counters) = (fs::read("/proc/self/mountinfo")?, fs::read_to_string("/proc/diskstats")?);
        let mut lines = lines(&table);
        lines.retain(|line| MountKind::of(&line.mounted.mount) == MountKind::Disk);
        self.names.retain(|device, _| lines.iter().any(|line| line.mounted.mount.device == *device));
        let counters: Vec<Counters> = counters.lines().filter_map(Counters::parse).collect();
        let mut transfers = BTreeMap::new();
        for Line { mounted, number } in lines {
            let device = mounted.mount.device;
            if transfers.contains_key(&device) {
                continue;
            }
            let numbered = counters.iter().find(|counters| number.split(':').eq(counters.number));
            let found = numbered.or_else(|| {
                let name = self.names.entry(device.clone()).or_insert_with(|| kernel_name(&device));
                counters.iter().find(|counters| counters.name == name)
            });
            if let Some(counters) = found {
                transfers.insert(device, counters.bytes);
            }
        }
        Ok(transfers)
    }
}

/// The bytes free on a file system, unless it has no space to count. Blocks as long as it does not answer.
pub(super) fn read_space(point: &Path) -> Option<f64> {
    let space = statvfs(point).ok().filter(|space| space.blocks() > 0)?;
    Some(space.blocks_available() as f64 * space.fragment_size() as f64)
}

/// `/dev` is a file system of the kernel and does not block; other devices are names, not files.
fn kernel_name(device: &str) -> String {
    if !device.starts_with("/dev/") {
        return device.to_owned();
    }
    let file = fs::canonicalize(device).unwrap_or_else(|_| device.into());
    file.strip_prefix("/dev").unwrap_or(&file).to_string_lossy().into_owned()
}

/// The lines of file systems that may be shown.
fn lines(table: &[u8]) -> Vec<Line> {
    let mut lines: Vec<Line> = table.split(|&byte| byte == b'\n').filter_map(Line::parse).collect();
    let foreign = lines.iter().filter(|line| line.mounted.reach == Reach::Foreign);
    let foreign: Vec<PathBuf> = foreign.map(|line| line.mounted.mount.point.clone()).collect();
    for line in &mut lines {
        if foreign.iter().any(|point| line.mounted.mount.point.starts_with(point)) {
            line.mounted.reach = Reach::Foreign;
        }
    }
    lines.retain(Line::is_shown);
    lines
}

impl Line {
    /// `mountinfo` of proc(5): id, parent, number, root, mount point, options, any number of tags, `-`, type, device, ...
    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|&byte| byte == b' ');
        let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
        let id = text(fields.next()?).parse().ok()?;
        let number = text(fields.nth(1)?);
        let point = PathBuf::from(OsString::from_vec(unescape(fields.nth(1)?)));
        let mut after_tags = fields.skip_while(|&field| field != b"-").skip(1);
        let file_system = text(&unescape(after_tags.next()?));
        let device = text(&unescape(after_tags.next()?));
        let is_local = LOCAL_FILE_SYSTEMS.contains(&file_system.as_str());
        let reach = if is_local { Reach::Local } else { Reach::Foreign };
        Some(Self { mounted: Mounted { mount: Mount { point, device, file_system }, id, reach }, number })
    }

    fn is_shown(&self) -> bool {
        let Mount { point, file_system, .. } = &self.mounted.mount;
        let in_system = ["/proc", "/sys"].iter().any(|folder| point.starts_with(folder))
            || (point.starts_with("/run") && !point.starts_with("/run/media"));
        !in_system && !HIDDEN_FILE_SYSTEMS.contains(&file_system.as_str())
    }
}

/// Space, tab, line feed and backslash are written as `\` and three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
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

impl<'t> Counters<'t> {
    /// `diskstats` of proc(5): major, minor, name, reads, merged, sectors read, milliseconds, writes, merged, sectors written, ...
    fn parse(line: &'t str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let number = [fields.next()?, fields.next()?];
        let name = fields.next()?;
        let mut bytes = |skipped| Some(fields.nth(skipped)?.parse::<u64>().ok()?.saturating_mul(SECTOR_BYTES));
        let (read, written) = (bytes(2)?, bytes(3)?);
        Some(Self { number, name, bytes: Transfer { read, written } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Option<(u64, String, String, String, String)> {
        let Line { mounted: Mounted { mount, id, .. }, number } = Line::parse(text.as_bytes())?;
        Some((id, number, mount.point.display().to_string(), mount.file_system, mount.device))
    }

    #[test]
    fn a_line_of_the_table_is_parsed_with_and_without_tags() {
        let parsed = |id, number: &str, point: &str, file_system: &str, device: &str| {
            Some((id, number.to_owned(), point.to_owned(), file_system.to_owned(), device.to_owned()))
        };
        let root = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard";
        assert_eq!(line(root), parsed(27, "254:0", "/", "ext4", "/dev/vda"));
        let tagged = r"36 35 98:0 /mnt1 /mnt/a\040b\134 rw,noatime master:1 shared:7 - ext3 /dev/mapper/vg-a rw";
        assert_eq!(line(tagged), parsed(36, "98:0", r"/mnt/a b\", "ext3", "/dev/mapper/vg-a"));
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
            5 1 0:4 / /system rw - ext4 /dev/sdc rw\n";
        let points: Vec<_> = lines(table).into_iter().map(|line| line.mounted.id).collect();
        assert_eq!(points, [1, 4, 5]);
    }

    #[test]
    fn a_file_system_below_a_foreign_one_is_foreign() {
        let table = b"1 0 254:0 / / rw - ext4 /dev/vda rw\n\
            2 1 0:40 / /mnt/nas rw - nfs4 nas:/ rw\n\
            3 2 8:1 / /mnt/nas/disk rw - xfs /dev/sda1 rw\n\
            4 1 8:2 / /mnt/nas2 rw - vfat /dev/sda2 rw\n\
            5 1 8:3 / /mnt/stick rw - fuseblk /dev/sda3 rw\n";
        let reach: Vec<_> = lines(table).into_iter().map(|line| line.mounted.reach).collect();
        assert_eq!(reach, [Reach::Local, Reach::Foreign, Reach::Foreign, Reach::Local, Reach::Foreign]);
    }

    #[test]
    fn transfers_are_counted_in_bytes() {
        let line = " 259       2 nvme0n1p2 243 10 11626 26 63 39 616 125 0 84 163 44 0 1075280 11 0 0";
        let bytes = Transfer { read: 11_626 * 512, written: 616 * 512 };
        assert_eq!(Counters::parse(line), Some(Counters { number: ["259", "2"], name: "nvme0n1p2", bytes }));
        assert_eq!(Counters::parse("259 2 nvme0n1p2 243"), None);
    }

    #[test]
    fn a_device_outside_of_dev_is_not_looked_for_in_the_file_system() {
        assert_eq!(kernel_name("tank/home"), "tank/home");
        assert_eq!(kernel_name("/dev/no-such-device"), "no-such-device");
    }
}
