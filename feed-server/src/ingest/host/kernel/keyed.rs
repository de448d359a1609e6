//! A name and a number in each line: `/proc/meminfo`, `/proc/vmstat`, `cpu.stat` of a control group.

use super::Skipped;
use super::fields::{Fields, lines};

/// Finds the numbers of the lines that begin with `names`. A name ends at a space or a colon.
///
/// Hot: the names are expected in the order of the text, so that each line is compared with one of them. Those that are not found so are
/// searched in a second pass.
pub fn find<const N: usize>(text: &[u8], names: &[&str; N]) -> ([Option<u64>; N], Skipped) {
    let (mut found, mut skipped, mut next) = ([None; N], 0, 0);
    for line in lines(text) {
        let Some(name) = names.get(next) else { break };
        if let Some(rest) = after_name(line, name) {
            found[next] = first_number(rest);
            skipped += Skipped::from(found[next].is_none());
            next += 1;
        }
    }
    // The first that is missing stopped the search.
    if next < N {
        for line in lines(text) {
            let hit = (next..N).find_map(|place| Some((place, after_name(line, names[place])?)));
            if let Some((place, rest)) = hit {
                found[place] = first_number(rest);
                skipped += Skipped::from(found[place].is_none());
            }
        }
    }
    (found, skipped)
}

fn after_name<'t>(line: &'t [u8], name: &str) -> Option<&'t [u8]> {
    // Most lines differ in the first byte.
    if line.first() != name.as_bytes().first() {
        return None;
    }
    let rest = line.strip_prefix(name.as_bytes())?;
    match rest.first() {
        Some(b' ' | b'\t') | None => Some(rest),
        Some(b':') => Some(&rest[1..]),
        Some(_) => None,
    }
}

fn first_number(rest: &[u8]) -> Option<u64> {
    Fields::new(rest).number()
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
