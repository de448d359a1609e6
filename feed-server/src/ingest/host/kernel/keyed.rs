//! A name and a number in each line: `/proc/meminfo`, `/proc/vmstat`, `cpu.stat` of a control group.

use super::Skipped;
use super::fields::{Fields, lines, number};

/// Finds the numbers of the lines that begin with `names`. A name ends at a space or a colon. The order of `names` is best that of
/// the text: each is then found at once.
pub fn find<const N: usize>(text: &[u8], names: &[&str; N]) -> ([Option<u64>; N], Skipped) {
    let (mut found, mut skipped, mut expected) = ([None; N], 0, 0);
    for line in lines(text) {
        let end = line.iter().position(|&byte| matches!(byte, b' ' | b':' | b'\t')).unwrap_or(line.len());
        let (name, rest) = line.split_at(end);
        // The next name first, then the others.
        let mut places = (expected..N).chain(0..expected);
        let Some(place) = places.find(|&place| names[place].as_bytes() == name) else { continue };
        expected = (place + 1) % N.max(1);
        let digits = Fields::new(rest.strip_prefix(b":").unwrap_or(rest)).next();
        found[place] = digits.and_then(number);
        skipped += Skipped::from(found[place].is_none());
    }
    (found, skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_name_in_any_order() {
        let text = b"MemTotal:       24684092 kB\nMemFree:        19743348 kB\nCached:          4305088 kB\nHugePages_Total:       0\n";
        let (found, skipped) = find(text, &["Cached", "MemTotal", "Swap", "HugePages_Total"]);
        assert_eq!((found, skipped), ([Some(4_305_088), Some(24_684_092), None, Some(0)], 0));
        assert_eq!(find(b"usage_usec 7\nuser_usec 5", &["user_usec"]), ([Some(5)], 0));
    }

    #[test]
    fn a_name_without_a_number_is_skipped() {
        assert_eq!(find(b"a\nb x\nc: -1\nd 9\n", &["a", "b", "c", "d"]), ([None, None, None, Some(9)], 3));
    }
}
