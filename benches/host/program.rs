//! A program that is compared with ours, and its CPU time and memory.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use benches::process_tree::ProcessTree;

use crate::calls::{process_cpu_time, terminate};
use crate::figures::MIB;

/// A program that has not ended so long after it was asked to is killed.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(50);

/// A program and the processes that it starts. Dropping it ends them.
pub(crate) struct Program {
    process: Child,
}

/// The CPU time of a program at one time.
pub(crate) struct CpuTime {
    at: Instant,
    time: Duration,
}

impl Program {
    /// Starts a program without output.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().display().to_string();
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { process: command.spawn().with_context(|| format!("cannot start {name}"))? })
    }

    fn tree(&self) -> ProcessTree {
        ProcessTree::of(self.process.id())
    }

    pub(crate) fn cpu_time(&self) -> Result<CpuTime> {
        let members = self.tree().members()?;
        // A process may end between the two reads.
        let time = |id: u32| process_cpu_time(id).unwrap_or_default();
        let times = members.iter().map(|member| time(member.id) + member.ended_children_time);
        Ok(CpuTime { time: times.sum(), at: Instant::now() })
    }

    /// Memory of all processes. Shared pages are counted once.
    pub(crate) fn memory_mib(&self) -> Result<f64> {
        Ok(self.tree().memory_bytes()? as f64 / MIB)
    }
}

impl CpuTime {
    /// From this to a later reading, in percent of a core.
    pub(crate) fn percent_until(&self, later: &Self) -> f64 {
        100.0 * later.time.saturating_sub(self.time).as_secs_f64() / (later.at - self.at).as_secs_f64()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let children = self.tree().members().unwrap_or_default();
        let _ended_already = terminate(self.process.id());
        let asked = Instant::now();
        while matches!(self.process.try_wait(), Ok(None)) {
            if asked.elapsed() > ENDS_WITHIN {
                let _ended_already = self.process.kill();
                let _ended = self.process.wait();
            }
            sleep(POLL);
        }
        // Those that it has left behind.
        for child in children.iter().filter(|child| child.id != self.process.id()) {
            let _ended_already = terminate(child.id);
        }
    }
}
