//! CPU time and memory of this process, as the kernel counts them.

use std::fs;
use std::time::Duration;

/// The kernel reports CPU time in hundredths of a second (`USER_HZ`, proc(5)).
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// CPU time since the process started, in its own code.
    pub user: Duration,
    /// CPU time since the process started, in the kernel on its behalf.
    pub system: Duration,
    pub resident_bytes: u64,
    /// Open files and sockets.
    pub open_files: u64,
}

impl Usage {
    /// The usage of this process; `None` without a `/proc`.
    #[expect(clippy::disallowed_methods, reason = "`/proc/self` is in memory: nothing to wait for")]
    pub fn now() -> Option<Self> {
        let (stat, status) =
            (fs::read_to_string("/proc/self/stat").ok()?, fs::read_to_string("/proc/self/status").ok()?);
        let open_files = fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64);
        Self::parse(&stat, &status, open_files)
    }

    /// Parses proc(5)'s `stat` and `status`. The process's name in `stat`, in brackets, may contain anything.
    fn parse(stat: &str, status: &str, open_files: u64) -> Option<Self> {
        let (_, fields) = stat.rsplit_once(')')?;
        // Numbered as in proc(5), where the first field after the name is field 3.
        let seconds = |number: usize| {
            let ticks: u64 = fields.split_whitespace().nth(number - 3)?.parse().ok()?;
            Some(Duration::from_secs_f64(ticks as f64 / TICKS_PER_SECOND))
        };
        // Not field 24 of `stat`, which counts pages: their size depends on the machine.
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
        let resident_bytes = resident.parse::<u64>().ok()? * 1_024;
        Some(Self { user: seconds(14)?, system: seconds(15)?, resident_bytes, open_files })
    }

    /// User and system time.
    pub fn cpu(&self) -> Duration {
        self.user + self.system
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_and_status_are_parsed_for_any_process_name() {
        let stat =
            "42 (a) b (c) S 1 42 42 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 3 0 100 9999 512 18446744073709551615 1";
        let status = "Name:\ta) b (c\nVmHWM:\t    9000 kB\nVmRSS:\t    2048 kB\nThreads:\t3\n";
        let usage = Usage::parse(stat, status, 7).expect("both are valid");
        assert_eq!(usage.user, Duration::from_millis(2_500));
        assert_eq!(usage.cpu(), Duration::from_secs(3));
        assert_eq!((usage.resident_bytes, usage.open_files), (2_048 * 1_024, 7));
        assert_eq!(Usage::parse("42 (cut", status, 0), None);
        assert_eq!(Usage::parse(stat, "Name:\tfeed\n", 0), None);
    }
}
