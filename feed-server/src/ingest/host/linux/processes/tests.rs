//! The reader over folders that stand for `/proc` and `/sys`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use super::test_machine::{Machine, Of, PAGE_BYTES, PLAIN, value};
use crate::ingest::host::percent_of::PercentOf;

#[test]
fn a_busy_process_is_shown_with_its_first_rate_in_percent_of_a_core() {
    let mut machine = Machine::new();
    machine.process(7, Of { name: b"busy", ticks: 1_000, pages: 3, ..PLAIN });
    let rows = machine.scan();
    assert_eq!(value(&rows, "processes.memory", "busy (7)"), Some(3.0 * PAGE_BYTES as f64));
    assert_eq!(rows.get("processes.cpu"), None, "a rate needs two readings");
    machine.process(7, Of { name: b"busy", ticks: 1_250, pages: 3, ..PLAIN });
    let rows = machine.scan();
    assert_eq!(value(&rows, "processes.cpu", "busy (7)"), Some(250.0));
    assert_eq!(machine.stage.names("processes.cpu"), ["busy (7)"], "the idle one is not shown");
}

#[test]
fn a_process_that_began_since_the_last_scan_has_a_rate_at_once() {
    let mut machine = Machine::new();
    machine.scan();
    machine.process(8, Of { name: b"new", ticks: 40, started: 200, ..PLAIN });
    machine.disk(8, 5_000, 7_000);
    let rows = machine.scan();
    assert_eq!(value(&rows, "processes.cpu", "new (8)"), Some(40.0));
    assert_eq!(value(&rows, "processes.disk", "new (8) written"), Some(7_000.0));
}

#[test]
fn percent_of_the_machine_is_divided_by_the_cores_that_are_online() {
    let mut machine = Machine::with(PercentOf::Machine, |_| {});
    machine.process(7, PLAIN);
    machine.scan();
    machine.process(7, Of { ticks: 200, ..PLAIN });
    assert_eq!(value(&machine.scan(), "processes.cpu", "plain (7)"), Some(50.0));
    fs::write(machine.sys.join("devices/system/cpu/online"), "0,2\n").expect("written");
    machine.process(7, Of { ticks: 400, ..PLAIN });
    assert_eq!(value(&machine.scan(), "processes.cpu", "plain (7)"), Some(100.0));
    let titles: Vec<String> = machine.stage.registry.groups().into_iter().map(|group| group.title).collect();
    assert!(titles.contains(&"Busiest processes, CPU (of the machine)".to_owned()), "{titles:?}");
}

#[test]
fn the_id_of_an_ended_process_with_another_start_time_is_another_series() {
    let mut machine = Machine::new();
    machine.process(7, Of { ticks: 1_000, pages: 1, ..PLAIN });
    machine.scan();
    let started = |machine: &Machine| {
        let series = machine.stage.live("processes.memory");
        series.into_iter().flat_map(|series| series.labels).filter(|(label, _)| label == "started").collect::<Vec<_>>()
    };
    assert_eq!(started(&machine), [("started".to_owned(), "1.00".to_owned())]);
    machine.process(7, Of { ticks: 30, pages: 1, started: 12_345, ..PLAIN });
    let rows = machine.scan();
    assert_eq!(started(&machine), [("started".to_owned(), "123.45".to_owned())]);
    assert_eq!(value(&rows, "processes.cpu", "plain (7)"), Some(30.0), "its own time, and no fall");
}

#[test]
fn a_process_that_ends_ends_its_series_at_once() {
    let mut machine = Machine::new();
    machine.process(7, Of { pages: 1, threads: 2, ..PLAIN });
    machine.process(8, Of { pages: 1, ..PLAIN });
    machine.scan();
    assert_eq!(machine.stage.names("processes.memory"), ["plain (7)", "plain (8)"]);
    machine.end(7);
    machine.scan();
    assert_eq!(machine.stage.names("processes.memory"), ["plain (8)"]);
    assert_eq!(machine.stage.names("processes.threads"), [""; 0]);
}

#[test]
fn a_program_that_is_started_in_a_process_is_another_series_and_a_name_without_end_is_not() {
    let mut machine = Machine::new();
    machine.process(7, Of { name: b"sh", pages: 1, ..PLAIN });
    machine.scan();
    machine.process(7, Of { name: b"server", pages: 1, ..PLAIN });
    machine.scan();
    assert_eq!(machine.stage.names("processes.memory"), ["server (7)"]);
    for number in 0..100 {
        machine.process(7, Of { name: format!("name {number}").as_bytes(), pages: 1, ..PLAIN });
        machine.scan();
    }
    assert_eq!(machine.stage.live("processes.memory").len(), 1);
    assert!(machine.stage.registry.series().len() < 10, "{:?}", machine.stage.registry.series());
}

#[test]
fn a_name_may_have_any_bytes() {
    let mut machine = Machine::new();
    let names: [&[u8]; 6] = [b"a b", b"x) S 1 (y", b"a\nb", b"\x1b[31mred", "\u{202e}bidi".as_bytes(), b"\xff\xfe"];
    for (pid, name) in (10..).zip(names) {
        machine.process(pid, Of { name, pages: u64::from(pid), ..PLAIN });
    }
    let rows = machine.scan();
    for (pid, name) in (10..).zip(names) {
        let series = format!("{} ({pid})", String::from_utf8_lossy(name));
        assert_eq!(value(&rows, "processes.memory", &series), Some(f64::from(pid) * PAGE_BYTES as f64), "{series:?}");
    }
}

#[test]
fn cpu_time_that_falls_is_a_hole() {
    let mut machine = Machine::new();
    for (ticks, expected) in [(100, None), (150, Some(50.0)), (3, Some(f64::NAN)), (23, Some(20.0))] {
        machine.process(7, Of { ticks, ..PLAIN });
        let found = value(&machine.scan(), "processes.cpu", "plain (7)");
        assert_eq!(found.map(f64::to_bits), expected.map(f64::to_bits), "{ticks}");
    }
}

#[test]
fn time_of_children_that_were_never_seen_is_that_of_short_lived_processes() {
    let mut machine = Machine::new();
    let shell = |children_ticks| Of { name: b"sh", children_ticks, ..PLAIN };
    let short_lived = |machine: &mut Machine, children_ticks| {
        machine.process(7, shell(children_ticks));
        value(&machine.scan(), "processes.cpu", "short-lived processes")
    };
    assert_eq!(short_lived(&mut machine, 1_000), None);
    assert_eq!(short_lived(&mut machine, 1_000), None, "there were none yet");
    assert_eq!(short_lived(&mut machine, 1_070), Some(70.0));
    machine.process(8, Of { parent: 7, ticks: 500, children_ticks: 20, ..PLAIN });
    assert_eq!(short_lived(&mut machine, 1_070), Some(20.0), "children of the new process");
    machine.end(8);
    assert_eq!(short_lived(&mut machine, 1_593), Some(3.0), "520 were seen");
    assert_eq!(short_lived(&mut machine, 1_590), Some(0.0), "a fall");
    let more_than_four_cores_can = short_lived(&mut machine, 9_999).expect("has a column");
    assert!(more_than_four_cores_can.is_nan());
}

#[test]
fn a_process_whose_disk_traffic_is_refused_is_not_asked_again() {
    let mut machine = Machine::new();
    machine.disk(1, 0, 0);
    machine.process(7, PLAIN);
    machine.scan();
    machine.process(8, Of { started: 200, ..PLAIN });
    machine.disk(8, 0, 0);
    machine.scan();
    for number in 1..4 {
        for pid in [7, 8] {
            machine.process(pid, Of { ticks: number, started: if pid == 7 { 100 } else { 200 }, ..PLAIN });
            // Now the first one has a file, too.
            machine.disk(pid, number * 10_000, number * 20_000);
        }
        let rows = machine.scan();
        assert_eq!(value(&rows, "processes.disk", "plain (8) read"), Some(10_000.0));
        assert_eq!(value(&rows, "processes.disk", "plain (8) written"), Some(20_000.0));
        assert_eq!(machine.stage.names("processes.disk"), ["plain (8) read", "plain (8) written"]);
    }
    let stated = ["disk traffic of some processes not measured: their files `io` cannot be read"];
    assert_eq!(machine.stage.left_out(), stated);
}

#[test]
fn the_files_of_a_process_that_does_not_run_are_not_read_for_its_disk_traffic() {
    let mut machine = Machine::new();
    machine.disk(1, 0, 0);
    machine.process(7, PLAIN);
    machine.disk(7, 0, 0);
    machine.scan();
    machine.disk(7, 50_000, 0);
    assert_eq!(machine.scan().get("processes.disk"), None);
    machine.process(7, Of { ticks: 1, ..PLAIN });
    assert_eq!(value(&machine.scan(), "processes.disk", "plain (7) read"), Some(50_000.0));
    machine.disk(7, 51_000, 0);
    assert_eq!(value(&machine.scan(), "processes.disk", "plain (7) read"), Some(1_000.0), "it is shown");
}

#[test]
fn processes_and_threads_are_counted() {
    let mut machine = Machine::new();
    machine.process(7, Of { threads: 30, ..PLAIN });
    let rows = machine.scan();
    assert_eq!(value(&rows, "processes.count", "processes"), Some(2.0));
    assert_eq!(value(&rows, "processes.count", "threads"), Some(31.0));
    assert_eq!(value(&rows, "processes.threads", "plain (7)"), Some(30.0));
}

#[test]
fn of_ten_thousand_processes_the_busiest_are_shown() {
    let mut machine = Machine::new();
    machine.process(2, Of { pages: 5, ..PLAIN });
    for pid in 3..10_002_u32 {
        if !(5_000..5_040).contains(&pid) {
            symlink("2", machine.proc.join(pid.to_string())).expect("created");
        }
    }
    for pid in 5_000..5_040 {
        machine.process(pid, PLAIN);
    }
    machine.scan();
    for pid in 5_000..5_040 {
        machine.process(pid, Of { ticks: u64::from(pid), ..PLAIN });
    }
    let rows = machine.scan();
    assert_eq!(value(&rows, "processes.count", "processes"), Some(10_001.0));
    let busiest: Vec<String> = (5_032..5_040).map(|pid| format!("plain ({pid})")).collect();
    assert_eq!(rows["processes.cpu"].keys().collect::<Vec<_>>(), busiest.iter().collect::<Vec<_>>());
    assert_eq!(rows["processes.memory"].len(), 8);
}

#[test]
fn processes_beyond_the_limit_are_left_out_and_that_is_stated() {
    let mut machine = Machine::with(PercentOf::Core, |scanner| scanner.limit = 3);
    for pid in 2..9 {
        machine.process(pid, PLAIN);
    }
    let rows = machine.scan();
    assert_eq!(value(&rows, "processes.count", "processes"), Some(3.0));
    assert!(machine.stage.left_out().contains(&"more than 3 processes: the others are not measured".to_owned()));
}

#[test]
fn files_that_are_not_understood_are_skipped_and_stated_and_the_others_are_measured() {
    let mut machine = Machine::new();
    machine.disk(1, 0, 0);
    machine.process(20, Of { ticks: 10, pages: 2, ..PLAIN });
    machine.disk(20, 0, 0);
    let (open, close) = ("(".repeat(1 << 20), ")".repeat(1 << 20));
    let texts: [&[u8]; 6] = [b"", b"10 (x) S 1 1 1", b"\x00\xff\xfe", b")(", open.as_bytes(), close.as_bytes()];
    for (pid, text) in (30..).zip(texts) {
        machine.process(pid, PLAIN);
        fs::write(machine.proc.join(pid.to_string()).join("stat"), text).expect("written");
    }
    fs::create_dir_all(machine.proc.join("40/stat")).expect("created");
    fs::create_dir_all(machine.proc.join("41")).expect("created");
    for name in [&b"self"[..], b"-1", b"4294967296", b"1x", b"\xff"] {
        fs::create_dir_all(machine.proc.join(OsStr::from_bytes(name))).expect("created");
    }
    let rows = machine.scan();
    assert_eq!(value(&rows, "processes.count", "processes"), Some(2.0));
    let stated = ["some processes not measured: their files `stat` are not understood"];
    assert_eq!(machine.stage.left_out(), stated);

    machine.process(20, Of { ticks: 60, pages: 2, ..PLAIN });
    assert_eq!(value(&machine.scan(), "processes.cpu", "plain (20)"), Some(50.0));
    fs::write(machine.proc.join("20/stat"), "20 (plain").expect("written");
    let rows = machine.scan();
    assert!(value(&rows, "processes.cpu", "plain (20)").is_some_and(f64::is_nan), "it lives: {rows:?}");
    assert!(value(&rows, "processes.memory", "plain (20)").is_some_and(f64::is_nan));
    machine.process(20, Of { ticks: 160, pages: 2, ..PLAIN });
    assert_eq!(value(&machine.scan(), "processes.cpu", "plain (20)"), Some(50.0), "of two seconds");
}

#[test]
fn without_proc_no_process_is_measured_and_that_is_stated() {
    let mut machine = Machine::new();
    machine.disk(1, 0, 0);
    machine.process(7, Of { pages: 1, ..PLAIN });
    machine.disk(7, 0, 0);
    machine.scan();
    fs::remove_dir_all(&machine.proc).expect("removed");
    machine.scan();
    assert_eq!(machine.stage.names("processes.memory"), [""; 0]);
    assert!(machine.stage.left_out()[0].starts_with("processes not measured: "), "{:?}", machine.stage.left_out());
    fs::create_dir(&machine.proc).expect("created");
    machine.process(1, Of { pages: 1, ..PLAIN });
    machine.disk(1, 0, 0);
    machine.scan();
    machine.scan();
    assert_eq!(machine.stage.names("processes.memory"), ["plain (1)"], "the folder is opened again");
}

#[test]
fn hidden_processes_and_a_container_are_stated() {
    let mut machine = Machine::new();
    machine.end(1);
    machine.process(7, PLAIN);
    machine.disk(7, 0, 0);
    machine.scan();
    assert_eq!(machine.stage.left_out(), ["processes of other users are hidden"]);
    let own = machine.proc.join("self");
    fs::create_dir_all(own.join("ns")).expect("created");
    fs::write(own.join("mountinfo"), "22 27 0:21 / /proc rw - proc proc rw,hidepid=invisible\n").expect("written");
    fs::write(own.join("status"), "Gid:\t7\t7\t7\t7\nGroups:\t8 \nCapEff:\t0000000000000000\n").expect("written");
    symlink("pid:[4026532000]", own.join("ns/pid")).expect("created");
    machine.seconds += 60;
    machine.scan();
    let stated = ["processes of other users are hidden (hidepid)", "only the processes of this container are visible"];
    assert_eq!(machine.stage.left_out(), stated);
}
