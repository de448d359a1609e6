//! The floor: a thread that wakes up as often as the source and reads the same files of the kernel, without parsing them.
//!
//! What it costs is the kernel's; a source can save it only if it reads less. Like the source, it keeps the files open, and reads a
//! list until the kernel has no more of it.

use std::fmt;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use benches::report::figure;

use crate::calls::{set_short_timer_slack, thread_cpu_time};

/// Larger than any text.
const BUFFER_BYTES: usize = 1 << 20;

/// How the kernel hands out a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    /// In one call.
    Whole,
    /// In pages, until a call returns nothing.
    Paged,
}

/// A rate that is never reached: the file is read in each reading.
const ALWAYS: u32 = u32::MAX;

/// The files that the source reads, and how often a second at most. Those of the network are those of the calling thread's network.
const FILES: [(&str, &str, Delivery, u32); 11] = [
    ("stat", "/proc/stat", Delivery::Whole, ALWAYS),
    ("schedstat", "/proc/schedstat", Delivery::Paged, ALWAYS),
    ("meminfo", "/proc/meminfo", Delivery::Whole, ALWAYS),
    ("diskstats", "/proc/diskstats", Delivery::Paged, ALWAYS),
    ("net/dev", "/proc/thread-self/net/dev", Delivery::Paged, ALWAYS),
    ("pressure/cpu", "/proc/pressure/cpu", Delivery::Whole, ALWAYS),
    ("pressure/memory", "/proc/pressure/memory", Delivery::Whole, ALWAYS),
    ("pressure/io", "/proc/pressure/io", Delivery::Whole, ALWAYS),
    ("vmstat", "/proc/vmstat", Delivery::Paged, 100),
    ("net/snmp", "/proc/thread-self/net/snmp", Delivery::Whole, 1),
    ("net/netstat", "/proc/thread-self/net/netstat", Delivery::Whole, 1),
];

struct KernelFile {
    name: &'static str,
    file: File,
    delivery: Delivery,
    most_hz: u32,
}

/// The files that this kernel has.
pub(crate) struct Floor {
    files: Vec<KernelFile>,
}

/// What the thread does when it wakes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Nothing,
    Reads,
}

/// Figures of the thread.
pub(crate) struct FloorRun {
    /// In percent of a core.
    pub(crate) cpu_percent: f64,
    /// Times between two wake-ups, in milliseconds.
    pub(crate) gaps_ms: Vec<f64>,
}

/// Cost of a file.
pub(crate) struct FileCost {
    pub(crate) name: &'static str,
    /// Most readings a second; `None` without a limit.
    pub(crate) most_hz: Option<u32>,
    pub(crate) bytes: usize,
    pub(crate) us: f64,
}

impl Floor {
    /// Opens the files, in the network of this thread.
    pub(crate) fn open() -> Self {
        let open = |(name, path, delivery, most_hz)| {
            let file = KernelFile { name, file: File::open(path).ok()?, delivery, most_hz };
            // A kernel without pressure has its files, and refuses to read them.
            file.read(&mut vec![0; BUFFER_BYTES]).ok()?;
            Some(file)
        };
        Self { files: FILES.into_iter().filter_map(open).collect() }
    }

    /// Wakes up `hz` times a second, on a thread of its own.
    pub(crate) fn run(&self, hz: u32, time: Duration, work: Work) -> Result<FloorRun> {
        let run = || {
            let mut buffer = vec![0; BUFFER_BYTES];
            wake_up(hz, time, |number| match work {
                Work::Nothing => Ok(()),
                Work::Reads => {
                    let due = self.files.iter().filter(|file| number.is_multiple_of((hz / file.most_hz).max(1)));
                    due.into_iter().try_for_each(|file| file.read(&mut buffer).map(drop))
                }
            })
        };
        thread::scope(|scope| {
            let thread = thread::Builder::new().name("floor".to_owned()).spawn_scoped(scope, run)?;
            thread.join().map_err(|_| anyhow!("the floor panicked"))?
        })
    }

    /// CPU time of a reading of each file, the mean of `times`.
    pub(crate) fn files(&self, times: u32) -> Result<Vec<FileCost>> {
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut cost = |file: &KernelFile| {
            let mut bytes = 0;
            let before = thread_cpu_time()?;
            for _ in 0..times {
                bytes = file.read(&mut buffer)?;
            }
            let us = thread_cpu_time()?.saturating_sub(before).as_secs_f64() * 1e6 / f64::from(times);
            let most_hz = Some(file.most_hz).filter(|&hz| hz != ALWAYS);
            Ok(FileCost { name: file.name, most_hz, bytes, us })
        };
        self.files.iter().map(&mut cost).collect()
    }
}

impl KernelFile {
    /// Returns the length of the text.
    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let mut length = 0;
        loop {
            let read = self.file.read_at(&mut buffer[length..], length as u64).with_context(|| self.name)?;
            length += read;
            if read == 0 || self.delivery == Delivery::Whole {
                black_box(&buffer[..length]);
                return Ok(length);
            }
        }
    }
}

/// Calls `work` with the number of the wake-up at fixed times: a late wake-up does not delay the next, and missed ones are skipped.
fn wake_up(hz: u32, time: Duration, mut work: impl FnMut(u32) -> Result<()>) -> Result<FloorRun> {
    // If it is refused, the thread is up to 50 us later.
    let _refused = set_short_timer_slack();
    work(0)?;
    let interval = Duration::from_secs(1) / hz;
    let mut wake_ups = Vec::with_capacity((time.as_secs_f64() * f64::from(hz)) as usize + 2);
    let (started, cpu_before) = (Instant::now(), thread_cpu_time()?);
    let mut due = started;
    while due < started + time {
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
        }
        wake_ups.push(Instant::now());
        work(wake_ups.len() as u32)?;
        let missed = Instant::now().saturating_duration_since(due).as_nanos() / interval.as_nanos();
        due += interval * (missed as u32 + 1);
    }
    let cpu = thread_cpu_time()?.saturating_sub(cpu_before);
    let gaps_ms = wake_ups.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64() * 1e3).collect();
    Ok(FloorRun { cpu_percent: 100.0 * cpu.as_secs_f64() / started.elapsed().as_secs_f64(), gaps_ms })
}

/// The same for processes: lists `/proc` and reads `stat` of each process, once a second. In percent of a core.
pub(crate) fn list_processes(times: u32) -> Result<f64> {
    let mut text = Vec::new();
    let before = thread_cpu_time()?;
    for _ in 0..times {
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let process = name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
            if let Some(mut stat) = process.and_then(|id| File::open(format!("/proc/{id}/stat")).ok()) {
                text.clear();
                // The process may have ended.
                let _ended = stat.read_to_end(&mut text);
                black_box(&text);
            }
        }
    }
    Ok(100.0 * thread_cpu_time()?.saturating_sub(before).as_secs_f64() / f64::from(times))
}

impl fmt::Display for FloorRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} % of a core", figure(self.cpu_percent))
    }
}
