//! A list of processors: `0-3,8`, as in `/sys/devices/system/cpu/online`.

use super::fields::number;

/// The number of processors in the list. `None` if it is not understood.
pub fn count(text: &[u8]) -> Option<u64> {
    let mut processors: u64 = 0;
    for part in text.trim_ascii().split(|&byte| byte == b',') {
        let mut ends = part.splitn(2, |&byte| byte == b'-');
        let first = number(ends.next()?)?;
        let last = ends.next().map_or(Some(first), number)?;
        processors = processors.checked_add(last.checked_sub(first)?.checked_add(1)?)?;
    }
    Some(processors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_counted() {
        for (text, processors) in [(&b"0\n"[..], 1), (b"0-1\n", 2), (b"0-3,8,10-11\n", 7)] {
            assert_eq!(count(text), Some(processors));
        }
    }

    #[test]
    fn a_list_that_is_not_understood_is_refused() {
        for text in [&b""[..], b"\n", b"0-", b"3-0", b"0,,1", b"a", b"0-18446744073709551615", b"-1"] {
            assert_eq!(count(text), None, "{text:?}");
        }
    }
}
