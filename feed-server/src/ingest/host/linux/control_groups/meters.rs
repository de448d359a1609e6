//! The files of one control group: its counters, and the values of each subject.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use protocol::column::{MISSING, is_missing};

use crate::ingest::host::counter::{Counter, Fall, Span};
use crate::ingest::host::kernel::fields::number;
use crate::ingest::host::kernel::{io_stat, keyed, pressure};
use crate::ingest::host::linux::text_file::TextBuffer;

/// What is shown of control groups, each in a group of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    Cpu,
    Memory,
    Io,
    Pressure,
    Throttled,
    Tasks,
}

pub(super) const SUBJECTS: [Subject; 6] =
    [Subject::Cpu, Subject::Memory, Subject::Io, Subject::Pressure, Subject::Throttled, Subject::Tasks];

/// `memory.stat` is not among them: the kernel adds up the memory of all groups below for it, which takes milliseconds.
const FILES: [&str; 7] =
    ["cpu.stat", "memory.current", "io.stat", "cpu.pressure", "memory.pressure", "io.pressure", "pids.current"];
const CPU: usize = 0;
const MEMORY: usize = 1;
const IO: usize = 2;
const PRESSURE: [usize; 3] = [3, 4, 5];
const TASKS: usize = 6;

/// The kernel counts periods of 100 ms, so a share over less than a second has few steps. Readings come a little early or late.
const THROTTLED_OVER: Duration = Duration::from_millis(950);

/// Places in [`FILES`], as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FileSet(u32);

impl FileSet {
    pub(super) const ALL: Self = Self((1 << FILES.len()) - 1);

    pub(super) const fn of(subject: Subject) -> Self {
        Self(match subject {
            Subject::Cpu | Subject::Throttled => 1 << CPU,
            Subject::Memory => 1 << MEMORY,
            Subject::Io => 1 << IO,
            Subject::Pressure => 1 << PRESSURE[0] | 1 << PRESSURE[1] | 1 << PRESSURE[2],
            Subject::Tasks => 1 << TASKS,
        })
    }

    pub(super) const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    const fn has(self, file: usize) -> bool {
        self.0 & 1 << file != 0
    }
}

/// A further label of a value, such as `direction` = `read`.
pub(super) type Part = Option<(&'static str, &'static str)>;

/// Reads the files of control groups, one after another.
pub(super) struct Files {
    path: PathBuf,
    text: TextBuffer,
    /// Numbers of block devices whose transfers are counted again by the devices below them.
    pub(super) stacked: Vec<Box<[u8]>>,
}

impl Files {
    pub(super) const fn new(text: TextBuffer) -> Self {
        Self { path: PathBuf::new(), text, stacked: Vec::new() }
    }

    fn read(&mut self, folder: &Path, file: usize) -> io::Result<&[u8]> {
        self.path.clear();
        self.path.push(folder);
        self.path.push(FILES[file]);
        self.text.read(&self.path)
    }
}

/// The control group does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

#[derive(Debug)]
pub(super) struct Meters {
    /// When each file was read.
    read_at: [Option<Instant>; FILES.len()],
    /// The files that could be read in the last reading.
    readable: FileSet,
    used_us: Counter,
    throttling: Throttling,
    memory_bytes: f64,
    transferred: [Counter; 2],
    waited_us: [Counter; 3],
    tasks: f64,
}

impl Meters {
    pub(super) fn new() -> Self {
        Self {
            read_at: [None; FILES.len()],
            readable: FileSet::default(),
            used_us: Counter::default(),
            throttling: Throttling::default(),
            memory_bytes: MISSING,
            transferred: [Counter::default(); 2],
            waited_us: [Counter::default(); 3],
            tasks: MISSING,
        }
    }

    /// Reads some files of the group. One that is missing or not understood has no value: the kernel offers files of the controllers
    /// that are enabled.
    pub(super) fn read(&mut self, folder: &Path, wanted: FileSet, files: &mut Files, now: Instant) -> Result<(), Gone> {
        let mut is_any_found = wanted == FileSet::default();
        self.readable = FileSet::default();
        for file in (0..FILES.len()).filter(|&file| wanted.has(file)) {
            let stacked = std::mem::take(&mut files.stacked);
            let text = files.read(folder, file);
            is_any_found |= text.is_ok();
            let is_read = text.is_ok_and(|text| self.take(file, text, &stacked, now).is_some());
            files.stacked = stacked;
            if is_read {
                self.read_at[file] = Some(now);
                self.readable.0 |= 1 << file;
            }
        }
        if is_any_found || folder.is_dir() { Ok(()) } else { Err(Gone) }
    }

    /// `None` if the text is not understood.
    fn take(&mut self, file: usize, text: &[u8], stacked: &[Box<[u8]>], now: Instant) -> Option<()> {
        let span = Span { before: self.read_at[file], at: now };
        match file {
            CPU => {
                const NAMES: [&str; 3] = ["usage_usec", "nr_periods", "nr_throttled"];
                let ([used_us, periods, throttled], _) = keyed::find(text, &NAMES);
                self.used_us.read(used_us?, span, Fall::Reset);
                self.throttling.read(periods.zip(throttled), now);
            }
            MEMORY => self.memory_bytes = number(text.trim_ascii())? as f64,
            IO => {
                let (sum, skipped) = io_stat::sum(text, |device| !stacked.iter().any(|other| &**other == device));
                if skipped > 0 {
                    return None;
                }
                self.transferred[0].read(sum.read_bytes, span, Fall::Reset);
                self.transferred[1].read(sum.written_bytes, span, Fall::Reset);
            }
            TASKS => self.tasks = number(text.trim_ascii())? as f64,
            resource => self.waited_us[resource - PRESSURE[0]].read(pressure::parse(text).some_us?, span, Fall::Reset),
        }
        Some(())
    }

    /// The values of a subject in the last reading: [`MISSING`] if a rate is not known yet.
    pub(super) fn values(&self, subject: Subject) -> impl Iterator<Item = (Part, f64)> + use<> {
        let [read, written] = self.transferred.each_ref().map(Counter::per_second);
        let [cpu, memory, io] = self.waited_us.each_ref().map(|waited| waited.share_of(1e6));
        let has = |file: usize, part: Part, value: f64| self.readable.has(file).then_some((part, value));
        let values = match subject {
            Subject::Cpu => [has(CPU, None, self.used_us.times(1e-4)), None, None],
            Subject::Memory => [has(MEMORY, None, self.memory_bytes), None, None],
            Subject::Io => {
                let direction = |direction, value| has(IO, Some(("direction", direction)), value);
                [direction("read", read), direction("written", written), None]
            }
            Subject::Pressure => {
                let resource = |place: usize, name, value| has(PRESSURE[place], Some(("resource", name)), value);
                [resource(0, "cpu", cpu), resource(1, "memory", memory), resource(2, "io", io)]
            }
            Subject::Throttled => [self.throttling.share.and_then(|share| has(CPU, None, share)), None, None],
            Subject::Tasks => [has(TASKS, None, self.tasks), None, None],
        };
        values.into_iter().flatten()
    }

    /// The rank of the group in a subject: the sum of its values. `None` if none is known.
    pub(super) fn rank(&self, subject: Subject) -> Option<f64> {
        self.values(subject).map(|(_, value)| value).filter(|value| value.is_finite()).reduce(|sum, value| sum + value)
    }
}

/// The share of periods in which a group with a quota of CPU time had used it up.
#[derive(Debug, Default)]
struct Throttling {
    last: Option<(Instant, u64, u64)>,
    /// `None` for a group that never had a quota; [`MISSING`] if the share is not known yet.
    share: Option<f64>,
}

impl Throttling {
    fn read(&mut self, counted: Option<(u64, u64)>, now: Instant) {
        let Some((periods, throttled)) = counted.filter(|&(periods, _)| periods > 0) else {
            *self = Self::default();
            return;
        };
        match self.last {
            Some((at, ..)) if now.saturating_duration_since(at) < THROTTLED_OVER => return,
            // Without a new period, nothing ran.
            Some((_, before, throttled_before)) if before <= periods && throttled_before <= throttled => {
                let (periods, throttled) = (periods - before, throttled - throttled_before);
                self.share = Some(throttled.min(periods) as f64 / periods.max(1) as f64);
            }
            _ => self.share = Some(MISSING),
        }
        self.last = Some((now, periods, throttled));
    }
}

/// For a row: no value if it is not known.
pub(super) fn known(value: f64) -> Option<f64> {
    Some(value).filter(|&value| !is_missing(value))
}
