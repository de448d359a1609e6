//! `/proc/net/snmp` and `/proc/net/netstat`: a line of names, then a line of numbers, for each protocol. See RFC 1213.

use super::fields::{Fields, lines, number};

/// Finds the counters named by protocol and name, such as `("Tcp", "RetransSegs")`.
pub fn find<const N: usize>(text: &[u8], names: &[(&str, &str); N]) -> [Option<u64>; N] {
    let mut found = [None; N];
    let mut lines = lines(text);
    while let (Some(titles), Some(values)) = (lines.next(), lines.next()) {
        let (mut titles, mut values) = (Fields::new(titles), Fields::new(values));
        let Some(protocol) = titles.next().and_then(|protocol| protocol.strip_suffix(b":")) else { continue };
        if values.next().and_then(|protocol| protocol.strip_suffix(b":")) != Some(protocol) {
            continue;
        }
        if !names.iter().any(|(wanted, _)| wanted.as_bytes() == protocol) {
            continue;
        }
        for (title, value) in titles.zip(values) {
            let is_wanted = |&(of, name): &(&str, &str)| of.as_bytes() == protocol && name.as_bytes() == title;
            if let Some(place) = names.iter().position(is_wanted) {
                found[place] = number(value);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_by_protocol_and_name() {
        let text = b"Tcp: RtoAlgorithm MaxConn CurrEstab RetransSegs\nTcp: 1 -1 12 90\nUdp: InDatagrams InErrors\nUdp: 2182 3\n";
        let names =
            [("Tcp", "RetransSegs"), ("Udp", "InErrors"), ("Tcp", "CurrEstab"), ("Tcp", "MaxConn"), ("Icmp", "InMsgs")];
        assert_eq!(find(text, &names), [Some(90), Some(3), Some(12), None, None]);
    }

    #[test]
    fn lines_that_do_not_belong_together_are_skipped() {
        assert_eq!(find(b"Tcp: A\nUdp: 1\n\nTcp: A", &[("Tcp", "A")]), [None]);
        assert_eq!(find(b"Tcp: A B\nTcp: 1\n", &[("Tcp", "A"), ("Tcp", "B")]), [Some(1), None]);
    }
}
