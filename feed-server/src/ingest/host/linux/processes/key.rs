//! The series of processes.

use crate::ingest::host::busy_time::TICKS_PER_SECOND;
use crate::ingest::series_set::SeriesKey;

/// The kernel uses the id of an ended process again: with the start time, a key is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) pid: u32,
    /// Since the start of the system.
    pub(super) started_ticks: u64,
}

/// A process, or a part of its values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Process {
    pub(super) key: Key,
    pub(super) name: String,
    /// A further label and its value: `direction` = `read`.
    pub(super) part: Option<(&'static str, &'static str)>,
}

impl SeriesKey for Process {
    fn name(&self) -> String {
        let (name, pid) = (&self.name, self.key.pid);
        match self.part {
            Some((_, part)) => format!("{name} ({pid}) {part}"),
            None => format!("{name} ({pid})"),
        }
    }

    /// `started` is in seconds since the start of the system.
    fn labels(&self) -> Vec<(String, String)> {
        let Key { pid, started_ticks } = self.key;
        let label = |name: &str, value: String| (name.to_owned(), value);
        let started = format!("{}.{:02}", started_ticks / TICKS_PER_SECOND, started_ticks % TICKS_PER_SECOND);
        let own = [label("pid", pid.to_string()), label("name", self.name.clone()), label("started", started)];
        own.into_iter().chain(self.part.map(|(name, part)| label(name, part.to_owned()))).collect()
    }
}

/// A series of CPU time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CpuTime {
    /// Of processes that ended before they were seen, or after they were seen last.
    ShortLived,
    Of(Process),
}

impl SeriesKey for CpuTime {
    fn name(&self) -> String {
        match self {
            Self::ShortLived => "short-lived processes".to_owned(),
            Self::Of(process) => process.name(),
        }
    }

    fn labels(&self) -> Vec<(String, String)> {
        match self {
            Self::ShortLived => vec![("name".to_owned(), "short-lived".to_owned())],
            Self::Of(process) => process.labels(),
        }
    }
}
