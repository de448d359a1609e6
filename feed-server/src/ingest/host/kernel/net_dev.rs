//! `/proc/net/dev`: counters of each network interface.

use super::Skipped;
use super::fields::{Fields, lines};

/// Of one interface, since it exists: bytes, packets, errors and drops, first those received, then those sent.
pub type InterfaceCounters = [u64; 8];

/// Calls `interface` with the name and the counters of each interface.
pub fn parse(text: &[u8], mut interface: impl FnMut(&[u8], &InterfaceCounters)) -> Skipped {
    let mut skipped = 0;
    for line in lines(text) {
        // A name has no colon, except for an alias, which has no counters of its own.
        let Some(colon) = line.iter().rposition(|&byte| byte == b':') else { continue };
        let (name, rest) = (line[..colon].trim_ascii_start(), &line[colon + 1..]);
        let mut numbers = [0; 12];
        if name.is_empty() || Fields::new(rest).numbers(&mut numbers) != numbers.len() {
            skipped += 1;
            continue;
        }
        interface(name, &[0, 1, 2, 3, 8, 9, 10, 11].map(|place: usize| numbers[place]));
    }
    skipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_parsed_and_the_titles_are_none() {
        let text = b"Inter-|   Receive                                                |  Transmit\n \
face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    \
lo: 59662362   28019    0    0    0     0          0         0 59662362   28019    0    0    0     0       0          0\n\
veth-a:7 1 2 3 0 0 0 0 8 4 5 6 0 0 0 0\n  eth0: 1 2\n";
        let mut interfaces = Vec::new();
        let skipped = parse(text, |name, counters| {
            interfaces.push((String::from_utf8_lossy(name).into_owned(), *counters));
        });
        let expected = [
            ("lo".to_owned(), [59_662_362, 28_019, 0, 0, 59_662_362, 28_019, 0, 0]),
            ("veth-a".to_owned(), [7, 1, 2, 3, 8, 4, 5, 6]),
        ];
        assert_eq!((&interfaces[..], skipped), (&expected[..], 1));
    }
}
