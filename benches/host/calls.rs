//! System calls that only Linux has.

use std::time::Duration;

use anyhow::Result;

#[cfg(target_os = "linux")]
mod linux {
    use anyhow::Context;
    use nix::sched::CloneFlags;
    use nix::sys::prctl;
    use nix::time::{ClockId, clock_gettime};
    use nix::unistd::Pid;

    use super::{Duration, Result};

    /// User and system time of all threads of a process, also of those that have ended, in nanoseconds: `/proc/PID/stat` counts
    /// hundredths of a second.
    pub(crate) fn process_cpu_time(process: u32) -> Result<Duration> {
        let id = Pid::from_raw(i32::try_from(process)?);
        let clock = ClockId::pid_cpu_clock_id(id).with_context(|| format!("process {process} has ended"))?;
        Ok(clock.now()?.into())
    }

    /// User and system time of this thread.
    pub(crate) fn thread_cpu_time() -> Result<Duration> {
        Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
    }

    /// Lets this thread wake up within a microsecond after it is due, in place of 50.
    pub(crate) fn set_short_timer_slack() -> Result<()> {
        Ok(prctl::set_timerslack(1_000)?)
    }

    /// Moves this thread, and the threads and processes that it will start, to a network of their own.
    pub(crate) fn enter_new_network() -> Result<()> {
        nix::sched::unshare(CloneFlags::CLONE_NEWNET).context("a network namespace requires root")
    }

    /// Asks a process to end.
    pub(crate) fn terminate(process: u32) -> Result<()> {
        Ok(nix::sys::signal::kill(Pid::from_raw(i32::try_from(process)?), nix::sys::signal::SIGTERM)?)
    }
}

#[cfg(not(target_os = "linux"))]
mod linux {
    use anyhow::bail;

    use super::{Duration, Result};

    const ELSEWHERE: &str = "this bench requires Linux";

    pub(crate) fn process_cpu_time(_process: u32) -> Result<Duration> {
        bail!(ELSEWHERE)
    }

    pub(crate) fn thread_cpu_time() -> Result<Duration> {
        bail!(ELSEWHERE)
    }

    pub(crate) fn set_short_timer_slack() -> Result<()> {
        bail!(ELSEWHERE)
    }

    pub(crate) fn enter_new_network() -> Result<()> {
        bail!(ELSEWHERE)
    }

    pub(crate) fn terminate(_process: u32) -> Result<()> {
        bail!(ELSEWHERE)
    }
}

pub(crate) use linux::*;
