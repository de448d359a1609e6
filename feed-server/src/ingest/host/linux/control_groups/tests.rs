//! The reader over folders of a test.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::ingest::host::test_stage::{TestStage, Values};

/// A machine with a folder of control groups.
struct Machine {
    folder: TempDir,
    roots: Roots,
    second: u64,
}

/// What one group has used since it began.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    cpu_us: u64,
    memory: u64,
    read: u64,
    waited_us: u64,
    periods: u64,
    throttled: u64,
    tasks: u64,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let roots = Roots::new(&folder.path().join("proc"), &folder.path().join("sys"));
        let machine = Self { folder, roots, second: 0 };
        fs::create_dir_all(machine.groups()).expect("created");
        fs::create_dir_all(machine.roots.proc("self/ns")).expect("created");
        let mounted = format!("31 25 0:28 / {} rw - cgroup2 cgroup2 rw\n", machine.groups().display());
        fs::write(machine.roots.proc("self/mountinfo"), mounted).expect("written");
        fs::write(machine.groups().join("cgroup.subtree_control"), "cpu io memory pids\n").expect("written");
        machine
    }

    fn groups(&self) -> PathBuf {
        self.folder.path().join("groups")
    }

    fn write(&self, path: &str, file: &str, text: impl AsRef<[u8]>) {
        let group = self.groups().join(path);
        fs::create_dir_all(&group).expect("created");
        fs::write(group.join(file), text).expect("written");
    }

    fn set(&self, path: &str, used: Used) {
        let Used { cpu_us, memory, read, waited_us, periods, throttled, tasks } = used;
        let cpu = format!("usage_usec {cpu_us}\nuser_usec 1\nnr_periods {periods}\nnr_throttled {throttled}\n");
        self.write(path, "cpu.stat", cpu);
        self.write(path, "memory.current", format!("{memory}\n"));
        self.write(path, "io.stat", format!("8:0 rbytes={read} wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n"));
        for resource in ["cpu", "memory", "io"] {
            let text = format!("some avg10=0.00 avg60=0.00 avg300=0.00 total={waited_us}\nfull avg10=0.00 total=0\n");
            self.write(path, &format!("{resource}.pressure"), text);
        }
        self.write(path, "pids.current", format!("{tasks}\n"));
    }

    fn survey(&self) -> Survey {
        Survey::new(&self.roots, Limits { budget: Duration::from_secs(1), folders: 50 })
    }

    /// A turn a second after the last.
    fn turn(&mut self, stage: &TestStage, survey: &mut Survey, groups: &mut ControlGroups) -> Values {
        let now = stage.moment(Duration::from_secs(self.second));
        self.second += 1;
        survey.prepare(now.instant);
        groups.send(&stage.context, survey.read(now)).expect("is sent");
        stage.values()
    }
}

fn stage(machine: &Machine) -> (TestStage, Survey, ControlGroups) {
    let (_, groups) = ControlGroups::new(&machine.roots, INTERVAL);
    (TestStage::new(), machine.survey(), groups)
}

fn value(values: &Values, group: &str, name: &str) -> Option<f64> {
    values.get(&(group.to_owned(), name.to_owned())).copied()
}

/// Used by a group in `second` seconds, at a steady rate.
fn busy(second: u64) -> Used {
    Used {
        cpu_us: 250_000 * second,
        memory: 4_096,
        read: 10_000 * second,
        waited_us: 100_000 * second,
        periods: 10 * second + 10,
        throttled: 3 * second,
        tasks: 7,
    }
}

#[test]
fn each_subject_has_the_values_of_a_unit_in_its_unit() {
    let mut machine = Machine::new();
    let (stage, mut survey, mut groups) = stage(&machine);
    let mut values = Values::new();
    for second in 0..4 {
        machine.set("system.slice/ssh.service", busy(second));
        values = machine.turn(&stage, &mut survey, &mut groups);
    }
    for (group, name, expected) in [
        ("cgroups.cpu", "ssh.service", 25.0),
        ("cgroups.memory", "ssh.service", 4_096.0),
        ("cgroups.io", "ssh.service read", 10_000.0),
        ("cgroups.io", "ssh.service written", 0.0),
        ("cgroups.pressure", "ssh.service cpu", 0.1),
        ("cgroups.pressure", "ssh.service io", 0.1),
        ("cgroups.throttled", "ssh.service", 0.3),
        ("cgroups.tasks", "ssh.service", 7.0),
    ] {
        assert_eq!(value(&values, group, name), Some(expected), "{group} {name}: {values:?}");
    }
    let series = stage.live("cgroups.io");
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let labels = [label("cgroup", "/system.slice/ssh.service"), label("kind", "service"), label("direction", "read")];
    assert!(series.iter().any(|series| series.labels == labels), "{series:?}");
    assert_eq!(stage.left_out(), [""; 0]);
}

#[test]
fn a_unit_that_is_gone_ends_its_series_and_one_that_returns_has_them_again() {
    let mut machine = Machine::new();
    let (stage, mut survey, mut groups) = stage(&machine);
    for second in 0..3 {
        machine.set("a.service", busy(second));
        machine.set("b.service", busy(second));
        machine.turn(&stage, &mut survey, &mut groups);
    }
    assert_eq!(stage.names("cgroups.cpu"), ["a.service", "b.service"]);
    fs::remove_dir_all(machine.groups().join("a.service")).expect("removed");
    machine.turn(&stage, &mut survey, &mut groups);
    for group in ["cgroups.cpu", "cgroups.memory", "cgroups.tasks"] {
        assert_eq!(stage.names(group), ["b.service"]);
    }
    // It is found by the next walk, and its counters begin again.
    for second in 0..12 {
        machine.set("a.service", busy(second));
        machine.turn(&stage, &mut survey, &mut groups);
    }
    assert_eq!(stage.names("cgroups.cpu"), ["a.service"], "the other has been idle for more than ten seconds");
    assert_eq!(stage.names("cgroups.memory"), ["a.service", "b.service"]);
    fs::remove_dir_all(machine.groups()).expect("removed");
    for _ in 0..2 {
        machine.turn(&stage, &mut survey, &mut groups);
    }
    assert_eq!(stage.names("cgroups.memory"), [""; 0]);
}

#[test]
fn of_many_units_the_largest_are_shown() {
    let mut machine = Machine::new();
    let (stage, mut survey, mut groups) = stage(&machine);
    for second in 0..6 {
        for workload in 0..40 {
            let (cpu_us, memory) = (10_000 * workload * second, 1_000 * (50 - workload));
            machine.set(&format!("system.slice/{workload:02}.service"), Used { cpu_us, memory, ..Used::default() });
        }
        machine.turn(&stage, &mut survey, &mut groups);
    }
    let mut names = stage.names("cgroups.cpu");
    names.sort();
    assert_eq!(names, (32..40).map(|workload| format!("{workload:02}.service")).collect::<Vec<_>>());
    assert_eq!(stage.names("cgroups.memory").len(), 8);
    assert!(stage.names("cgroups.memory").contains(&"00.service".to_owned()));
    assert_eq!(stage.names("cgroups.throttled"), [""; 0], "none has a quota");
}

#[test]
fn groups_for_which_a_turn_has_no_time_are_read_in_the_next() {
    let mut machine = Machine::new();
    let (stage, _, mut groups) = stage(&machine);
    let mut survey = Survey::new(&machine.roots, Limits { budget: Duration::ZERO, folders: 50 });
    for number in 0..5 {
        machine.set(&format!("{number}.service"), Used { memory: 1, ..Used::default() });
    }
    machine.turn(&stage, &mut survey, &mut groups);
    assert_eq!(stage.names("cgroups.memory"), [""; 0], "one of five is read");
    for _ in 0..5 {
        machine.turn(&stage, &mut survey, &mut groups);
    }
    assert_eq!(stage.names("cgroups.memory").len(), 5);
}

#[test]
fn damaged_huge_and_missing_files_have_no_value_and_the_others_do() {
    let mut machine = Machine::new();
    let (stage, mut survey, mut groups) = stage(&machine);
    let huge = "8:0 rbytes=1 wbytes=1\n".repeat(20_000);
    for second in 0..3 {
        machine.set("good.service", busy(second));
        machine.write("bad.service", "memory.current", "4096\n");
        for (file, text) in [
            ("cpu.stat", &b"usage_usec \xff\nnr_periods 1"[..]),
            ("io.stat", huge.as_bytes()),
            ("cpu.pressure", b"some avg10=0.00 tot"),
            ("memory.pressure", b"\0\0\0"),
            ("pids.current", b"max\n"),
        ] {
            machine.write("bad.service", file, text);
        }
        fs::create_dir_all(machine.groups().join("bad.service/io.pressure")).expect("created");
        machine.turn(&stage, &mut survey, &mut groups);
    }
    for group in ["cgroups.cpu", "cgroups.pressure", "cgroups.io", "cgroups.tasks"] {
        assert!(stage.names(group).iter().all(|name| name.starts_with("good.service")), "{group}");
    }
    assert_eq!(stage.names("cgroups.memory").len(), 2);
}

#[test]
fn without_some_controllers_the_rest_is_measured_and_the_health_says_what_is_missing() {
    let mut machine = Machine::new();
    let (stage, mut survey, mut groups) = stage(&machine);
    fs::write(machine.groups().join("cgroup.subtree_control"), "cpu hugetlb\n").expect("written");
    machine.turn(&stage, &mut survey, &mut groups);
    assert_eq!(stage.left_out(), [""; 0], "there is no group");
    for second in 0..12 {
        machine.write("a.service", "cpu.stat", format!("usage_usec {}\n", second * 500_000));
        machine.turn(&stage, &mut survey, &mut groups);
    }
    assert_eq!(stage.names("cgroups.cpu"), ["a.service"]);
    let stated = stage.left_out();
    assert!(
        stated.len() == 1 && stated[0].starts_with("control groups: memory, I/O, tasks not measured: "),
        "{stated:?}"
    );
    assert!(stated[0].ends_with("cgroup.subtree_control lacks the controllers memory, io, pids"), "{stated:?}");
}

#[test]
fn in_a_container_the_health_says_that_only_its_groups_are_visible() {
    let mut machine = Machine::new();
    symlink("cgroup:[4026532999]", machine.roots.proc("self/ns/cgroup")).expect("linked");
    let (stage, mut survey, mut groups) = stage(&machine);
    for second in 0..3 {
        machine.set("", busy(second));
        machine.turn(&stage, &mut survey, &mut groups);
    }
    assert_eq!(stage.left_out(), ["control groups: only those of this container are visible, and are measured"]);
    assert_eq!(stage.names("cgroups.cpu"), ["this container"]);
}

#[test]
fn more_groups_than_the_limit_are_stated() {
    let mut machine = Machine::new();
    let (stage, mut survey, mut groups) = stage(&machine);
    for workload in 0..60 {
        fs::create_dir_all(machine.groups().join(format!("{workload}.service"))).expect("created");
    }
    machine.turn(&stage, &mut survey, &mut groups);
    assert_eq!(stage.left_out(), ["control groups: there are more than 50, the limit: the others are not measured"]);
}

#[test]
fn a_machine_without_control_groups_of_version_2_has_no_group_and_no_statement() {
    let mut machine = Machine::new();
    fs::write(machine.roots.proc("self/mountinfo"), "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n")
        .expect("written");
    let (stage, mut survey, mut groups) = stage(&machine);
    machine.turn(&stage, &mut survey, &mut groups);
    assert_eq!((stage.left_out().len(), stage.names("cgroups.cpu").len()), (0, 0));
}

#[test]
fn transfers_of_a_device_that_stands_on_others_count_once() {
    let mut machine = Machine::new();
    fs::create_dir_all(machine.roots.sys("block/dm-0/slaves/sda")).expect("created");
    fs::write(machine.roots.sys("block/dm-0/dev"), "253:0\n").expect("written");
    let (stage, mut survey, mut groups) = stage(&machine);
    let mut values = Values::new();
    for second in 0..4 {
        let text = ["253:0", "8:0"].map(|device| format!("{device} rbytes={} wbytes=0\n", 50_000 * second)).concat();
        machine.write("a.service", "io.stat", text);
        values = machine.turn(&stage, &mut survey, &mut groups);
    }
    assert_eq!(value(&values, "cgroups.io", "a.service read"), Some(50_000.0), "{values:?}");
}

#[test]
fn the_reader_reads_on_a_thread_of_its_own() {
    let machine = Machine::new();
    let (stage, _, mut groups) = stage(&machine);
    machine.set("a.service", busy(0));
    let values = stage.turn(&mut groups);
    assert_eq!(value(&values, "cgroups.memory", "a.service"), Some(4_096.0), "{values:?}");
}
