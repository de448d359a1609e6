//! This machine: processors, memory, disks, network, processes, and the server itself.
//!
//! | file | subject |
//! | --- | --- |
//! | `reader` | the interface of a reader |
//! | `schedule` | the times at which readers are due |
//! | `group`, `devices` | a group whose values are rounded; groups of things with the same counters |
//! | `order` | the order of the groups on a page |
//! | `percent_of` | a setting of processes |
//! | `counter`, `busy_time`, `roster`, `rounding`, `busiest` | counters to rates; the busy time of a processor; things that come and go; the resolution of values; the selection of busy processes |
//! | `kernel` | the texts of the kernel |
//! | `linux` | the readers of these texts |
//! | `elsewhere` | the readers of other systems, by a library |
//! | `file_systems`, `own` | the readers of all systems: file systems; the server itself |
//! | `test_stage` | calls a reader in tests |
//!
//! Readers are independent. They run one after another on one thread, at first in the order of the page. What may not answer
//! (each file system, the list of processes) is asked on other threads.

#![allow(clippy::disallowed_methods, reason = "on the threads of the source")]

mod busiest;
mod busy_time;
mod counter;
mod devices;
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
mod percent_of;
mod reader;
mod roster;
mod rounding;
mod schedule;
#[cfg(test)]
mod test_stage;

use std::time::{Duration, Instant};

use serde::{Deserialize, Deserializer};

#[cfg(not(target_os = "linux"))]
use self::elsewhere as platform;
pub use self::file_systems::space_reading::Reading as SpaceReading;
#[cfg(target_os = "linux")]
use self::linux as platform;
pub use self::percent_of::PercentOf;
use self::platform::mount_table;
use self::reader::{Moment, Reader};
use self::schedule::{Cadence, Schedule};
use super::blocking::{Blocking, BlockingContext, BlockingSource};
use super::settings::{self, SourceSettings};
use super::source::{Source, SourceError};
use crate::telemetry::Telemetry;

/// A bound on `1 / hz`, for the clock's arithmetic.
const MAX_INTERVAL: Duration = Duration::from_hours(24);
/// Above, a reading takes a tenth of the time from one to the next.
const MAX_HZ: f64 = 1_000.0;
/// A reader whose group or series is refused is called again after this time; the others continue.
const REGISTER_AGAIN: Duration = Duration::from_mins(1);

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostSettings {
    /// Rows a second. Slowly changing values are read less often.
    #[serde(deserialize_with = "hz")]
    pub hz: f64,
    /// Also measures what does not move: idle interfaces, unused disks, error counters that are zero.
    #[serde(deserialize_with = "idle")]
    pub idle: bool,
    /// What the CPU time of processes is in percent of.
    #[serde(deserialize_with = "percent_of::setting")]
    pub processes: PercentOf,
}

fn hz<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    settings::hz_up_to(deserializer, MAX_HZ)
}

fn idle<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    settings::flag(deserializer, "idle")
}

impl Default for HostSettings {
    fn default() -> Self {
        Self { hz: 10.0, idle: false, processes: PercentOf::default() }
    }
}

impl SourceSettings for HostSettings {
    fn source(&self, telemetry: &Telemetry) -> Box<dyn Source> {
        Box::new(Blocking::new("host", HostSource::new(self, telemetry.clone())))
    }
}

#[derive(Debug)]
struct HostSource {
    fastest: Duration,
    /// Also what does not move.
    shows_all: bool,
    processes: PercentOf,
    telemetry: Telemetry,
}

impl HostSource {
    fn new(settings: &HostSettings, telemetry: Telemetry) -> Self {
        let fastest = Duration::try_from_secs_f64(settings.hz.recip()).unwrap_or(MAX_INTERVAL);
        // With an interval of zero the schedule would never advance.
        let fastest = fastest.clamp(Duration::from_micros(1), MAX_INTERVAL);
        Self { fastest, shows_all: settings.idle, processes: settings.processes, telemetry }
    }
}

impl BlockingSource for HostSource {
    fn run(self, context: &BlockingContext) -> Result<(), SourceError> {
        platform::prepare_thread();
        measure(platform::readers(self), context)
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

    #[test]
    fn a_rate_beyond_the_clock_s_range_is_clamped() {
        let fastest =
            |hz| HostSource::new(&HostSettings { hz, ..HostSettings::default() }, Telemetry::default()).fastest;
        assert_eq!(fastest(10.0), Duration::from_millis(100));
        assert_eq!(fastest(1e-300), MAX_INTERVAL);
        assert_eq!(fastest(f64::INFINITY), Duration::from_micros(1));
    }
}
