//! `io.stat` of a control group: bytes transferred with each block device. See Documentation/admin-guide/cgroup-v2.rst.

use super::Skipped;
use super::fields::{Fields, lines, number};

/// Bytes since the control group exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transferred {
    pub read_bytes: u64,
    pub written_bytes: u64,
}

/// The sum over the devices for which `is_counted` returns true. Its argument is the device's number, such as `8:0`.
pub fn sum(text: &[u8], is_counted: impl Fn(&[u8]) -> bool) -> (Transferred, Skipped) {
    let (mut sum, mut skipped) = (Transferred::default(), 0);
    for line in lines(text) {
        // Kernels before 6.1 write the number of a device without transfers before that of the next, in one line.
        let mut device = None;
        let mut bytes = [None; 2];
        for field in Fields::new(line) {
            let Some(equals) = field.iter().position(|&byte| byte == b'=') else {
                device = Some(field);
                continue;
            };
            let place = match &field[..equals] {
                b"rbytes" => 0,
                b"wbytes" => 1,
                _ => continue,
            };
            bytes[place] = number(&field[equals + 1..]);
        }
        match (device, bytes) {
            (None, [None, None]) => {}
            (Some(device), [Some(read), Some(written)]) => {
                if is_counted(device) {
                    sum.read_bytes = sum.read_bytes.saturating_add(read);
                    sum.written_bytes = sum.written_bytes.saturating_add(written);
                }
            }
            _ => skipped += 1,
        }
    }
    (sum, skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_all_devices_that_count_are_added() {
        let text =
            b"259:0 rbytes=7000 wbytes=30 rios=2 wios=3 dbytes=0 dios=0\n253:1 253:0 rbytes=5 wbytes=5 rios=1 wios=1\n\
            8:16 rbytes=1 wbytes=2 rios=1 wios=1 dbytes=0 dios=0 cost.usage=3\n\n";
        let (sum, skipped) = sum(text, |device| device != b"253:0");
        assert_eq!((sum, skipped), (Transferred { read_bytes: 7_001, written_bytes: 32 }, 0));
    }

    #[test]
    fn a_line_that_is_cut_or_damaged_is_skipped() {
        let text = b"8:0 rbytes=1 wbytes=2\n8:0 rbytes=1\nrbytes=1 wbytes=2\n8:0\n8:0 rbytes=-1 wbytes=2\n\xff\xfe=\n";
        let (sum, skipped) = sum(text, |_| true);
        assert_eq!((sum, skipped), (Transferred { read_bytes: 1, written_bytes: 2 }, 4));
    }

    #[test]
    fn a_sum_beyond_64_bits_stays_at_the_largest() {
        let text = b"8:0 rbytes=18446744073709551615 wbytes=0\n8:1 rbytes=9 wbytes=0\n";
        assert_eq!(sum(text, |_| true).0.read_bytes, u64::MAX);
    }
}
