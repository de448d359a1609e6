//! Network interfaces that come and go, are idle, or are many.

use crate::ingest::host::devices::Shown;
use crate::ingest::host::fixture::{Fixture, SECOND};
use crate::ingest::host::linux::network::Interfaces;
use crate::ingest::host::linux::sockets::Sockets;
use crate::ingest::host::schedule::Cadence;

const EACH: Cadence = Cadence::Steady(SECOND);

/// `/proc/net/dev` with the bytes that each interface received; it sent none.
fn net_dev(interfaces: &[(&str, u64)]) -> String {
    let lines = interfaces.iter().map(|(name, bytes)| format!("  {name}: {bytes} 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"));
    format!("Inter-|   Receive |  Transmit\n face |bytes packets|bytes packets\n{}", lines.collect::<Vec<_>>().concat())
}

fn interfaces(fixture: &Fixture) -> Interfaces {
    Interfaces::new(&fixture.roots(), EACH, Shown::Used, Shown::Moved)
}

#[test]
fn an_interface_that_is_gone_ends_and_one_that_was_never_used_is_left_out() {
    let mut fixture = Fixture::new();
    fixture.write("proc/net/dev", net_dev(&[("lo", 0), ("eth0", 1_000), ("veth1", 500)]));
    let mut reader = interfaces(&fixture);
    fixture.read(&mut reader, SECOND);
    fixture.write("proc/net/dev", net_dev(&[("lo", 0), ("eth0", 3_000), ("veth1", 500)]));
    let row = &fixture.read(&mut reader, SECOND)["network.bytes"];
    let expected = [("eth0 received", 2_000.0), ("eth0 sent", 0.0), ("veth1 received", 0.0), ("veth1 sent", 0.0)];
    assert_eq!(row.iter().map(|(name, value)| (name.as_str(), *value)).collect::<Vec<_>>(), expected);

    fixture.write("proc/net/dev", net_dev(&[("lo", 7), ("eth0", 3_000)]));
    fixture.read(&mut reader, SECOND);
    assert_eq!(fixture.living("network.bytes"), ["eth0 received", "eth0 sent", "lo received", "lo sent"]);
    assert_eq!(fixture.living("network.errors"), [""; 0], "counters of errors that are zero are left out");
}

#[test]
fn errors_are_shown_from_the_reading_in_which_they_first_move() {
    let mut fixture = Fixture::new();
    let errors = |count: u64| format!("eth0: 9 9 {count} 0 0 0 0 0 9 9 4 0 0 0 0 0\n");
    fixture.write("proc/net/dev", errors(7));
    let mut reader = interfaces(&fixture);
    fixture.read(&mut reader, SECOND);
    assert_eq!(fixture.living("network.errors"), [""; 0], "old errors are not news");
    fixture.write("proc/net/dev", errors(9));
    let rows = fixture.read(&mut reader, SECOND);
    assert_eq!(rows["network.errors"].get("eth0 received"), Some(&2.0));
    assert_eq!(fixture.living("network.errors"), ["eth0 received"]);
}

#[test]
fn with_idle_everything_is_shown() {
    let mut fixture = Fixture::new();
    fixture.write("proc/net/dev", net_dev(&[("lo", 0)]));
    let mut reader = Interfaces::new(&fixture.roots(), EACH, Shown::Always, Shown::Always);
    fixture.read(&mut reader, SECOND);
    for group in ["network.bytes", "network.packets", "network.errors", "network.drops"] {
        assert_eq!(fixture.living(group), ["lo received", "lo sent"], "{group}");
    }
}

#[test]
fn a_counter_of_32_bits_that_wraps_is_a_hole() {
    let mut fixture = Fixture::new();
    fixture.write("proc/net/dev", net_dev(&[("eth0", u64::from(u32::MAX) - 10)]));
    let mut reader = interfaces(&fixture);
    fixture.read(&mut reader, SECOND);
    fixture.write("proc/net/dev", net_dev(&[("eth0", 30)]));
    assert!(fixture.read(&mut reader, SECOND)["network.bytes"]["eth0 received"].is_nan());
    fixture.write("proc/net/dev", net_dev(&[("eth0", 50)]));
    assert_eq!(fixture.read(&mut reader, SECOND)["network.bytes"].get("eth0 received"), Some(&20.0));
}

#[test]
fn of_many_interfaces_those_with_the_most_traffic_are_measured() {
    let mut fixture = Fixture::new();
    // The last of the alphabet has the most traffic.
    let dev = |second: u64| {
        let lines: Vec<(String, u64)> =
            (0..2_000).map(|number| (format!("veth{number:04}"), 1 + number * second)).collect();
        net_dev(&lines.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect::<Vec<_>>())
    };
    let mut reader = interfaces(&fixture);
    for second in 0..15 {
        fixture.write("proc/net/dev", dev(second));
        fixture.read(&mut reader, SECOND);
    }
    let living = fixture.living("network.bytes");
    assert_eq!(living.len(), 1_024);
    assert!(living[0].starts_with("veth1488") && living.last().is_some_and(|name| name.starts_with("veth1999")));
    assert_eq!(fixture.title("network.bytes"), "Network traffic (512 busiest of 2000 interfaces)");

    // Those that remain fit: the title says no more.
    fixture.write("proc/net/dev", net_dev(&[("eth0", 1)]));
    fixture.read(&mut reader, SECOND);
    assert_eq!(fixture.title("network.bytes"), "Network traffic");
    assert_eq!(fixture.living("network.bytes"), ["eth0 received", "eth0 sent"]);
}

#[test]
fn beyond_a_bound_interfaces_are_not_counted_and_the_health_says_how_many() {
    let mut fixture = Fixture::new();
    let lines: Vec<(String, u64)> = (0..8_200).map(|number| (format!("veth{number}"), 0)).collect();
    fixture
        .write("proc/net/dev", net_dev(&lines.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect::<Vec<_>>()));
    fixture.read(&mut interfaces(&fixture), SECOND);
    assert_eq!(fixture.left_out(), [""; 0], "the reader is gone, and what it stated");
    let mut reader = interfaces(&fixture);
    fixture.read(&mut reader, SECOND);
    assert_eq!(fixture.left_out(), ["8 interfaces are not measured: at most 8192 are counted"]);
}

#[test]
fn after_many_short_lived_interfaces_only_those_that_exist_live() {
    let mut fixture = Fixture::new();
    let mut reader = interfaces(&fixture);
    for number in 0..200_u64 {
        fixture.write("proc/net/dev", net_dev(&[("eth0", number + 1), (&format!("veth{number}"), 1)]));
        fixture.read(&mut reader, SECOND);
    }
    assert_eq!(fixture.living("network.bytes"), ["eth0 received", "eth0 sent", "veth199 received", "veth199 sent"]);
}

#[test]
fn lost_and_refused_packets_of_tcp_and_udp_are_shown_when_they_move() {
    let mut fixture = Fixture::new();
    let snmp = |established: u64, again: u64| {
        format!(
            "Tcp: MaxConn CurrEstab RetransSegs OutRsts\nTcp: -1 {established} {again} 7\nUdp: InErrors NoPorts\nUdp: 0 5\n"
        )
    };
    fixture.write("proc/net/snmp", snmp(3, 10));
    let mut reader = Sockets::new(&fixture.roots(), EACH, false);
    fixture.read(&mut reader, SECOND);
    fixture.write("proc/net/snmp", snmp(4, 12));
    let rows = fixture.read(&mut reader, SECOND);
    assert_eq!(rows["network.connections"].get("established"), Some(&4.0));
    assert_eq!(rows["network.events"].iter().collect::<Vec<_>>(), [(&"TCP segments sent again".to_owned(), &2.0)]);
}
