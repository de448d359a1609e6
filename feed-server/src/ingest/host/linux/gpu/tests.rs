//! The reader over a library of a test.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

use super::*;
use crate::ingest::host::test_stage::{TestStage, Values};

/// The folder of the library that tests copy.
static FAKE: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("temporary folder");
    let source = folder.path().join("fake_nvml.rs");
    fs::write(&source, include_str!("fake_nvml.rs")).expect("written");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut compile = Command::new(compiler);
    compile
        .args(["--edition=2024", "--crate-type=cdylib", "-Cpanic=abort", "-o"])
        .arg(folder.path().join("fake.so"))
        .arg(source);
    let output = compile.output().expect("rustc runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
});

struct Machine {
    folder: TempDir,
    stage: TestStage,
    watch: Watch,
    reader: GraphicsProcessors,
    second: u64,
}

const ONE_GPU: &str = "count=1\nuuid=GPU-1\nname=NVIDIA H200\nbusy=30\nmemory_busy=12\nused=4096\ntotal=8192\ntemperature=41\n\
    power=75500\ngraphics_clock=1980\nmemory_clock=3201\nfans=1\nfan0=35\n";

impl Machine {
    /// A machine whose library is in `state`.
    fn new(state: &str) -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let library = folder.path().join("libnvidia-ml.so.1");
        fs::copy(FAKE.path().join("fake.so"), &library).expect("copied");
        let roots = Roots::new(&folder.path().join("proc"), &folder.path().join("sys"));
        let (_, reader) = GraphicsProcessors::new(&roots, INTERVAL, library.clone().into());
        let watch = Watch::new(&roots, library.into());
        let machine = Self { stage: TestStage::new(), watch, reader, folder, second: 0 };
        machine.set(state);
        machine
    }

    fn set(&self, state: &str) {
        fs::write(self.folder.path().join("state"), state).expect("written");
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default().replace('\n', " ")
    }

    /// Sets whether the GPU sleeps, of a laptop.
    fn set_sleep(&self, status: &str) {
        let (driver, kernel) =
            ("proc/driver/nvidia/gpus/0000:01:00.0", "sys/bus/pci/drivers/nvidia/0000:01:00.0/power");
        let write = |folder: &str, file: &str, text: &str| {
            let folder: PathBuf = self.folder.path().join(folder);
            fs::create_dir_all(&folder).expect("created");
            fs::write(folder.join(file), text).expect("written");
        };
        write(driver, "power", "Runtime D3 status:          Enabled (fine-grained)\n");
        write(kernel, "control", "auto\n");
        write(kernel, "runtime_status", status);
    }

    /// A turn a second after the last.
    fn turn(&mut self) -> Values {
        let now = self.stage.moment(Duration::from_secs(self.second));
        self.second += 1;
        self.reader.send(&self.stage.context, self.watch.read(now)).expect("is sent");
        self.stage.values()
    }
}

fn value(values: &Values, group: &str, name: &str) -> Option<f64> {
    values.get(&(group.to_owned(), name.to_owned())).copied()
}

#[test]
fn a_gpu_has_its_values_in_their_units() {
    let mut machine = Machine::new(ONE_GPU);
    let values = machine.turn();
    for (group, name, expected) in [
        ("gpu.busy", "0 NVIDIA H200", 0.3),
        ("gpu.memory_busy", "0 NVIDIA H200", 0.12),
        ("gpu.memory", "0 NVIDIA H200 used", 4_096.0),
        ("gpu.memory", "0 NVIDIA H200 total", 8_192.0),
        ("gpu.temperature", "0 NVIDIA H200", 41.0),
        ("gpu.power", "0 NVIDIA H200", 75.5),
        ("gpu.clock", "0 NVIDIA H200 graphics", 1.98e9),
        ("gpu.clock", "0 NVIDIA H200 memory", 3.201e9),
        ("gpu.fan", "0 NVIDIA H200 fan 0", 35.0),
    ] {
        assert_eq!(value(&values, group, name), Some(expected), "{group} {name}: {values:?}");
    }
    assert_eq!(values.len(), 9, "{values:?}");
    let series = machine.stage.live("gpu.memory");
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(series[0].labels, [label("uuid", "GPU-1"), label("state", "used")]);
    assert_eq!(machine.stage.left_out(), [""; 0]);
}

#[test]
fn what_a_gpu_does_not_state_has_no_series_and_what_cannot_be_read_has_no_value() {
    let mut machine = Machine::new("count=1\nuuid=GPU-1\nname=a\u{7}<b>\u{202e}\nbusy=30\ntemperature=41\n");
    assert_eq!(value(&machine.turn(), "gpu.busy", "0 a�<b>\u{202e}"), Some(0.3));
    assert_eq!(machine.stage.names("gpu.power").len() + machine.stage.names("gpu.fan").len(), 0);
    // A time-out.
    machine.set("count=1\nuuid=GPU-1\nname=a\nbusy=!10\ntemperature=41\n");
    assert_eq!(value(&machine.turn(), "gpu.busy", "0 a"), None);
    assert_eq!((machine.stage.names("gpu.busy").len(), machine.stage.left_out().len()), (1, 0));
}

#[test]
fn a_gpu_keeps_its_series_when_the_driver_numbers_it_anew_and_one_that_is_lost_ends() {
    let gpus = |first: &str, second: &str| {
        format!("count=2\n0.uuid={first}\n1.uuid={second}\n0.name={first}\n1.name={second}\nbusy=1\n")
    };
    let mut machine = Machine::new(&gpus("GPU-a", "GPU-b"));
    machine.turn();
    assert_eq!(machine.stage.names("gpu.busy"), ["0 GPU-a", "1 GPU-b"]);
    machine.set(&gpus("GPU-b", "GPU-a"));
    machine.turn();
    let live = machine.stage.live("gpu.busy");
    assert_eq!(live.len(), 2, "{live:?}");
    machine.set("count=2\n0.uuid=GPU-b\n1.uuid=!15\nname=b\nbusy=1\n");
    machine.turn();
    assert_eq!(machine.stage.live("gpu.busy").len(), 1);
    let stated = machine.stage.left_out();
    assert!(
        stated.len() == 1 && stated[0].starts_with("GPU 1: ") && stated[0].ends_with(": it is not measured"),
        "{stated:?}"
    );
}

#[test]
fn without_the_library_nothing_is_measured_or_stated() {
    let mut machine = Machine::new(ONE_GPU);
    fs::remove_file(machine.folder.path().join("libnvidia-ml.so.1")).expect("removed");
    assert_eq!((machine.turn().len(), machine.stage.left_out().len()), (0, 0));
}

#[test]
fn a_library_that_fails_is_stated_and_opened_again_after_a_minute() {
    // The driver is not loaded.
    let mut machine = Machine::new("init=!9\n");
    assert_eq!(machine.turn().len(), 0);
    let stated = machine.stage.left_out();
    assert!(stated.len() == 1 && stated[0].starts_with("GPUs are not measured: "), "{stated:?}");
    machine.set(ONE_GPU);
    machine.second = 59;
    assert_eq!((machine.turn().len(), machine.log().as_str()), (0, "init "));
    assert_eq!(machine.turn().len(), 9);
    assert_eq!(machine.stage.left_out(), [""; 0]);
    // It fails again while it is open.
    machine.set("count=!999\n");
    machine.turn();
    assert_eq!((machine.stage.left_out().len(), machine.stage.names("gpu.busy").len()), (1, 0));
    assert_eq!(machine.log(), "init init shutdown ");
}

#[test]
fn a_file_that_is_no_library_is_stated() {
    let mut machine = Machine::new(ONE_GPU);
    for damaged in [&b""[..], b"\x7fELF", b"text"] {
        fs::write(machine.folder.path().join("libnvidia-ml.so.1"), damaged).expect("written");
        machine.turn();
        machine.second += 60;
        assert_eq!(machine.stage.left_out().len(), 1, "{damaged:?}");
    }
}

#[test]
fn a_gpu_that_may_sleep_is_left_alone_when_it_is_idle_and_not_woken() {
    let mut machine = Machine::new(&ONE_GPU.replace("busy=30", "busy=0"));
    machine.set_sleep("active");
    for _ in 0..=10 {
        assert_eq!(machine.turn().len(), 9);
    }
    assert_eq!(machine.log(), "init shutdown ", "idle for ten seconds");
    assert_eq!(machine.stage.left_out(), ["GPUs are measured only while they work: a reading would keep them awake"]);
    machine.set_sleep("suspended");
    for _ in 0..100 {
        assert_eq!(machine.turn().len(), 0);
    }
    assert_eq!((machine.log().as_str(), machine.stage.names("gpu.busy").len()), ("init shutdown ", 0));
    // A program uses it.
    machine.set(ONE_GPU);
    machine.set_sleep("active");
    for _ in 0..100 {
        assert_eq!(machine.turn().len(), 9);
    }
}

#[test]
fn an_idle_gpu_that_never_sleeps_stays_measured() {
    let mut machine = Machine::new(&ONE_GPU.replace("busy=30", "busy=0"));
    for _ in 0..100 {
        assert_eq!(machine.turn().len(), 9);
    }
    assert_eq!(machine.log(), "init ");
}

#[test]
fn the_reader_reads_on_a_thread_of_its_own() {
    let mut machine = Machine::new(ONE_GPU);
    assert_eq!(machine.stage.turn(&mut machine.reader).len(), 9);
}
