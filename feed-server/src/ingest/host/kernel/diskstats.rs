//! `/proc/diskstats`: transfers of each block device and partition. See Documentation/admin-guide/iostats.rst.

use super::Skipped;
use super::fields::{Fields, lines};

/// Bytes in a sector, whatever the disk uses.
pub const SECTOR_BYTES: u64 = 512;

/// Of one device, since it exists. [`READS`] and the other places say what each is.
pub type DiskCounters = [u64; 8];

pub const READS: usize = 0;
pub const READ_SECTORS: usize = 1;
pub const READING_MS: usize = 2;
pub const WRITES: usize = 3;
pub const WRITTEN_SECTORS: usize = 4;
pub const WRITING_MS: usize = 5;
/// Time with at least one transfer.
pub const BUSY_MS: usize = 6;
/// Sum of the times of all transfers.
pub const TRANSFERRING_MS: usize = 7;

/// Calls `device` with the kernel's name and the counters of each device and partition.
pub fn parse(text: &[u8], mut device: impl FnMut(&[u8], &DiskCounters)) -> Skipped {
    let mut skipped = 0;
    for line in lines(text) {
        // Major and minor number.
        let mut fields = Fields::new(line);
        let Some(_major) = fields.next() else { continue };
        let name = fields.nth(1);
        let mut numbers = [0; 11];
        match name {
            Some(name) if fields.numbers(&mut numbers) == numbers.len() => {
                // Without merged transfers, and those under way.
                device(name, &[0, 2, 3, 4, 6, 7, 9, 10].map(|place: usize| numbers[place]));
            }
            _ => skipped += 1,
        }
    }
    skipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_parsed_with_and_without_those_of_later_kernels() {
        let text = b" 259       2 nvme0n1p2 243 10 11626 26 63 39 616 125 0 84 163 44 0 1075280 11 0 0\n\
               8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n   8       1 sda1 1 2 3 4\n";
        let mut devices = Vec::new();
        let skipped =
            parse(text, |name, counters| devices.push((String::from_utf8_lossy(name).into_owned(), *counters)));
        assert_eq!(skipped, 1);
        assert_eq!((devices[1].0.as_str(), devices[1].1), ("sda", [1, 3, 4, 5, 7, 8, 10, 11]));
        assert_eq!((devices[0].0.as_str(), devices[0].1[WRITTEN_SECTORS]), ("nvme0n1p2", 616));
    }
}
