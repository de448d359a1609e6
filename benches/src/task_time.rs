//! CPU time of threads, in nanoseconds, from Linux's `/proc/PID/task/TID/schedstat`.

use std::collections::BTreeMap;
use std::fs;
use std::ops::{Add, Sub};
use std::time::Duration;

use anyhow::{Context, Result};

/// What the scheduler counts of a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskTime {
    /// Time on a processor.
    pub running: Duration,
    /// Time for which it was ready and another task was on the processor.
    pub waiting: Duration,
    /// Number of times that it was put on a processor.
    pub runs: u64,
}

impl TaskTime {
    /// Parses `running waiting runs`, the first two in nanoseconds.
    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split_whitespace().map(|field| field.parse::<u64>().ok());
        let [running, waiting, runs] = [fields.next()??, fields.next()??, fields.next()??];
        Some(Self { running: Duration::from_nanos(running), waiting: Duration::from_nanos(waiting), runs })
    }
}

impl Add for TaskTime {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (running, waiting) = (self.running + other.running, self.waiting + other.waiting);
        Self { running, waiting, runs: self.runs + other.runs }
    }
}

impl Sub for TaskTime {
    type Output = Self;

    /// Zero in place of a negative difference.
    fn sub(self, earlier: Self) -> Self {
        Self {
            running: self.running.saturating_sub(earlier.running),
            waiting: self.waiting.saturating_sub(earlier.waiting),
            runs: self.runs.saturating_sub(earlier.runs),
        }
    }
}

/// The times of the threads of a process that have not ended, by their number.
#[derive(Clone, Debug, Default)]
pub struct ThreadTimes {
    threads: BTreeMap<u32, (String, TaskTime)>,
}

impl ThreadTimes {
    /// Reads all threads.
    ///
    /// # Errors
    /// If the process has ended, or the system is not Linux.
    pub fn read(process: u32) -> Result<Self> {
        let folder = format!("/proc/{process}/task");
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {folder}"))?;
        let threads = entries.filter_map(|entry| {
            // Threads that end meanwhile are skipped.
            let thread: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let read = |file: &str| fs::read_to_string(format!("{folder}/{thread}/{file}")).ok();
            // The first thread has the name of the program.
            let name = if thread == process { "main".to_owned() } else { read("comm")?.trim_end().to_owned() };
            Some((thread, (name, TaskTime::parse(&read("schedstat")?)?)))
        });
        Ok(Self { threads: threads.collect() })
    }

    /// The differences between `earlier` and these times, summed over the threads of each name. Threads that have ended since
    /// count nothing. Empty on a kernel that does not count these times.
    pub fn since(&self, earlier: &Self) -> BTreeMap<&str, TaskTime> {
        let mut sums: BTreeMap<&str, TaskTime> = BTreeMap::new();
        for (thread, (name, time)) in &self.threads {
            let before = earlier.threads.get(thread).map_or(TaskTime::default(), |(_, time)| *time);
            let sum = sums.entry(name).or_default();
            *sum = *sum + (*time - before);
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(running: u64, waiting: u64, runs: u64) -> TaskTime {
        TaskTime { running: Duration::from_nanos(running), waiting: Duration::from_nanos(waiting), runs }
    }

    fn times<const N: usize>(threads: [(u32, &str, TaskTime); N]) -> ThreadTimes {
        ThreadTimes { threads: threads.into_iter().map(|(id, name, time)| (id, (name.to_owned(), time))).collect() }
    }

    #[test]
    fn a_line_has_three_numbers() {
        assert_eq!(TaskTime::parse("115039 624516 2\n"), Some(time(115_039, 624_516, 2)));
        for damaged in ["", "1 2", "1 -2 3", "1 2 x"] {
            assert_eq!(TaskTime::parse(damaged), None, "{damaged}");
        }
    }

    #[test]
    fn threads_that_began_or_ended_meanwhile_are_counted_as_far_as_they_are_known() {
        let before =
            times([(1, "host", time(100, 10, 1)), (2, "host", time(500, 50, 5)), (4, "worker", time(1, 1, 1))]);
        let after = times([(1, "host", time(150, 15, 3)), (3, "host", time(7, 0, 1)), (4, "worker", time(9, 9, 9))]);
        let expected = [("host", time(57, 5, 3)), ("worker", time(8, 8, 8))];
        assert_eq!(after.since(&before), BTreeMap::from(expected));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_threads_of_this_process_are_read() {
        let threads = ThreadTimes::read(std::process::id()).expect("is readable");
        assert!(threads.since(&ThreadTimes::default())["main"].running > Duration::ZERO);
    }
}
