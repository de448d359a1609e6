//! A machine for tests: folders that stand for `/proc` and `/sys`, and a reader over them with a clock that the test sets.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tempfile::TempDir;

use super::pace::Pace;
use super::scan::Scanner;
use super::{INTERVAL, Processes};
use crate::ingest::host::linux::roots::Roots;
use crate::ingest::host::percent_of::PercentOf;
use crate::ingest::host::reader::Moment;
use crate::ingest::host::schedule::Cadence;
use crate::ingest::host::test_stage::{Rows, TestStage};

pub(super) const PAGE_BYTES: u64 = 4_096;

/// What the files of a process state.
#[derive(Clone, Copy)]
pub(super) struct Of<'n> {
    pub(super) name: &'n [u8],
    pub(super) parent: u32,
    pub(super) ticks: u64,
    pub(super) children_ticks: u64,
    pub(super) threads: u64,
    pub(super) started: u64,
    pub(super) pages: u64,
}

pub(super) const PLAIN: Of<'static> =
    Of { name: b"plain", parent: 1, ticks: 0, children_ticks: 0, threads: 1, started: 100, pages: 0 };

/// A clock that the test sets.
#[derive(Clone)]
pub(super) struct Set(Arc<Mutex<Moment>>);

impl Pace for Set {
    fn begin(&mut self) -> Moment {
        *self.0.lock()
    }

    fn rest(&mut self, _slices: usize) -> Instant {
        self.0.lock().instant
    }
}

pub(super) struct Machine {
    _folder: TempDir,
    pub(super) proc: PathBuf,
    pub(super) sys: PathBuf,
    pub(super) stage: TestStage,
    clock: Set,
    reader: Processes,
    /// The time of the next scan.
    pub(super) seconds: u64,
}

impl Machine {
    pub(super) fn new() -> Self {
        Self::with(PercentOf::Core, |_| {})
    }

    pub(super) fn with(percent_of: PercentOf, change: impl FnOnce(&mut Scanner<Set>)) -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (proc, sys) = (folder.path().join("proc"), folder.path().join("sys"));
        fs::create_dir_all(sys.join("devices/system/cpu")).expect("created");
        fs::write(sys.join("devices/system/cpu/online"), "0-3\n").expect("written");
        let stage = TestStage::new();
        let clock = Set(Arc::new(Mutex::new(stage.moment(Duration::ZERO))));
        let mut scanner = Scanner::new(&Roots::new(&proc, &sys), PAGE_BYTES, percent_of, clock.clone());
        change(&mut scanner);
        let reader = Processes::of(Cadence::Steady(INTERVAL), percent_of, scanner);
        let mut machine = Self { _folder: folder, proc, sys, stage, clock, reader, seconds: 0 };
        machine.process(1, Of { started: 1, parent: 0, ..PLAIN });
        machine
    }

    /// Writes the files of a process. It has no file `io`.
    pub(super) fn process(&mut self, pid: u32, of: Of<'_>) {
        let Of { name, parent, ticks, children_ticks, threads, started, pages } = of;
        let folder = self.proc.join(pid.to_string());
        fs::create_dir_all(&folder).expect("created");
        let before = format!("{pid} (").into_bytes();
        let after = format!(
            ") S {parent} 1 1 0 -1 0 0 0 0 0 {ticks} 0 {children_ticks} 0 20 0 {threads} 0 {started} 999 {pages} 18446744073709551615\n"
        );
        fs::write(folder.join("stat"), [&before, name, after.as_bytes()].concat()).expect("written");
    }

    pub(super) fn disk(&self, pid: u32, read: u64, written: u64) {
        let text = format!("rchar: 9\nread_bytes: {read}\nwrite_bytes: {written}\ncancelled_write_bytes: 0\n");
        fs::write(self.proc.join(pid.to_string()).join("io"), text).expect("written");
    }

    pub(super) fn end(&self, pid: u32) {
        fs::remove_dir_all(self.proc.join(pid.to_string())).expect("removed");
    }

    /// A scan, a second after the last one.
    pub(super) fn scan(&mut self) -> Rows {
        let now = self.stage.moment(Duration::from_secs(self.seconds));
        self.seconds += 1;
        *self.clock.0.lock() = now;
        self.stage.read(&mut self.reader, now)
    }
}

pub(super) fn value(rows: &Rows, group: &str, series: &str) -> Option<f64> {
    rows.get(group)?.get(series).copied()
}
