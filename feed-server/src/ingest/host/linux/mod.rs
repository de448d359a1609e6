//! The readers of Linux, over the kernel's own files.
//!
//! | file | subject |
//! | --- | --- |
//! | `roots`, `kernel_file`, `text_file` | the folders of the kernel; one of its files, read again and again; one of many |
//! | `pace` | a subject that is slow |
//! | `cpu`, `cpu_modes`, `pressure`, `memory`, `disk`, `network`, `sockets`, `system` | a reader for each subject |
//! | `control_groups` | services, containers and sessions |
//! | `gpu` | graphics processors, by the library of their driver |
//! | `sensors` | temperatures, fans, frequencies, batteries |
//! | `mount_table` | the list of file systems |
//! | `processes` | all processes |
//! | `own_process` | the server's own process |
//!
//! A reader finds its lines during each reading; a line at its expected place costs one comparison. What is listed elsewhere
//! (whole disks) is listed at a rate of its own. Each reader has its own highest rate.

mod control_groups;
mod cpu;
mod cpu_modes;
mod disk;
mod gpu;
mod kernel_file;
mod memory;
pub(super) mod mount_table;
mod network;
mod own_process;
mod pace;
mod pressure;
mod processes;
pub(super) mod roots;
mod sensors;
mod sockets;
mod system;
mod text_file;

use std::time::Duration;

use nix::unistd::SysconfVar;

use self::roots::Roots;
use super::devices::Shown;
use super::file_systems::FileSystems;
use super::own;
use super::reader::Reader;
use super::schedule::Cadence;
use super::settings::Wanted;

/// The modes of a processor have the resolution of a tick.
const TEN_A_SECOND: Duration = Duration::from_millis(100);
/// Page traffic is counted in a text of 180 lines, which costs the kernel as much as all others together.
const HUNDRED_A_SECOND: Duration = Duration::from_millis(10);
/// Many series, values that the kernel itself updates every few seconds, and the counters of TCP and UDP, whose texts take longer than all
/// that are read faster.
const ONE_A_SECOND: Duration = Duration::from_secs(1);
/// Used if the system does not say how large a page is.
const PAGE_BYTES: u64 = 4_096;

/// Lets the thread wake up when it is due, and not up to 50 us later.
pub(super) fn prepare_thread() {
    // If it is refused, readings are a little late.
    let _refused = nix::sys::prctl::set_timerslack(1_000);
}

/// The readers, in the order of the page.
pub(super) fn readers(wanted: Wanted) -> Vec<(Cadence, Box<dyn Reader>)> {
    readers_of(&Roots::default(), wanted)
}

fn readers_of(roots: &Roots, wanted: Wanted) -> Vec<(Cadence, Box<dyn Reader>)> {
    let Wanted { fastest, shows_all, processes, telemetry } = wanted;
    let at_most = |limit: Duration| Cadence::Steady(fastest.max(limit));
    let (fast, hundred) = (Cadence::Steady(fastest), at_most(HUNDRED_A_SECOND));
    let one = at_most(ONE_A_SECOND);
    // The modes are those of some of the readings of the cores, at equal distances.
    let readings = TEN_A_SECOND.as_nanos().div_ceil(fastest.as_nanos().max(1));
    let ten = Cadence::Steady(fastest * u32::try_from(readings).unwrap_or(u32::MAX));
    let page_bytes = nix::unistd::sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
    let page_bytes = page_bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(PAGE_BYTES);
    let (used, moved) = if shows_all { (Shown::Always, Shown::Always) } else { (Shown::Used, Shown::Moved) };

    let mut readers: Vec<(Cadence, Box<dyn Reader>)> = vec![
        (fast, Box::new(cpu::Cores::new(roots, fast, ten))),
        (fast, Box::new(pressure::Pressure::new(roots, fast))),
        (one, Box::new(system::SystemState::new(roots, one))),
        (fast, Box::new(memory::Memory::new(roots, fast))),
        (hundred, Box::new(memory::Paging::new(roots, hundred, shows_all, page_bytes))),
        (fast, Box::new(disk::Disks::new(roots, fast, used))),
        (fast, Box::new(network::Interfaces::new(roots, fast, used, moved))),
        (one, Box::new(sockets::Sockets::new(roots, one, shows_all))),
        (one, Box::new(cpu_modes::CoreModes::new(roots, one, moved))),
    ];
    let table = roots.proc("self/mountinfo");
    let (cadence, file_systems) = FileSystems::new(fastest, move || mount_table::mounts(&table));
    readers.push((cadence, Box::new(file_systems)));
    let (cadence, processes) = processes::Processes::new(roots, fastest, page_bytes, processes);
    readers.push((cadence, Box::new(processes)));
    let (cadence, control_groups) = control_groups::ControlGroups::new(roots, fastest);
    readers.push((cadence, Box::new(control_groups)));
    let (cadence, sensors) = sensors::Sensors::new(roots, fastest);
    readers.push((cadence, Box::new(sensors)));
    let (cadence, gpus) = gpu::GraphicsProcessors::new(roots, fastest, gpu::LIBRARY.into());
    readers.push((cadence, Box::new(gpus)));
    let (cadence, feed) = own::Feed::new(fastest, telemetry.clone());
    readers.push((cadence, Box::new(feed)));
    let (cadence, own_process) = own_process::OwnProcess::new(roots, fastest, page_bytes, telemetry);
    readers.push((cadence, Box::new(own_process)));
    readers
}

#[cfg(test)]
mod tests;
