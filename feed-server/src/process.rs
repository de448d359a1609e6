//! What this process takes of its machine, as the kernel counts it.

use std::fs;
use std::time::Duration;

/// The kernel tells CPU time in hundredths of a second, whatever it counts in (`USER_HZ`, proc(5)).
const TICKS_A_SECOND: f64 = 100.0;
const PAGE_BYTES: u64 = 4_096;

/// What the process has taken so far, or holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// CPU time in its own code.
    pub user: Duration,
    /// CPU time in the kernel on its behalf.
    pub system: Duration,
    /// Memory that it holds.
    pub resident_bytes: u64,
    /// Files and sockets that it has open.
    pub open_files: u64,
}

impl Usage {
    /// Of this process. None where there is no `/proc`.
    pub fn now() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let open_files = fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64);
        Self::of(&stat, open_files)
    }

    /// Of a line of proc(5)'s `stat`. The process's name, in brackets, may hold anything.
    fn of(stat: &str, open_files: u64) -> Option<Self> {
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        // Numbered as in proc(5), where the first after the name is field 3.
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let seconds = |ticks: u64| Duration::from_secs_f64(ticks as f64 / TICKS_A_SECOND);
        Some(Self {
            user: seconds(field(14)?),
            system: seconds(field(15)?),
            resident_bytes: field(24)? * PAGE_BYTES,
            open_files,
        })
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
    fn a_line_of_stat_is_read_whatever_the_name() {
        let line =
            "42 (a) b (c) S 1 42 42 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 3 0 100 9999 512 18446744073709551615 1";
        let usage = Usage::of(line, 7).expect("a line of stat");
        assert_eq!(usage.user, Duration::from_millis(2_500));
        assert_eq!(usage.cpu(), Duration::from_secs(3));
        assert_eq!((usage.resident_bytes, usage.open_files), (512 * 4_096, 7));
        assert_eq!(Usage::of("42 (cut", 0), None);
    }
}
