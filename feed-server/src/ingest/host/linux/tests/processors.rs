//! Processors that come and go, and counters that step back.

use std::time::Duration;

use crate::ingest::host::devices::Shown;
use crate::ingest::host::fixture::{Fixture, SECOND};
use crate::ingest::host::linux::cpu::Cores;
use crate::ingest::host::linux::cpu_modes::CoreModes;
use crate::ingest::host::schedule::Cadence;

const EACH: Cadence = Cadence::Steady(SECOND);

/// `/proc/stat` with the idle ticks of each core.
fn stat(cores: &[(u32, u64)]) -> String {
    let total: u64 = cores.iter().map(|(_, idle)| idle).sum();
    let cores: Vec<String> = cores.iter().map(|(core, idle)| format!("cpu{core} 0 0 0 {idle} 0 0 0 0 0 0\n")).collect();
    format!(
        "cpu  0 0 0 {total} 0 0 0 0 0 0\n{}intr 5 1 2\nctxt 9\nprocesses 3\nprocs_running 2\nprocs_blocked 1\n",
        cores.concat()
    )
}

#[test]
fn a_core_keeps_its_number_when_others_go_offline_and_come_back() {
    let mut fixture = Fixture::new();
    fixture.write("proc/stat", stat(&[(0, 0), (2, 0), (3, 0)]));
    let mut cores = Cores::new(&fixture.roots(), EACH, EACH);
    fixture.read(&mut cores, SECOND);
    assert_eq!(fixture.living("cpu.cores"), ["core 0", "core 2", "core 3"], "core 1 was offline at the start");

    fixture.write("proc/stat", stat(&[(0, 100), (2, 50), (3, 0)]));
    let row = &fixture.read(&mut cores, SECOND)["cpu.cores"];
    assert!(row["core 0"] < 0.02 && (row["core 2"] - 0.5).abs() < 0.02 && row["core 3"] > 0.98, "{row:?}");

    // The second core of the list is now core 3: it must not be taken for core 2.
    fixture.write("proc/stat", stat(&[(0, 200), (3, 0)]));
    let row = &fixture.read(&mut cores, SECOND)["cpu.cores"];
    assert!(row["core 3"] > 0.98 && !row.contains_key("core 2"), "{row:?}");
    assert_eq!(fixture.living("cpu.cores"), ["core 0", "core 3"]);

    // It begins again with other counters: its first reading has no value.
    fixture.write("proc/stat", stat(&[(0, 300), (2, 7), (3, 0)]));
    let row = &fixture.read(&mut cores, SECOND)["cpu.cores"];
    assert!(!row.contains_key("core 2") && row["core 3"] > 0.98, "{row:?}");
    fixture.write("proc/stat", stat(&[(0, 400), (2, 107), (3, 0)]));
    let row = &fixture.read(&mut cores, SECOND)["cpu.cores"];
    assert!(row["core 2"] < 0.02, "{row:?}");
}

#[test]
fn idle_time_that_steps_back_makes_no_spike_and_a_share_is_never_above_one() {
    let mut fixture = Fixture::new();
    fixture.write("proc/stat", stat(&[(0, 1_000)]));
    let mut cores = Cores::new(&fixture.roots(), EACH, EACH);
    fixture.read(&mut cores, SECOND);
    for (idle, expected) in [(1_050, 0.5), (1_047, 1.0), (1_147, 0.03), (1_247, 0.0)] {
        fixture.write("proc/stat", stat(&[(0, idle)]));
        let share = fixture.read(&mut cores, SECOND)["cpu.cores"]["core 0"];
        assert!((share - expected).abs() < 0.04 && (0.0..=1.0).contains(&share), "{idle}: {share}");
    }
}

#[test]
fn the_running_time_of_tasks_shows_a_burst_shorter_than_a_tick() {
    let mut fixture = Fixture::new();
    let schedstat =
        |running: u64, waiting: u64| format!("version 17\ncpu0 0 0 0 0 0 0 {running} {waiting} 5\ndomain0 MC 1 0\n");
    let ms = Duration::from_millis(1);
    let mut cores = Cores::new(&fixture.roots(), Cadence::Steady(ms), EACH);
    let (mut running, mut shares) = (0, Vec::new());
    for reading in 0..200_u64 {
        // A task runs for 0.4 ms of reading 150, and waits for 0.1 ms before.
        running += if reading == 150 { 400_000 } else { 0 };
        fixture.write("proc/schedstat", schedstat(running, running / 4));
        fixture.write("proc/stat", stat(&[(0, reading / 10)]));
        // Rows of 8 ms are sent together: the fixture shows the last of each.
        if let Some(row) = fixture.read(&mut cores, ms).get("cpu.cores") {
            shares.extend(row.get("core 0").map(|&share| (reading, share)));
        }
    }
    assert!(shares.len() > 15 && shares.iter().all(|(_, share)| *share < 0.41), "{shares:?}");
    assert_eq!(fixture.living("cpu.waiting"), ["core 0"]);
}

#[test]
fn without_the_file_the_cores_end_and_the_health_says_why() {
    let mut fixture = Fixture::new();
    fixture.write("proc/stat", stat(&[(0, 0)]));
    let mut cores = Cores::new(&fixture.roots(), EACH, EACH);
    fixture.read(&mut cores, SECOND);
    assert_eq!(fixture.left_out(), [""; 0]);
    let mut cores = {
        fixture.remove("proc/stat");
        Cores::new(&fixture.roots(), EACH, EACH)
    };
    assert!(fixture.read(&mut cores, SECOND).is_empty());
    assert!(fixture.left_out()[0].starts_with("processors not measured: "), "{:?}", fixture.left_out());
    // The file is tried again after ten seconds.
    fixture.write("proc/stat", stat(&[(0, 0)]));
    assert!(fixture.read(&mut cores, 11 * SECOND).contains_key("cpu.tasks"));
    assert_eq!(fixture.left_out(), [""; 0]);
}

#[test]
fn the_shares_of_the_modes_add_up_and_modes_that_never_moved_are_left_out() {
    let mut fixture = Fixture::new();
    let stat = |ticks: [u64; 10]| format!("cpu  {}\n", ticks.map(|ticks| ticks.to_string()).join(" "));
    // The time of guests is also counted as user time.
    fixture.write("proc/stat", stat([1_100, 0, 50, 800, 40, 0, 10, 0, 60, 0]));
    let mut modes = Cores::new(&fixture.roots(), EACH, EACH);
    fixture.read(&mut modes, SECOND);
    fixture.write("proc/stat", stat([1_150, 0, 60, 935, 35, 0, 20, 0, 90, 0]));
    let row = &fixture.read(&mut modes, SECOND)["cpu.modes"];
    let expected = [("guest", 0.15), ("softirq", 0.05), ("system", 0.05), ("user", 0.1)];
    let found: Vec<(&str, f64)> = row.iter().map(|(name, share)| (name.as_str(), *share)).collect();
    assert_eq!(found, expected, "iowait stepped back: it has not moved");
    fixture.write("proc/stat", stat([1, 0, 1, 2, 0, 0, 0, 0, 0, 0]));
    let row = &fixture.read(&mut modes, SECOND)["cpu.modes"];
    assert!(row.values().all(|share| share.is_nan()), "a reset is a hole: {row:?}");
}

#[test]
fn time_that_moves_between_idle_and_iowait_changes_no_other_share() {
    let mut fixture = Fixture::new();
    let stat = |user: u64, idle: u64, iowait: u64| format!("cpu  {user} 0 0 {idle} {iowait} 0 0 0 0 0\n");
    fixture.write("proc/stat", stat(0, 5_000, 2_000));
    let mut cores = Cores::new(&fixture.roots(), EACH, EACH);
    fixture.read(&mut cores, SECOND);
    for (user, idle, iowait) in [(20, 6_020, 1_000), (40, 5_020, 2_020)] {
        fixture.write("proc/stat", stat(user, idle, iowait));
        let row = &fixture.read(&mut cores, SECOND)["cpu.modes"];
        assert_eq!(row.get("user"), Some(&0.5), "{row:?}");
    }
}

#[test]
fn the_waiting_time_ends_and_returns_with_its_file() {
    let mut fixture = Fixture::new();
    let schedstat = "cpu0 0 0 0 0 0 0 0 5 5\n";
    fixture.write("proc/stat", stat(&[(0, 0)]));
    let mut cores = Cores::new(&fixture.roots(), EACH, EACH);
    fixture.read(&mut cores, SECOND);
    assert_eq!(fixture.living("cpu.waiting"), [""; 0]);
    fixture.write("proc/schedstat", schedstat);
    fixture.read(&mut cores, 11 * SECOND);
    assert_eq!(fixture.living("cpu.waiting"), ["core 0"]);
    fixture.write("proc/schedstat", "");
    for _ in 0..2 {
        assert!(!fixture.read(&mut cores, SECOND).contains_key("cpu.waiting"), "the last value does not stand");
    }
}

#[test]
fn a_fraction_of_a_tick_too_much_is_not_above_one() {
    let mut fixture = Fixture::new();
    let stat = |user: u64| format!("cpu  {user} 0 0 0\ncpu0 {user} 0 0 0\n");
    fixture.write("proc/stat", stat(0));
    let mut modes = CoreModes::new(&fixture.roots(), EACH, Shown::Moved);
    fixture.read(&mut modes, SECOND);
    fixture.write("proc/stat", stat(101));
    assert_eq!(fixture.read(&mut modes, SECOND)["cpu.core_modes"]["core 0 user"].to_bits(), 1.0_f64.to_bits());
    assert_eq!(fixture.living("cpu.core_modes"), ["core 0 user"]);
}
