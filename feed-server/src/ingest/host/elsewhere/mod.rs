//! The readers of systems other than Linux, by the library `sysinfo`. Tests run them on Linux too.

#![cfg_attr(target_os = "linux", allow(dead_code, reason = "Linux has readers of its own"))]

pub(super) mod cpu;
mod device;
mod disk;
pub(super) mod memory;
pub(super) mod mount_table;
mod network;
mod own_process;
pub(super) mod processes;
mod rate;

use super::file_systems::FileSystems;
use super::own;
use super::reader::Reader;
use super::schedule::Cadence;
use super::settings::Wanted;

pub(super) const fn prepare_thread() {}

/// The readers, in the order of the page.
pub(super) fn readers(wanted: Wanted) -> Vec<(Cadence, Box<dyn Reader>)> {
    let Wanted { fastest, telemetry, processes, .. } = wanted;
    let mut readers = Readers::default();
    readers.add("CPU", cpu::Cores::new(fastest));
    readers.add("load average", Ok(cpu::Load::new(fastest)));
    readers.add("memory", memory::Memory::new(fastest));
    readers.add("disk I/O", Ok(disk::Traffic::new(fastest)));
    readers.add("disk space", Ok(FileSystems::new(fastest, mount_table::mounts)));
    readers.add("network", network::Network::new(fastest));
    readers.add("processes", processes::Processes::new(fastest, processes));
    readers.add("the feed", Ok(own::Feed::new(fastest, telemetry.clone())));
    readers.add("the feed's process", own_process::Process::new(fastest, telemetry));
    readers.0
}

#[derive(Default)]
struct Readers(Vec<(Cadence, Box<dyn Reader>)>);

impl Readers {
    /// Subjects that this system does not offer are skipped; the rest is measured.
    fn add<R: Reader + 'static>(&mut self, subject: &'static str, reader: Result<(Cadence, R), sysinfo::Error>) {
        match reader {
            Ok((cadence, reader)) => self.0.push((cadence, Box::new(reader))),
            Err(error) => tracing::warn!(subject, %error, "not measured: not available on this system"),
        }
    }
}
