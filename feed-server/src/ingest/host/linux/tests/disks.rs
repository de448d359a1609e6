//! Disks with partitions, without mounts, mapped, and new ones.

use crate::ingest::host::devices::Shown;
use crate::ingest::host::fixture::{Fixture, Row, SECOND};
use crate::ingest::host::linux::disk::Disks;
use crate::ingest::host::schedule::Cadence;

const EACH: Cadence = Cadence::Steady(SECOND);

/// `/proc/diskstats`: name, reads, sectors read, busy milliseconds.
fn diskstats(disks: &[(&str, u64, u64, u64)]) -> String {
    let line = |(name, reads, sectors, busy): &(&str, u64, u64, u64)| {
        format!(" 8 0 {name} {reads} 0 {sectors} {} 0 0 0 0 0 {busy} {} 0 0 0 0\n", reads * 4, busy * 3)
    };
    disks.iter().map(line).collect::<Vec<_>>().concat()
}

fn with_blocks(names: &[&str]) -> Fixture {
    let fixture = Fixture::new();
    for name in names {
        fixture.write(&format!("sys/block/{name}/size"), "1");
    }
    fixture
}

fn read_twice(
    fixture: &mut Fixture,
    reader: &mut Disks,
    before: &str,
    after: &str,
) -> std::collections::BTreeMap<String, Row> {
    fixture.write("proc/diskstats", before);
    fixture.read(reader, SECOND);
    fixture.write("proc/diskstats", after);
    fixture.read(reader, SECOND)
}

#[test]
fn whole_devices_are_measured_whether_mounted_or_not_and_their_partitions_are_not() {
    // A pool of ZFS, a raw device and swap have no line in the table of mounts.
    let mut fixture = with_blocks(&["sda", "nvme0n1", "loop0", "dm-0", "md127"]);
    fixture.write("sys/block/dm-0/dm/name", "vg-root\n");
    let mut reader = Disks::new(&fixture.roots(), EACH, Shown::Used);
    let before = diskstats(&[
        ("sda", 10, 100, 0),
        ("sda1", 10, 100, 0),
        ("nvme0n1", 1, 2, 0),
        ("nvme0n1p1", 1, 2, 0),
        ("loop0", 0, 0, 0),
        ("dm-0", 5, 5, 0),
        ("md127", 1, 1, 0),
    ]);
    let after = diskstats(&[
        ("sda", 14, 300, 500),
        ("sda1", 14, 300, 0),
        ("nvme0n1", 1, 2, 1_001),
        ("nvme0n1p1", 1, 2, 0),
        ("loop0", 0, 0, 0),
        ("dm-0", 5, 5, 0),
        ("md127", 1, 1, 0),
    ]);
    let rows = read_twice(&mut fixture, &mut reader, &before, &after);
    assert_eq!(fixture.living("disk.busy"), ["md127", "nvme0n1", "sda", "vg-root"]);
    let value = |group: &str, series: &str| rows[group].get(series).copied();
    assert_eq!(value("disk.io", "sda read"), Some(200.0 * 512.0));
    assert_eq!(value("disk.operations", "sda read"), Some(4.0));
    assert_eq!(
        (value("disk.busy", "sda"), value("disk.busy", "nvme0n1")),
        (Some(0.5), Some(1.0)),
        "a millisecond too much"
    );
    assert_eq!((value("disk.wait", "sda read"), value("disk.wait", "sda written")), (Some(0.0), Some(0.0)));
    assert_eq!(value("disk.queue", "sda"), Some(1.5));
}

#[test]
fn a_first_reading_has_no_rates_and_sends_no_row() {
    let mut fixture = with_blocks(&["sda"]);
    let mut reader = Disks::new(&fixture.roots(), EACH, Shown::Used);
    fixture.write("proc/diskstats", diskstats(&[("sda", 1, 1, 0)]));
    assert!(fixture.read(&mut reader, SECOND).is_empty());
    assert_eq!(fixture.living("disk.busy"), ["sda"], "its series are registered");
}

#[test]
fn the_wait_of_an_operation_is_in_seconds() {
    let mut fixture = with_blocks(&["sda"]);
    let mut reader = Disks::new(&fixture.roots(), EACH, Shown::Used);
    let line = |reads: u64, ms: u64| format!("8 0 sda {reads} 0 8 {ms} 0 0 0 0 0 0 0\n");
    let rows = read_twice(&mut fixture, &mut reader, &line(1, 0), &line(3, 500));
    assert_eq!(rows["disk.wait"].get("sda read"), Some(&0.25));
}

#[test]
fn a_disk_that_is_plugged_in_is_found_and_one_that_is_pulled_out_ends() {
    let mut fixture = with_blocks(&["sda"]);
    let mut reader = Disks::new(&fixture.roots(), EACH, Shown::Used);
    read_twice(&mut fixture, &mut reader, &diskstats(&[("sda", 1, 1, 0)]), &diskstats(&[("sda", 1, 1, 0)]));
    fixture.write("sys/block/sdb/size", "1");
    let both = diskstats(&[("sda", 1, 1, 0), ("sdb", 9, 9, 0), ("sdb1", 9, 9, 0)]);
    for _ in 0..3 {
        fixture.write("proc/diskstats", &both);
        fixture.read(&mut reader, SECOND);
    }
    assert_eq!(fixture.living("disk.busy"), ["sda", "sdb"]);
    fixture.write("proc/diskstats", diskstats(&[("sdb", 9, 9, 0)]));
    fixture.read(&mut reader, SECOND);
    assert_eq!(fixture.living("disk.busy"), ["sdb"]);
}

#[test]
fn a_list_that_cannot_be_read_for_a_while_keeps_the_disks() {
    let mut fixture = with_blocks(&["sda"]);
    let mut reader = Disks::new(&fixture.roots(), EACH, Shown::Used);
    let text = diskstats(&[("sda", 1, 1, 0), ("sda1", 1, 1, 0)]);
    read_twice(&mut fixture, &mut reader, &text, &text);
    fixture.remove("sys/block");
    fixture.read(&mut reader, 11 * SECOND);
    assert_eq!(fixture.living("disk.busy"), ["sda"]);
    assert!(fixture.left_out()[0].starts_with("the list of disks is not updated: "), "{:?}", fixture.left_out());
}

#[test]
fn without_the_list_of_disks_all_are_measured_and_the_health_says_so() {
    let mut fixture = Fixture::new();
    let mut reader = Disks::new(&fixture.roots(), EACH, Shown::Used);
    let text = diskstats(&[("sda", 1, 1, 0), ("sda1", 1, 1, 0)]);
    read_twice(&mut fixture, &mut reader, &text, &text);
    assert_eq!(fixture.living("disk.busy"), ["sda", "sda1"]);
    assert!(fixture.left_out()[0].starts_with("disks are listed with their partitions: "), "{:?}", fixture.left_out());
}
