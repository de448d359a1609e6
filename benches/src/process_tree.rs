//! CPU time and memory of a process and its descendants, from Linux's `/proc`.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// Unit of CPU time in `/proc/PID/stat`: `USER_HZ`, 100 on every processor that we build for.
const TICKS_PER_SECOND: u32 = 100;

/// A process and its descendants.
#[derive(Clone, Copy, Debug)]
pub struct ProcessTree {
    root: u32,
}

/// A process of the tree. Its times have a resolution of 10 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: u32,
    /// User and system time of the process.
    pub own_time: Duration,
    /// The same of its children that have ended and that it has waited for.
    pub ended_children_time: Duration,
}

struct Process {
    parent: u32,
    own_ticks: u32,
    ended_children_ticks: u32,
}

impl ProcessTree {
    pub const fn of(root: u32) -> Self {
        Self { root }
    }

    /// User and system time so far.
    ///
    /// # Errors
    /// If the process has ended.
    pub fn cpu_time(self) -> Result<Duration> {
        Ok(self.members()?.iter().map(|member| member.own_time + member.ended_children_time).sum())
    }

    /// Memory in bytes. Shared pages are counted once.
    ///
    /// # Errors
    /// If the process has ended, or the kernel states no proportional size.
    pub fn memory_bytes(self) -> Result<u64> {
        // A process may end between the two reads.
        let memory = |member: Member| fs::read_to_string(format!("/proc/{}/smaps_rollup", member.id)).ok();
        let rollups = self.members()?.into_iter().filter_map(memory);
        rollups.map(|rollup| pss_bytes(&rollup).context("smaps_rollup has no line with Pss")).sum()
    }

    /// The processes that have not ended.
    ///
    /// # Errors
    /// If the first process has ended.
    pub fn members(self) -> Result<Vec<Member>> {
        let processes = processes()?;
        ensure!(processes.contains_key(&self.root), "process {} has ended", self.root);
        Ok(members(self.root, &processes))
    }
}

fn members(root: u32, processes: &HashMap<u32, Process>) -> Vec<Member> {
    let mut ids = vec![root];
    let mut place = 0;
    while let Some(&parent) = ids.get(place) {
        ids.extend(processes.iter().filter(|(_, process)| process.parent == parent).map(|(&id, _)| id));
        place += 1;
    }
    let time = |ticks: u32| Duration::from_secs(1) * ticks / TICKS_PER_SECOND;
    let member = |id: u32| {
        let process = processes.get(&id)?;
        Some(Member { id, own_time: time(process.own_ticks), ended_children_time: time(process.ended_children_ticks) })
    };
    ids.into_iter().filter_map(member).collect()
}

fn processes() -> Result<HashMap<u32, Process>> {
    let entries = fs::read_dir("/proc").context("this bench requires Linux: cannot read /proc")?;
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    // Processes that end meanwhile are skipped.
    Ok(ids.filter_map(|id: u32| Some((id, parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?))).collect())
}

/// The second field, the program's name, is in parentheses and may contain spaces and parentheses.
fn parse(stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // proc_pid_stat(5): state, parent, ..., utime, stime, cutime and cstime are the 3rd, 4th, and 14th to 17th.
    let ticks = |field: usize| fields.get(field)?.parse::<u32>().ok();
    let parent = fields.get(1)?.parse().ok()?;
    Some(Process { parent, own_ticks: ticks(11)? + ticks(12)?, ended_children_ticks: ticks(13)? + ticks(14)? })
}

fn pss_bytes(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_process_is_parsed_for_any_name() {
        let process =
            parse("42 (a) b (c) S 7 42 42 0 -1 4194560 900 0 0 0 250 50 30 4 20 0 3 0 100 9999").expect("is valid");
        assert_eq!((process.parent, process.own_ticks, process.ended_children_ticks), (7, 300, 34));
        assert!(parse("42 (cut").is_none());
    }

    #[test]
    fn a_tree_has_the_descendants_of_its_root_and_no_other_process() {
        let process = |parent, own_ticks| Process { parent, own_ticks, ended_children_ticks: 0 };
        let processes = HashMap::from([
            (1, process(0, 1)),
            (7, process(1, 2)),
            (8, process(7, 3)),
            (9, process(8, 4)),
            (5, process(1, 5)),
        ]);
        let mut ids: Vec<u32> = members(7, &processes).iter().map(|member| member.id).collect();
        ids.sort_unstable();
        assert_eq!(ids, [7, 8, 9]);
        assert_eq!(members(9, &processes)[0].own_time, Duration::from_millis(40));
    }

    #[test]
    fn the_proportional_size_is_in_kibibytes() {
        assert_eq!(pss_bytes("Rss:   100 kB\nPss:    12 kB\n"), Some(12_288));
        assert_eq!(pss_bytes("Rss:   100 kB\n"), None);
    }
}
