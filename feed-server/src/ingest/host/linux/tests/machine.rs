//! Memory, pressure and the system as a whole.

use crate::ingest::host::fixture::{Fixture, SECOND};
use crate::ingest::host::linux::memory::{Memory, Paging};
use crate::ingest::host::linux::pressure::Pressure;
use crate::ingest::host::linux::system::SystemState;
use crate::ingest::host::schedule::Cadence;

const EACH: Cadence = Cadence::Steady(SECOND);

fn meminfo(total: u64, available: u64, swap: u64) -> String {
    format!(
        "MemTotal: {total} kB\nMemFree: 10 kB\nMemAvailable: {available} kB\nBuffers: 1 kB\nCached: 2 kB\nSwapTotal: {swap} kB\nSwapFree: 3 kB\nDirty: 0 kB\n"
    )
}

#[test]
fn a_container_with_more_available_memory_than_it_has_uses_none() {
    let mut fixture = Fixture::new();
    fixture.write("proc/meminfo", meminfo(100, 200, 0));
    let mut memory = Memory::new(&fixture.roots(), EACH);
    let rows = fixture.read(&mut memory, SECOND);
    assert_eq!((rows["memory"]["used"], rows["memory"]["available"]), (0.0, 102_400.0));
    assert_eq!(fixture.living("memory.swap"), [""; 0], "there is no swap");
    fixture.write("proc/meminfo", meminfo(100, 40, 5));
    let rows = fixture.read(&mut memory, SECOND);
    assert_eq!((rows["memory"]["used"], rows["memory.swap"]["used"]), (61_440.0, 2_048.0));
    fixture.write("proc/meminfo", meminfo(100, 40, 0));
    fixture.read(&mut memory, SECOND);
    assert_eq!(fixture.living("memory.swap"), [""; 0], "swap was turned off");
}

#[test]
fn page_traffic_is_in_bytes_and_what_does_not_move_is_left_out() {
    let mut fixture = Fixture::new();
    let vmstat = |read: u64, swapped: u64, kills: u64| {
        format!(
            "nr_free_pages 1\npgpgin {read}\npgpgout 5\npswpin {swapped}\npswpout 0\npgfault 100\npgmajfault 1\noom_kill {kills}\n"
        )
    };
    fixture.write("proc/vmstat", vmstat(10, 0, 0));
    let mut paging = Paging::new(&fixture.roots(), EACH, false, 4_096);
    fixture.read(&mut paging, SECOND);
    fixture.write("proc/vmstat", vmstat(12, 3, 0));
    let rows = fixture.read(&mut paging, SECOND);
    assert_eq!(
        rows["memory.paging"].iter().map(|(name, value)| (name.as_str(), *value)).collect::<Vec<_>>(),
        [("read from disks", 2_048.0), ("swapped in", 12_288.0)]
    );
    assert_eq!(fixture.living("memory.oom"), [""; 0]);
    fixture.write("proc/vmstat", vmstat(12, 3, 1));
    assert_eq!(fixture.read(&mut paging, SECOND)["memory.oom"].get("killed"), Some(&1.0));
}

#[test]
fn pressure_is_the_rate_of_its_totals_and_never_above_one() {
    let mut fixture = Fixture::new();
    let text = |some: u64| {
        format!("some avg10=0.00 avg60=0.00 avg300=0.00 total={some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")
    };
    fixture.write("proc/pressure/cpu", text(0));
    fixture.write("proc/pressure/io", text(0));
    let mut pressure = Pressure::new(&fixture.roots(), EACH);
    fixture.read(&mut pressure, SECOND);
    fixture.write("proc/pressure/cpu", text(250_000));
    fixture.write("proc/pressure/io", text(1_000_009));
    let row = &fixture.read(&mut pressure, SECOND)["pressure"];
    let expected = [("cpu some", 0.25), ("io full", 0.0), ("io some", 1.0)];
    assert_eq!(row.iter().map(|(name, value)| (name.as_str(), *value)).collect::<Vec<_>>(), expected);
    assert_eq!(fixture.left_out(), [""; 0], "a kernel without pressure of memory is usual");
}

#[test]
fn a_file_that_returns_after_a_while_makes_no_spike() {
    let mut fixture = Fixture::new();
    let text = |some: u64| format!("some avg10=0.00 avg60=0.00 avg300=0.00 total={some}\n");
    let mut pressure = Pressure::new(&fixture.roots(), EACH);
    for second in 0..2 {
        fixture.write("proc/pressure/cpu", text(second * 100_000));
        fixture.read(&mut pressure, SECOND);
    }
    fixture.write("proc/pressure/cpu", "");
    for _ in 0..7 {
        assert!(!fixture.read(&mut pressure, SECOND).contains_key("pressure"), "the last value does not stand");
    }
    fixture.write("proc/pressure/cpu", text(800_000));
    assert!(!fixture.read(&mut pressure, SECOND).contains_key("pressure"), "its first reading has no rate");
    fixture.write("proc/pressure/cpu", text(900_000));
    assert_eq!(fixture.read(&mut pressure, SECOND)["pressure"].get("cpu some"), Some(&0.1));
}

#[test]
fn the_state_of_the_system_has_what_the_kernel_states() {
    let mut fixture = Fixture::new();
    fixture.write("proc/loadavg", "0.52 1.04 2 1/95 4242\n");
    fixture.write("proc/uptime", "350.11 600.00\n");
    fixture.write("proc/sys/fs/file-nr", "1024\t0\t9223372036854775807\n");
    let rows = fixture.read(&mut SystemState::new(&fixture.roots(), EACH), SECOND);
    assert_eq!((rows["cpu.load"]["1 min"], rows["cpu.load"]["15 min"]), (0.52, 2.0));
    assert_eq!((rows["system.uptime"]["uptime"], rows["system.files"]["open"]), (350.11, 1_024.0));
    assert!(!rows.contains_key("network.tracked"));
}
