//! CPU time of a browser by kind of process.
//!
//! The same work costs up to twice the CPU time on a machine whose other programs take the caches and cores. That shows in all kinds
//! of processes alike, and in the time for which their threads wait for a core; work that the browser adds shows in one kind.

use std::fs;
use std::ops::Sub;
use std::time::Duration;

use anyhow::Result;

use crate::process_tree::{Member, ProcessTree};
use crate::task_time::{TaskTime, ThreadTimes};

/// Kinds of processes of Chromium, by the option `--type` of their command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessKind {
    /// The first process, and those of no other kind.
    Browser,
    /// Runs the page: scripts, layout, painting of tiles, the canvases.
    Renderer,
    /// Composites the layers of the screen, in software if there is no GPU.
    Gpu,
    /// Network and other services.
    Service,
}

impl ProcessKind {
    pub const ALL: [Self; 4] = [Self::Renderer, Self::Gpu, Self::Browser, Self::Service];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Renderer => "renderer",
            Self::Gpu => "GPU process",
            Self::Service => "services",
        }
    }

    /// The kind of a process with this command line. Its arguments end with zero bytes, those of a process that Chromium has forked
    /// with spaces.
    fn of(command_line: &[u8]) -> Self {
        let mut arguments = command_line.split(|&byte| byte == 0 || byte == b' ');
        match arguments.find_map(|argument| argument.strip_prefix(b"--type=")) {
            Some(b"renderer") => Self::Renderer,
            Some(b"gpu-process") => Self::Gpu,
            Some(b"utility") => Self::Service,
            _ => Self::Browser,
        }
    }
}

/// CPU time of all processes of a browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrowserTime {
    /// In the order of [`ProcessKind::ALL`].
    by_kind: [Duration; ProcessKind::ALL.len()],
    /// Time for which threads were ready, and other tasks were on the cores.
    waiting: Duration,
}

impl BrowserTime {
    /// # Errors
    /// If the browser has ended, or the system is not Linux.
    pub fn read(processes: ProcessTree) -> Result<Self> {
        let mut time = Self::default();
        for Member { id, own_time, ended_children_time } in processes.members()? {
            // A process may end between the reads.
            let Ok(command_line) = fs::read(format!("/proc/{id}/cmdline")) else { continue };
            let kind = ProcessKind::of(&command_line);
            let place = ProcessKind::ALL.iter().position(|&known| known == kind).unwrap_or_default();
            time.by_kind[place] += own_time + ended_children_time;
            if let Ok(threads) = ThreadTimes::read(id) {
                let none = ThreadTimes::default();
                let sum = threads.since(&none).into_values().fold(TaskTime::default(), |sum, time| sum + time);
                time.waiting += sum.waiting;
            }
        }
        Ok(time)
    }

    pub fn all(&self) -> Duration {
        self.by_kind.iter().sum()
    }

    pub fn of(&self, kind: ProcessKind) -> Duration {
        ProcessKind::ALL.iter().zip(self.by_kind).filter(|&(&known, _)| known == kind).map(|(_, time)| time).sum()
    }

    pub const fn waiting(&self) -> Duration {
        self.waiting
    }
}

impl Sub for BrowserTime {
    type Output = Self;

    /// Zero in place of a negative difference.
    fn sub(self, earlier: Self) -> Self {
        let mut by_kind = self.by_kind;
        by_kind.iter_mut().zip(earlier.by_kind).for_each(|(time, before)| *time = time.saturating_sub(before));
        Self { by_kind, waiting: self.waiting.saturating_sub(earlier.waiting) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_command_line() {
        let kind = |arguments: &[&str]| ProcessKind::of(arguments.join("\0").as_bytes());
        assert_eq!(kind(&["/usr/lib/chromium/chromium", "--headless"]), ProcessKind::Browser);
        assert_eq!(kind(&["chromium", "--type=renderer", "--lang=en"]), ProcessKind::Renderer);
        assert_eq!(kind(&["chromium --type=gpu-process --no-sandbox "]), ProcessKind::Gpu);
        assert_eq!(kind(&["chromium", "--type=utility", "--utility-sub-type=network"]), ProcessKind::Service);
        assert_eq!(kind(&["chromium", "--type=zygote"]), ProcessKind::Browser);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_time_of_this_process_is_that_of_a_browser() {
        let time = BrowserTime::read(ProcessTree::of(std::process::id())).expect("is readable");
        assert_eq!(time.all(), time.of(ProcessKind::Browser));
        assert_eq!((time - time).all(), Duration::ZERO);
    }
}
