//! This machine: processors, memory, disks, network, processes, and the server itself.
//!
//! # Layout
//! - `schedule`: which reader is due when
//! - `panel`: a group whose series come and go
//! - `rate`: running totals to rates
//! - `resolution`: how finely readings are told
//! - `busiest`: which of many are worth a line
//! - `cpu`, `memory`, `disk`, `network`, `processes`, `own`: a reader for each subject
//!
//! Readers know nothing of each other. They are read one after another on one thread, first in the order of the page.

mod busiest;
mod cpu;
mod disk;
mod memory;
mod network;
mod own;
mod panel;
mod processes;
mod rate;
mod resolution;
mod schedule;

use std::time::{Duration, Instant};

use protocol::Timestamp;

use self::schedule::{Pace, Schedule};
use super::{HostSpec, Outlet, SourceError};
use crate::clock;
use crate::telemetry::Telemetry;

/// Slower than this nobody watches; it also keeps `1 / hz` within what a clock can count.
const SLOWEST: Duration = Duration::from_hours(24);

/// Measures this machine and this server.
#[derive(Debug)]
pub struct HostSource {
    fastest: Duration,
    telemetry: Telemetry,
}

/// A subject that is read at a pace of its own.
trait Reader {
    /// How often.
    fn pace(&self) -> Pace;

    /// Reads, and sends a row for each group. The first reading registers what it finds; a rate starts with the second.
    fn read(&mut self, outlet: &Outlet) -> Result<(), SourceError>;
}

/// When something was read, by both clocks: what rows carry, and what rates divide by, which never steps.
#[derive(Clone, Copy, Debug)]
struct Moment {
    time: Timestamp,
    instant: Instant,
}

impl Moment {
    fn now() -> Self {
        Self { time: clock::now(), instant: Instant::now() }
    }
}

impl HostSource {
    /// A source that reads at `spec.hz`, or slower what changes more slowly.
    pub fn new(spec: &HostSpec, telemetry: Telemetry) -> Self {
        let fastest = Duration::try_from_secs_f64(spec.hz.recip()).unwrap_or(SLOWEST);
        // Zero would never let the schedule move on.
        Self { fastest: fastest.clamp(Duration::from_micros(1), SLOWEST), telemetry }
    }

    /// Reads until the server stops.
    ///
    /// # Errors
    /// [`SourceError::Stopped`] when the server stops, [`SourceError::Catalog`] when something cannot be registered.
    pub fn run(self, outlet: &Outlet) -> Result<(), SourceError> {
        let mut readers = self.readers();
        let mut schedule = Schedule::new(Instant::now(), readers.iter().map(|reader| reader.pace()));
        while let Some((reader, due)) = schedule.next() {
            outlet.wait_until(due)?;
            readers[reader].read(outlet)?;
            schedule.done(reader, Instant::now());
        }
        Ok(())
    }

    /// In the order of the page.
    fn readers(self) -> Vec<Box<dyn Reader>> {
        let fastest = self.fastest;
        let mut readers = Readers::default();
        readers.add("CPU", cpu::Cores::new(fastest));
        readers.add("load average", Ok(cpu::Load::new(fastest)));
        readers.add("memory", memory::Memory::new(fastest));
        readers.add("disk I/O", disk::Traffic::new(fastest));
        readers.add("disk space", disk::Space::new(fastest));
        readers.add("network", network::Network::new(fastest));
        readers.add("processes", processes::Processes::new(fastest));
        readers.add("the feed", Ok(own::Feed::new(fastest, self.telemetry.clone())));
        readers.add("the feed's process", own::Process::new(fastest, self.telemetry));
        readers.0
    }
}

#[derive(Default)]
struct Readers(Vec<Box<dyn Reader>>);

impl Readers {
    /// What this system does not offer is left out: the rest is worth having.
    fn add<R: Reader + 'static>(&mut self, subject: &'static str, reader: Result<R, sysinfo::Error>) {
        match reader {
            Ok(reader) => self.0.push(Box::new(reader)),
            Err(error) => tracing::warn!(subject, %error, "not measured"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::thread;

    use protocol::GroupId;
    use tokio::sync::mpsc;

    use super::*;
    use crate::ingest::stop_signal;
    use crate::stream::catalog::Catalog;

    #[test]
    fn this_machine_yields_cpu_and_memory_until_it_is_stopped() {
        let catalog = Catalog::default();
        let (sender, mut batches) = mpsc::channel(64);
        let (stopper, signal) = stop_signal();
        let outlet = Outlet::new(catalog.clone(), sender, signal);
        let source = HostSource::new(&HostSpec { hz: 50.0 }, Telemetry::default());
        let running = thread::spawn(move || source.run(&outlet));

        let mut newest: BTreeMap<GroupId, Timestamp> = BTreeMap::new();
        let mut wanted = vec!["cpu.cores", "memory", "feed.viewers"];
        while !wanted.is_empty() {
            let batch = batches.blocking_recv().expect("runs until it is stopped");
            assert!(batch.rows() == 1 && !batch.columns.is_empty(), "{batch:?}");
            let before = newest.insert(batch.group, batch.times[0]);
            assert!(before.is_none_or(|before| before < batch.times[0]), "time must rise: {batch:?}");
            let groups = catalog.whole().groups;
            let (_, group) = groups.iter().find(|(id, _)| *id == batch.group).expect("registered before it is sent");
            if batch.columns.iter().all(|column| column.values[0].is_finite()) {
                wanted.retain(|name| *name != group.name);
            }
        }
        stopper.stop();
        // Room to send, so that it sees the signal and not a closed channel.
        while batches.blocking_recv().is_some() {}
        let ended = running.join().expect("does not panic");
        assert!(matches!(ended, Err(SourceError::Stopped(_))), "{ended:?}");
    }

    #[test]
    fn a_rate_out_of_the_clock_s_range_is_brought_into_it() {
        let fastest = |hz| HostSource::new(&HostSpec { hz }, Telemetry::default()).fastest;
        assert_eq!(fastest(10.0), Duration::from_millis(100));
        assert_eq!(fastest(1e-300), SLOWEST);
        assert_eq!(fastest(f64::INFINITY), Duration::from_micros(1));
    }
}
