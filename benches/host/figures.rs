//! Figures of a program that measures the machine.

use std::collections::BTreeMap;
use std::fmt;

use benches::report::figure;
use benches::statistics::median;

pub(crate) const MIB: f64 = (1 << 20) as f64;

/// The thread of the source, and the beginning of the names of its further threads.
const SOURCE_THREAD: &str = "host";
const FURTHER_THREADS: &str = "host-";

/// Cost of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// CPU time of all its processes, in percent of a core.
    pub(crate) cpu_percent: f64,
    pub(crate) samples_per_second: f64,
    /// Series, or samples of one reading.
    pub(crate) series: f64,
    pub(crate) memory_mib: f64,
}

impl Cost {
    pub(crate) const UNKNOWN: Self =
        Self { cpu_percent: f64::NAN, samples_per_second: f64::NAN, series: f64::NAN, memory_mib: f64::NAN };

    /// CPU time for each sample.
    pub(crate) fn us_per_sample(&self) -> f64 {
        self.cpu_percent * 1e4 / self.samples_per_second
    }

    /// The median of each figure, independent of the others.
    pub(crate) fn medians(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure));
        Self {
            cpu_percent: of(|cost| cost.cpu_percent),
            samples_per_second: of(|cost| cost.samples_per_second),
            series: of(|cost| cost.series),
            memory_mib: of(|cost| cost.memory_mib),
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [cpu, us, samples] = [self.cpu_percent, self.us_per_sample(), self.samples_per_second].map(figure);
        write!(f, "{cpu} % of a core, {samples} samples/s, {us} us a sample")
    }
}

/// What threads of one name did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    /// In percent of a core.
    pub(crate) cpu_percent: f64,
    /// Time for which they were ready and had no core, in percent.
    pub(crate) waiting_percent: f64,
    /// Number of times that they were put on a core.
    pub(crate) runs_per_second: f64,
}

/// Figures of our server.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) cost: Cost,
    /// By name.
    pub(crate) threads: BTreeMap<String, Share>,
    /// Memory of the history and the summaries.
    pub(crate) kept_mib: f64,
}

impl Figures {
    /// The source's thread. NaN if the kernel does not count the time of threads.
    pub(crate) fn source(&self) -> Share {
        let unknown = Share { cpu_percent: f64::NAN, waiting_percent: f64::NAN, runs_per_second: f64::NAN };
        let absent = Share { cpu_percent: 0.0, waiting_percent: 0.0, runs_per_second: 0.0 };
        let none = if self.threads.is_empty() { unknown } else { absent };
        self.threads.get(SOURCE_THREAD).copied().unwrap_or(none)
    }

    /// CPU time of the source's further threads, in percent of a core: they read what takes long or may not answer.
    pub(crate) fn further_percent(&self) -> f64 {
        let further = self.threads.iter().filter(|(name, _)| name.starts_with(FURTHER_THREADS));
        further.map(|(_, share)| share.cpu_percent).sum()
    }

    /// CPU time of the other threads: the hub, which takes and keeps the rows, and the workers.
    pub(crate) fn rest_percent(&self) -> f64 {
        self.cost.cpu_percent - self.source().cpu_percent - self.further_percent()
    }

    /// The median of each figure, independent of the others.
    pub(crate) fn medians<'f>(rounds: impl IntoIterator<Item = &'f Self>) -> Self {
        let rounds: Vec<&Self> = rounds.into_iter().collect();
        let names = rounds.iter().flat_map(|figures| figures.threads.keys());
        let thread = |name: &String| {
            let of = |figure: fn(&Share) -> f64| {
                median(rounds.iter().map(|figures| figures.threads.get(name).map_or(0.0, figure)))
            };
            Share {
                cpu_percent: of(|share| share.cpu_percent),
                waiting_percent: of(|share| share.waiting_percent),
                runs_per_second: of(|share| share.runs_per_second),
            }
        };
        Self {
            cost: Cost::medians(&rounds.iter().map(|figures| figures.cost).collect::<Vec<_>>()),
            threads: names.map(|name| (name.clone(), thread(name))).collect(),
            kept_mib: median(rounds.iter().map(|figures| figures.kept_mib)),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = self.source();
        let [running, waiting, further] =
            [source.cpu_percent, source.waiting_percent, self.further_percent()].map(figure);
        write!(f, "{}; thread `host` {running} % and waiting {waiting} %, `host-*` {further} %", self.cost)
    }
}
