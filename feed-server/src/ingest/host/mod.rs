//! This machine: processors, memory, disks, network, processes, and the server itself.
//!
//! | file | subject |
//! | --- | --- |
//! | `reader` | the interface of a reader |
//! | `schedule` | the times at which readers are due |
//! | `own_thread` | a reading that takes longer than the common thread may wait |
//! | `group`, `devices` | a group whose values are rounded; groups of things with the same counters |
//! | `order` | the order of the groups on a page |
//! | `settings`, `percent_of` | what is measured, and how often; a setting of processes |
//! | `counter`, `busy_time`, `roster`, `rounding`, `busiest` | counters to rates; the busy time of a processor; things that come and go; the resolution of values; the selection of busy processes |
//! | `kernel` | the texts of the kernel |
//! | `linux` | the readers of these texts |
//! | `elsewhere` | the readers of other systems, by a library |
//! | `file_systems`, `own` | the readers of all systems: file systems; the server itself |
//! | `test_stage` | calls a reader in tests |
//!
//! Readers are independent. They run one after another on one thread, at first in the order of the page. What can block
//! (each file system, the list of processes) is read on other threads.

#![allow(clippy::disallowed_methods, reason = "on the threads of the source")]
#![cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "parts are of the readers of Linux only"))]

mod busiest;
#[cfg(target_os = "linux")]
mod busy_time;
mod counter;
#[cfg(target_os = "linux")]
mod devices;
#[cfg(any(test, not(target_os = "linux")))]
mod elsewhere;
mod file_systems;
#[cfg(all(test, target_os = "linux"))]
mod fixture;
mod group;
pub mod kernel;
#[cfg(target_os = "linux")]
mod linux;
mod order;
mod own;
mod own_thread;
mod percent_of;
mod reader;
#[cfg(target_os = "linux")]
mod roster;
mod rounding;
mod schedule;
mod settings;
#[cfg(test)]
mod test_stage;

use std::time::{Duration, Instant};

#[cfg(not(target_os = "linux"))]
use self::elsewhere as platform;
pub use self::file_systems::space_reading::Reading as SpaceReading;
#[cfg(target_os = "linux")]
use self::linux as platform;
pub use self::percent_of::PercentOf;
use self::platform::mount_table;
use self::reader::{Moment, Reader};
use self::schedule::{Cadence, Schedule};
pub use self::settings::HostSettings;
use self::settings::Wanted;
use super::blocking::{Blocking, BlockingContext, BlockingSource};
use super::settings::SourceSettings;
use super::source::{Source, SourceError};
use crate::telemetry::Telemetry;

const IDLE: &str =
    "interfaces, disks and counters of errors that have not moved: `--source host:idle=true` shows them at once";
/// A reader whose group or series is refused is called again after this time; the others continue.
const REGISTER_AGAIN: Duration = Duration::from_mins(1);

impl SourceSettings for HostSettings {
    fn source(&self, telemetry: &Telemetry) -> Box<dyn Source> {
        Box::new(Blocking::new("host", HostSource(self.wanted(telemetry.clone()))))
    }
}

#[derive(Debug)]
struct HostSource(Wanted);

impl BlockingSource for HostSource {
    fn run(self, context: &BlockingContext) -> Result<(), SourceError> {
        platform::prepare_thread();
        context.registrar.health().hint(IDLE, !self.0.shows_all);
        measure(platform::readers(self.0), context)
    }
}

/// Calls each reader when it is due, until the server stops.
fn measure(mut readers: Vec<(Cadence, Box<dyn Reader>)>, context: &BlockingContext) -> Result<(), SourceError> {
    let mut schedule = Schedule::new(Instant::now(), readers.iter().map(|&(cadence, _)| cadence));
    while let Some((reader, due)) = schedule.next() {
        context.wait_until(due)?;
        let reading = &mut readers[reader].1;
        let awaits = match reading.read(context, Moment::now()) {
            Ok(()) => reading.awaits(),
            Err(SourceError::Register(error)) => {
                context.registrar.report(&error);
                Some(REGISTER_AGAIN)
            }
            Err(error) => return Err(error),
        };
        match awaits {
            Some(pause) => schedule.again(reader, Instant::now() + pause),
            None => schedule.done(reader, Instant::now()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use protocol::{GroupId, Timestamp};

    use super::*;
    use crate::ingest::batch_queue::batch_queue;
    use crate::ingest::context::Stopped;
    use crate::ingest::registry::RegisterError;
    use crate::ingest::test_registry::TestRegistry;

    #[tokio::test]
    async fn the_host_source_sends_cpu_and_memory_until_it_is_stopped() {
        let registry = Arc::new(TestRegistry::default());
        let (sender, mut batches) = batch_queue();
        let context = registry.context(sender);
        let cancellation = context.cancellation.clone();
        let running = tokio::spawn(
            HostSettings { hz: 50.0, ..HostSettings::default() }.source(&Telemetry::default()).run(context),
        );

        let mut newest: BTreeMap<GroupId, Timestamp> = BTreeMap::new();
        let mut wanted = BTreeSet::from(["cpu.cores", "memory", "feed.viewers", "processes.memory"]);
        while !wanted.is_empty() {
            let batch = batches.recv().await.expect("runs until it is stopped");
            assert!(batch.rows() == 1 && !batch.columns.is_empty(), "{batch:?}");
            let before = newest.insert(batch.group, batch.times[0]);
            assert!(before.is_none_or(|before| before < batch.times[0]), "time must rise: {batch:?}");
            let group = &registry.groups()[batch.group.0 as usize - 1];
            if batch.columns.iter().all(|column| column.values[0].is_finite()) {
                wanted.remove(group.name.as_str());
            }
        }
        cancellation.cancel();
        while batches.recv().await.is_some() {}
        let ended = running.await.expect("does not panic");
        assert!(matches!(ended, Err(SourceError::Stopped(Stopped))), "{ended:?}");

        // Two series with one key would share a name or lack a label.
        let series = registry.series();
        let names: BTreeSet<_> = series.iter().map(|series| (series.group, series.name.clone())).collect();
        assert_eq!(names.len(), series.len(), "{series:?}");
        for group in 1..=registry.groups().len() as u32 {
            let members: Vec<_> = series.iter().filter(|series| series.group == GroupId(group)).collect();
            assert!(members.len() <= 1 || members.iter().all(|series| !series.labels.is_empty()), "{members:?}");
        }
    }

    #[tokio::test]
    async fn a_refused_registration_is_reported_and_stops_no_other_reader() {
        struct Refused;

        impl Reader for Refused {
            fn read(&mut self, _context: &BlockingContext, _now: Moment) -> Result<(), SourceError> {
                Err(RegisterError::NoSuchGroup(GroupId(7)).into())
            }
        }

        struct WithRefused;

        impl BlockingSource for WithRefused {
            fn run(self, context: &BlockingContext) -> Result<(), SourceError> {
                let (cadence, memory) = elsewhere::memory::Memory::new(Duration::from_millis(1)).expect("available");
                measure(vec![(cadence, Box::new(Refused)), (cadence, Box::new(memory))], context)
            }
        }

        let (sender, mut batches) = batch_queue();
        let context = Arc::new(TestRegistry::default()).context(sender);
        let health = context.registrar.health().clone();
        let _running = tokio::spawn(Box::new(Blocking::new("refused", WithRefused)).run(context));
        for _ in 0..10 {
            batches.recv().await.expect("runs until it is stopped");
        }
        assert_eq!(health.status().last_error.as_deref(), Some("group 7 is not registered"));
    }
}
