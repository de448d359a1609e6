//! Control groups of version 2: the services, containers and sessions that use the most CPU time, memory and I/O, wait the longest,
//! are throttled the most, or have the most tasks.
//!
//! | file | subject |
//! | --- | --- |
//! | `mount`, `tree` | where the groups are; the walk that finds them |
//! | `workload` | the groups that are shown: services, containers, sessions, slices; their names |
//! | `meters` | the files of one group |
//! | `stacked` | block devices whose transfers are counted twice |
//! | `survey` | the turns: which groups are read, and which are shown |

mod meters;
mod mount;
mod stacked;
mod survey;
#[cfg(test)]
mod tests;
mod tree;
mod workload;

use std::time::{Duration, Instant};

use protocol::Bounds;

use self::meters::{SUBJECTS, Subject};
use self::survey::{LEFT_OUT, Limits, Reading, SLOW_EVERY, Survey};
use self::tree::MAX_FOLDERS;
use self::workload::WorkloadPart;
use super::roots::Roots;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::health::LeftOut;
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::own_thread::OwnThread;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::source::SourceError;

const NO_CONTROL_GROUPS: &str = "services and containers: this system has no control groups of version 2, or this program cannot see them; with \
     systemd, boot with `systemd.unified_cgroup_hierarchy=1`";
/// A reading opens a few files for each group that is shown, and the kernel adds up the counters of all processors for each.
const INTERVAL: Duration = Duration::from_millis(100);
/// A reading takes one to three milliseconds.
const PAUSE: Duration = Duration::from_millis(4);
/// Of a turn, the part in which groups that are not shown are read: two percent of a core at most.
const SURVEY_PART: u32 = 50;

pub(super) struct ControlGroups {
    survey: OwnThread<Reading>,
    groups: [HostGroup<WorkloadPart>; SUBJECTS.len()],
    left_out: [LeftOut; LEFT_OUT],
}

impl ControlGroups {
    pub(super) fn new(roots: &Roots, fastest: Duration) -> (Cadence, Self) {
        let cadence = Cadence::Steady(fastest.max(INTERVAL));
        let limits = Limits { budget: cadence.interval() / SURVEY_PART, folders: MAX_FOLDERS };
        let mut survey = Survey::new(roots, limits);
        let survey = OwnThread::new("control groups", "host-cgroups", PAUSE, move || {
            survey.prepare(Instant::now());
            survey.read(Moment::now())
        });
        let groups = SUBJECTS.map(|subject| group(subject, cadence));
        (cadence, Self { survey, groups, left_out: Default::default() })
    }
}

fn group(subject: Subject, cadence: Cadence) -> HostGroup<WorkloadPart> {
    let one = Bounds::Fixed { low: 0.0, high: 1.0 };
    let slow = Cadence::Steady(cadence.interval().max(SLOW_EVERY));
    let (name, title, unit, cadence, bounds) = match subject {
        Subject::Cpu => ("cgroups.cpu", "Services and containers, CPU", "%", cadence, Bounds::FromZero),
        Subject::Memory => ("cgroups.memory", "Services and containers, memory", "By", cadence, Bounds::FromZero),
        Subject::Io => ("cgroups.io", "Services and containers, I/O", "By/s", cadence, Bounds::FromZero),
        Subject::Pressure => ("cgroups.pressure", "Services and containers, time that tasks waited", "1", cadence, one),
        Subject::Throttled => {
            ("cgroups.throttled", "Services and containers, share of periods throttled", "1", slow, one)
        }
        Subject::Tasks => ("cgroups.tasks", "Services and containers, tasks", "{task}", slow, Bounds::FromZero),
    };
    HostGroup::new(name, title, unit, cadence, bounds)
}

impl Reader for ControlGroups {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        match self.survey.take(context.registrar.health(), now.instant) {
            Some(reading) => self.send(context, reading),
            None => Ok(()),
        }
    }

    fn awaits(&self) -> Option<Duration> {
        self.survey.awaits()
    }
}

impl ControlGroups {
    fn send(&mut self, context: &BlockingContext, reading: Reading) -> Result<(), SourceError> {
        let Reading { moment, rows, left_out, is_missing } = reading;
        context.registrar.health().hint(NO_CONTROL_GROUPS, is_missing);
        for (place, reason) in self.left_out.iter_mut().zip(left_out.into_iter().flatten()) {
            place.state(context.registrar.health(), reason);
        }
        for (group, row) in self.groups.iter_mut().zip(rows) {
            if let Some(row) = row {
                group.send(context, moment.time, row)?;
            }
        }
        Ok(())
    }
}
