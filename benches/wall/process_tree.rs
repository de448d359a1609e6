//! CPU time and memory of all processes of a browser, from Linux's `/proc`.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// Unit of CPU time in `/proc/PID/stat`: `USER_HZ`, 100 on every processor that we build for.
const TICKS_PER_SECOND: u32 = 100;

/// A process and its descendants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessTree {
    root: u32,
}

struct Process {
    parent: u32,
    /// User and system time, including children that have ended.
    ticks: u32,
}

impl ProcessTree {
    pub(crate) const fn of(root: u32) -> Self {
        Self { root }
    }

    /// User and system time so far.
    pub(crate) fn cpu_time(self) -> Result<Duration> {
        let processes = processes()?;
        let ticks: u32 = self.members(&processes)?.iter().map(|id| processes[id].ticks).sum();
        Ok(Duration::from_secs(1) * ticks / TICKS_PER_SECOND)
    }

    /// Memory in bytes. Shared pages are counted once.
    pub(crate) fn memory_bytes(self) -> Result<u64> {
        // A process may end between the two reads.
        let memory = |id: &u32| fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok();
        let rollups = self.members(&processes()?)?.into_iter().filter_map(|id| memory(&id));
        rollups.map(|rollup| pss_bytes(&rollup).context("smaps_rollup has no line with Pss")).sum()
    }

    fn members(self, processes: &HashMap<u32, Process>) -> Result<HashSet<u32>> {
        ensure!(processes.contains_key(&self.root), "the browser has ended");
        let mut members = HashSet::from([self.root]);
        loop {
            let found = processes.iter().filter(|(_, process)| members.contains(&process.parent)).map(|(&id, _)| id);
            let grown: HashSet<u32> = members.iter().copied().chain(found).collect();
            if grown.len() == members.len() {
                return Ok(members);
            }
            members = grown;
        }
    }
}

fn processes() -> Result<HashMap<u32, Process>> {
    let entries = fs::read_dir("/proc").context("the wall requires Linux: cannot read /proc")?;
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    // Processes that end meanwhile are skipped.
    Ok(ids.filter_map(|id: u32| Some((id, parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?))).collect())
}

/// The second field, the program's name, is in parentheses and may contain spaces and parentheses.
fn parse(stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // proc_pid_stat(5): state, parent, ..., utime, stime, cutime and cstime are the 3rd, 4th, and 14th to 17th.
    let ticks = fields.get(11..15)?.iter().map(|field| field.parse::<u32>()).sum::<Result<_, _>>().ok()?;
    Some(Process { parent: fields.get(1)?.parse().ok()?, ticks })
}

fn pss_bytes(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1_024)
}
